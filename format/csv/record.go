package csv

import "bytes"

// span is a field: bytes [from, to) of the buffer, without its quotes.
type span struct {
	from, to int
	quoted   bool
	doubled  bool // has doubled quotes to be undone
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
		if pos < len(b) && b[pos] == d.Quote {
			s, next, how := cutQuoted(b, pos, d, eof)
			if how != whole {
				return spans, next, how
			}
			spans, pos = append(spans, s), next
		} else {
			from := pos
			for pos < len(b) && b[pos] != d.Delimiter && b[pos] != '\n' {
				pos++
			}
			to := pos
			if to > from && b[to-1] == '\r' && (pos == len(b) || b[pos] == '\n') {
				to--
			}
			spans = append(spans, span{from: from, to: to})
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
		i := bytes.IndexByte(b[at:], d.Quote)
		if i < 0 {
			if eof {
				return s, len(b), broken
			}
			return s, pos, partial
		}
		at += i
		if at+1 < len(b) && b[at+1] == d.Quote {
			s.doubled = true
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
