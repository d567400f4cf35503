package parser

// Completeness says whether a text that is being typed can be parsed yet.
type Completeness int

// The states of a text that is being typed.
const (
	Empty         Completeness = iota // nothing but blanks and comments since the last semicolon
	Complete                          // the last statement has its semicolon
	NoSemicolon                       // the last statement goes on
	OpenString                        // within '...
	OpenName                          // within "... or `...
	OpenComment                       // within /*...
	OpenParen                         // within (... or [...
	OpenStatement                     // within BEGIN STATEMENT SET .. END
)

// NeedsMore reports whether a shell should read another line.
func (c Completeness) NeedsMore() bool { return c > Complete }

// CompletenessOf looks only at tokens: a complete text may still be wrong.
func CompletenessOf(src string) Completeness {
	lex := newLexer(src)
	state := Empty
	var words []string // the first words of the current statement
	parens, inSet := 0, false
	var last token
	for {
		t := lex.next()
		switch t.open {
		case openString:
			return OpenString
		case openName:
			return OpenName
		case openComment:
			return OpenComment
		}
		switch {
		case t.kind == tokenEnd:
			return unfinished(state, parens, inSet)
		case t.is("(") || t.is("["):
			parens++
		case t.is(")") || t.is("]"):
			parens = max(0, parens-1)
		}
		if t.is(";") && !inSet {
			state, words, parens = Complete, nil, 0
		} else if t.is(";") {
			state, parens = NoSemicolon, 0
			words = append(words, ";")
		} else {
			state = NoSemicolon
			if len(words) < 4 {
				words = append(words, t.upper)
			}
		}
		inSet = inSet || beginsSet(words)
		if inSet && t.is("END") && last.is(";") {
			inSet, words = false, []string{"", "", "", ""}
		}
		last = t
	}
}

func beginsSet(words []string) bool {
	return startsWith(words, "BEGIN", "STATEMENT", "SET") || startsWith(words, "EXECUTE", "STATEMENT", "SET", "BEGIN")
}

func startsWith(words []string, first ...string) bool {
	if len(words) < len(first) {
		return false
	}
	for i, w := range first {
		if words[i] != w {
			return false
		}
	}
	return true
}

func unfinished(state Completeness, parens int, inSet bool) Completeness {
	switch {
	case state != NoSemicolon:
		return state
	case parens > 0:
		return OpenParen
	case inSet:
		return OpenStatement
	default:
		return NoSemicolon
	}
}
