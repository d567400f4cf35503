package tpch

// slotBytes is enough for the longest word with what follows it: "alongside of the ".
const slotBytes = 31

// slot is a word as it is laid down, with the space or comma which follows it. Its fixed size makes
// laying it down two moves of 16 bytes, several times faster than a copy of unknown length.
type slot struct {
	text [slotBytes]byte
	size uint8
}

// lexicon draws words of one kind by their weights.
type lexicon struct {
	slots []slot
	pick  []uint8 // each slot's index as often as its weight says
	width float64
}

func newLexicon(list, suffix string) *lexicon {
	l := &lexicon{}
	for i, item := range splitWeighted(list) {
		s := slot{size: uint8(len(item.word) + len(suffix))}
		copy(s.text[:], item.word+suffix)
		l.slots = append(l.slots, s)
		for range item.weight {
			l.pick = append(l.pick, uint8(i))
		}
	}
	l.width = float64(len(l.pick))
	return l
}

// shapes draws one of the forms a phrase can have, each a sequence of lexicons, by their weights.
type shapes struct {
	forms [][]*lexicon
	width float64
}

// grammar makes the sentences of the text. A sentence is a sequence of N, a noun phrase, V, a verb
// phrase, P, a preposition and a noun phrase, and T, the terminator. In a phrase N is a noun, V a
// verb, J an adjective, C an adjective with a comma, D an adverb and X an auxiliary.
type grammar struct {
	sentences     []string
	sentenceWidth float64
	nounPhrases   shapes
	verbPhrases   shapes
	prepositions  *lexicon
	terminators   *lexicon
}

func newGrammar() *grammar {
	kinds := map[rune]*lexicon{
		'N': newLexicon(nouns, " "),
		'V': newLexicon(verbs, " "),
		'J': newLexicon(adjectives, " "),
		'C': newLexicon(adjectives, ", "),
		'D': newLexicon(adverbs, " "),
		'X': newLexicon(auxiliaries, " "),
	}
	g := &grammar{
		nounPhrases:  newShapes(nounShapes, kinds),
		verbPhrases:  newShapes(verbShapes, kinds),
		prepositions: newLexicon(prepositions, " the "),
		terminators:  newLexicon(terminators, " "),
	}
	for _, item := range splitWeighted(sentenceShapes) {
		for range item.weight {
			g.sentences = append(g.sentences, item.word)
		}
	}
	g.sentenceWidth = float64(len(g.sentences))
	return g
}

func newShapes(list string, kinds map[rune]*lexicon) shapes {
	var s shapes
	for _, item := range splitWeighted(list) {
		var form []*lexicon
		for _, kind := range item.word {
			form = append(form, kinds[kind])
		}
		for range item.weight {
			s.forms = append(s.forms, form)
		}
	}
	s.width = float64(len(s.forms))
	return s
}

// sentenceBytesMax bounds a sentence: its longest form of the longest words has 185 bytes, and the
// last slot laid down may spill over it.
const sentenceBytesMax = 185 + slotBytes

// writer lays sentences down in buf, which must have room for sentenceBytesMax more bytes.
type writer struct {
	*grammar
	random stream
	buf    []byte
	size   int
}

// sentence lays down the next sentence and the space after it.
func (w *writer) sentence() {
	for _, kind := range []byte(w.sentences[w.random.draw(w.sentenceWidth)]) {
		switch kind {
		case 'N':
			w.phrase(&w.nounPhrases)
		case 'V':
			w.phrase(&w.verbPhrases)
		case 'P':
			w.word(w.prepositions)
			w.phrase(&w.nounPhrases)
		case 'T':
			w.size-- // a terminator follows its word without a space
			w.word(w.terminators)
		}
	}
}

func (w *writer) phrase(s *shapes) {
	for _, l := range s.forms[w.random.draw(s.width)] {
		w.word(l)
	}
}

func (w *writer) word(l *lexicon) {
	s := &l.slots[l.pick[w.random.draw(l.width)]]
	*(*[slotBytes]byte)(w.buf[w.size:]) = s.text
	w.size += int(s.size)
}
