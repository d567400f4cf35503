package csv

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// sniffRows is how many rows of a sample are looked at.
const sniffRows = 2048

// Sniff guesses the dialect, the column names and their types from the beginning of a file.
// The last, perhaps cut off record of a sample is ignored unless it is the only one.
func Sniff(sample []byte) (Dialect, *columnar.Schema) {
	best, rows := delimited(sample, Dialect{}, consistency)
	if len(rows) == 0 {
		return best, &columnar.Schema{}
	}
	width := len(rows[0])
	all, rest := guesses(rows, width), guesses(rows[1:], width)
	best.Header = isHeader(rows, rest)
	schema := &columnar.Schema{}
	for c := range width {
		name, g := fmt.Sprintf("column%d", c), all[c]
		if best.Header {
			name, g = string(rows[0][c].text), rest[c]
		}
		schema.Fields = append(schema.Fields, columnar.Field{Name: name, Type: g.sqlType()})
	}
	return best, schema
}

// SniffDialect guesses how the fields of a file of known columns are separated and whether its first
// record names them. All else is as in opt.
func SniffDialect(sample []byte, columns *columnar.Schema, opt Options) Dialect {
	want := len(columns.Fields)
	best, rows := delimited(sample, opt.Dialect, func(rows [][]field) int {
		if len(rows) == 0 {
			return -1
		}
		return withWidth(rows, want)*1_000_000 + consistency(rows)
	})
	if len(rows) > 0 {
		best.Header = heads(rows, sample, columns, Options{Dialect: best, NullText: opt.NullText, BatchRows: 1})
	}
	return best
}

// delimited cuts a sample at each of the usual delimiters and returns the records of the highest score.
func delimited(sample []byte, like Dialect, score func([][]field) int) (best Dialect, rows [][]field) {
	sample = bytes.TrimPrefix(sample, []byte("\xef\xbb\xbf"))
	best, bestScore := like.withDefaults(), -1
	for _, delimiter := range []byte{',', ';', '\t', '|'} {
		d := best
		d.Delimiter = delimiter
		got := records(sample, d)
		if n := score(got); n > bestScore {
			best, rows, bestScore = d, got, n
		}
	}
	return best, rows
}

// heads reports whether the first record is a header of the columns: it has the names of all of them, or
// it looks like a header and has one of the names or cannot be read as a row.
func heads(rows [][]field, sample []byte, columns *columnar.Schema, opt Options) bool {
	isName := func(f field, c columnar.Field) bool { return bytes.EqualFold(f.text, []byte(c.Name)) }
	if slices.EqualFunc(rows[0], columns.Fields, isName) {
		return true
	}
	if !isHeader(rows, guesses(rows[1:], len(rows[0]))) {
		return false
	}
	for _, f := range rows[0] {
		if slices.ContainsFunc(columns.Fields, func(c columnar.Field) bool { return isName(f, c) }) {
			return true
		}
	}
	r := NewReader(bytes.NewReader(sample), columns, opt)
	defer r.Close()
	_, err := r.Next()
	return err != nil
}

type field struct {
	text   []byte
	quoted bool
}

func records(sample []byte, d Dialect) [][]field {
	var rows [][]field
	var spans []span
	for pos := 0; pos < len(sample) && len(rows) < sniffRows; {
		if next, _ := comment(sample, pos, d, true); next > pos {
			pos = next
			continue
		}
		s, next, how := cut(spans[:0], sample, pos, d, false)
		if how == partial && len(rows) == 0 {
			s, next, how = cut(spans[:0], sample, pos, d, true)
		}
		if spans = s; how == partial {
			break
		}
		if pos = next; how == broken || len(s) == 1 && s[0].from == s[0].to {
			continue
		}
		row := make([]field, len(s))
		for i, x := range s {
			row[i] = field{sample[x.from:x.to], x.quoted}
		}
		rows = append(rows, row)
	}
	return rows
}

// consistency is high where most rows have the same, large number of fields.
func consistency(rows [][]field) int {
	if len(rows) == 0 {
		return -1
	}
	width := len(rows[0])
	if width == 1 {
		return 0
	}
	return withWidth(rows, width)*100 + min(width, 99)
}

// withWidth is how many of a thousand rows have so many fields.
func withWidth(rows [][]field, width int) int {
	same := 0
	for _, r := range rows {
		if len(r) == width {
			same++
		}
	}
	return same * 1000 / len(rows)
}

// guesses are those of the first columns.
func guesses(rows [][]field, width int) []guess {
	all := make([]guess, width)
	for _, row := range rows {
		for c := range min(width, len(row)) {
			all[c] = all[c].with(row[c])
		}
	}
	return all
}

// isHeader reports whether the first row names the columns: it is all text, where below it
// some column is not, or else no name occurs again in its column.
func isHeader(rows [][]field, rest []guess) bool {
	seen := map[string]bool{}
	for _, f := range rows[0] {
		if len(f.text) == 0 || seen[string(f.text)] || guess(0).with(f) != isText {
			return false
		}
		seen[string(f.text)] = true
	}
	if len(rows) == 1 {
		return false
	}
	again := false
	for c := range rows[0] {
		if rest[c] != 0 && rest[c] != isText {
			return true
		}
		for _, r := range rows[1:] {
			again = again || c < len(r) && bytes.Equal(r[c].text, rows[0][c].text)
		}
	}
	return !again
}

// guess is a set of types, of which the narrowest that takes all is chosen.
type guess uint8

const (
	isInt guess = 1 << iota
	isFloat
	isBool
	isDate
	isTimestamp
	isText
)

func (g guess) with(f field) guess {
	b := f.text
	if len(b) == 0 && !f.quoted {
		return g
	}
	if _, ok := text.ParseInt(b); ok {
		return g | isInt
	}
	if c := b; len(c) > 0 && (c[0] == '-' || c[0] == '.' || c[0] >= '0' && c[0] <= '9') {
		if _, ok := text.ParseDate(b); ok {
			return g | isDate
		}
		if _, ok := text.ParseTimestamp(b, 6); ok {
			return g | isTimestamp
		}
		if _, ok := text.ParseFloat(b); ok {
			return g | isFloat
		}
	}
	if _, ok := text.ParseBool(b); ok {
		return g | isBool
	}
	return g | isText
}

func (g guess) sqlType() columnar.Type {
	switch g {
	case isInt:
		return columnar.TypeBigInt
	case isFloat, isFloat | isInt:
		return columnar.TypeDouble
	case isBool:
		return columnar.TypeBoolean
	case isDate:
		return columnar.TypeDate
	case isTimestamp:
		return columnar.TypeTimestamp
	}
	return columnar.TypeString
}
