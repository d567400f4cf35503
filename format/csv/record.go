package csv

import "bytes"

// span is a field: bytes [from, to) of the buffer, without its quotes.
type span struct {
	from, to int
	quoted   bool
	escaped  bool // has doubled quotes or an escape to be undone
}

// outcome is how cutting a record ended.
type outcome uint8

const (
	whole   outcome = iota
	partial         // the buffer ends inside the record
	broken          // quotes are not as they should be
)

// cut appends the fields of the record at pos to spans and returns the position after it. At
// the end of input the last record needs no line end.
func cut(spans []span, b []byte, pos int, d Dialect, eof bool) ([]span, int, outcome) {
	for {
		if pos < len(b) && b[pos] == d.Quote && !d.NoQuotes {
			s, next, how := cutQuoted(b, pos, d, eof)
			if how != whole {
				return spans, next, how
			}
			spans, pos = append(spans, s), next
		} else {
			from, escaped := pos, false
			for pos < len(b) && b[pos] != d.Delimiter && b[pos] != '\n' {
				if b[pos] == d.Escape && d.Escape != 0 && pos+1 < len(b) {
					escaped = true
					pos++
				}
				pos++
			}
			to := pos
			if to > from && b[to-1] == '\r' && (pos == len(b) || b[pos] == '\n') {
				to--
			}
			spans = append(spans, span{from: from, to: to, escaped: escaped})
		}
		if pos == len(b) {
			if eof {
				return spans, pos, whole
			}
			return spans, pos, partial
		}
		pos++
		if b[pos-1] == '\n' {
			return spans, pos, whole
		}
	}
}

// cutQuoted cuts a field in quotes; next is at the delimiter or line end behind it.
func cutQuoted(b []byte, pos int, d Dialect, eof bool) (s span, next int, how outcome) {
	s = span{from: pos + 1, quoted: true}
	for at := pos + 1; ; {
		var escapes bool
		if at, escapes = nextQuote(b, at, d); at < 0 {
			if eof {
				return s, len(b), broken
			}
			return s, pos, partial
		}
		s.escaped = s.escaped || escapes
		if at+1 < len(b) && b[at+1] == d.Quote {
			s.escaped = true
			at += 2
			continue
		}
		s.to, next = at, at+1
		break
	}
	if next < len(b) && b[next] == '\r' && (next+1 == len(b) || b[next+1] == '\n') {
		next++
	}
	if next == len(b) && !eof {
		return s, pos, partial
	}
	if next < len(b) && b[next] != d.Delimiter && b[next] != '\n' {
		// Go on behind the line, which the caller reports or skips.
		if i := bytes.IndexByte(b[next:], '\n'); i >= 0 {
			return s, next + i + 1, broken
		}
		if eof {
			return s, len(b), broken
		}
		return s, pos, partial
	}
	return s, next, whole
}

// nextQuote is the position of the next quote that is not escaped, -1 if there is none, and whether an escape
// stands before it.
func nextQuote(b []byte, at int, d Dialect) (next int, escapes bool) {
	for {
		before := b[at:]
		i := bytes.IndexByte(before, d.Quote)
		if i >= 0 {
			before = before[:i]
		}
		e := -1
		if d.Escape != 0 {
			e = bytes.IndexByte(before, d.Escape)
		}
		switch {
		case e >= 0:
			at, escapes = min(at+e+2, len(b)), true
		case i < 0:
			return -1, escapes
		default:
			return at + i, escapes
		}
	}
}

// undo appends the field s of b as it was meant: with single quotes where it has doubled ones, and with what
// escapes stand for.
func undo(dst, b []byte, s span, d Dialect) []byte {
	for i := s.from; i < s.to; i++ {
		c := b[i]
		switch {
		case c == d.Escape && d.Escape != 0 && i+1 < s.to:
			i++
			c = unescaped(b[i])
		case c == d.Quote && s.quoted:
			i++
		}
		dst = append(dst, c)
	}
	return dst
}

// unescaped is what a byte behind an escape stands for.
func unescaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case '0':
		return 0
	}
	return c
}

// comment is the position behind the line at pos if that is a comment, else pos. whole is false if the buffer
// ends inside it.
func comment(b []byte, pos int, d Dialect, eof bool) (next int, whole bool) {
	if !d.Comments || pos >= len(b) || b[pos] != '#' {
		return pos, true
	}
	if i := bytes.IndexByte(b[pos:], '\n'); i >= 0 {
		return pos + i + 1, true
	}
	return len(b), eof
}
