package expr

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/anabranch/anabranch/columnar"
)

// likePattern is a LIKE pattern cut at its % signs. In a piece the byte anyRune, which no UTF-8
// text contains, stands for _.
type likePattern struct {
	pieces           [][]byte
	anchorL, anchorR bool
	singles          bool // some piece has _
}

const anyRune = 0xFF

// parseLike reads a pattern; escape 0 means the backslash, as in Flink and PostgreSQL.
func parseLike(pattern string, escape rune) (*likePattern, error) {
	if escape == 0 {
		escape = '\\'
	}
	p := &likePattern{anchorL: true, anchorR: true}
	var piece []byte
	percent, text := false, []rune(pattern)
	for i := 0; i < len(text); i++ {
		percent = false
		switch c := text[i]; {
		case c == escape:
			i++
			if i == len(text) {
				return nil, fmt.Errorf("LIKE pattern %q ends with its escape character", pattern)
			}
			piece = utf8.AppendRune(piece, text[i])
		case c == '%':
			percent = true
			if len(piece) > 0 {
				p.pieces = append(p.pieces, piece)
				piece = nil
			} else if len(p.pieces) == 0 {
				p.anchorL = false
			}
		case c == '_':
			piece = append(piece, anyRune)
			p.singles = true
		default:
			piece = utf8.AppendRune(piece, c)
		}
	}
	p.anchorR = !percent
	if len(piece) > 0 {
		p.pieces = append(p.pieces, piece)
	}
	return p, nil
}

// match reports whether all of s matches. Pieces between % are found leftmost first.
func (p *likePattern) match(s []byte) bool {
	if len(p.pieces) == 0 {
		return len(s) == 0 || !p.anchorL || !p.anchorR
	}
	pieces := p.pieces
	if p.anchorL {
		n := p.prefix(s, pieces[0])
		if n < 0 {
			return false
		}
		if len(pieces) == 1 && p.anchorR {
			return n == len(s)
		}
		s, pieces = s[n:], pieces[1:]
	}
	for k, piece := range pieces {
		if k == len(pieces)-1 && p.anchorR {
			return p.suffix(s, piece)
		}
		at, n := p.find(s, piece)
		if at < 0 {
			return false
		}
		s = s[at+n:]
	}
	return true
}

// prefix is the length of piece's match at the start of s, -1 if there is none.
func (p *likePattern) prefix(s, piece []byte) int {
	if !p.singles {
		if bytes.HasPrefix(s, piece) {
			return len(piece)
		}
		return -1
	}
	n := 0
	for _, c := range piece {
		if n >= len(s) {
			return -1
		}
		if c == anyRune {
			_, size := utf8.DecodeRune(s[n:])
			n += size
			continue
		}
		if s[n] != c {
			return -1
		}
		n++
	}
	return n
}

func (p *likePattern) suffix(s, piece []byte) bool {
	if !p.singles {
		return bytes.HasSuffix(s, piece)
	}
	for at := range len(s) + 1 {
		if at < len(s) && !utf8.RuneStart(s[at]) {
			continue
		}
		if n := p.prefix(s[at:], piece); n >= 0 && at+n == len(s) {
			return true
		}
	}
	return false
}

func (p *likePattern) find(s, piece []byte) (at, length int) {
	if !p.singles {
		return bytes.Index(s, piece), len(piece)
	}
	for at := range len(s) + 1 {
		if at < len(s) && !utf8.RuneStart(s[at]) {
			continue
		}
		if n := p.prefix(s[at:], piece); n >= 0 {
			return at, n
		}
	}
	return -1, 0
}

// compileLike compiles x LIKE pattern [ESCAPE c].
func compileLike(c *compiler, e *Expr, fold bool) (node, error) {
	known := memo[string, *likePattern]{}
	get := func(pattern, escape string) (*likePattern, error) {
		if p, ok := known[pattern+"\x00"+escape]; ok {
			return p, nil
		}
		var r rune
		if escape != "" {
			runes := []rune(escape)
			if len(runes) != 1 {
				return nil, rowError(e, "escape %q is not one character", escape)
			}
			r = runes[0]
		}
		folded := pattern
		if fold {
			folded = strings.ToLower(pattern)
		}
		p, err := parseLike(folded, r)
		if err != nil {
			return nil, rowError(e, "%s", err)
		}
		return known.add(pattern+"\x00"+escape, p), nil
	}
	f := func(a []columnar.Reader, i int, out *columnar.Vector) error {
		escape := ""
		if len(a) == 3 {
			escape = a[2].Text(i)
		}
		p, err := get(a[1].Text(i), escape)
		if err != nil {
			return err
		}
		s := a[0].Bytes(i)
		if fold {
			s = bytes.ToLower(s)
		}
		out.Bits().SetTo(i, p.match(s))
		return nil
	}
	if pattern, ok := constantText(e.Args[1]); ok && len(e.Args) == 2 {
		p, err := get(pattern, "")
		if err != nil {
			return nil, err
		}
		f = func(a []columnar.Reader, i int, out *columnar.Vector) error {
			s := a[0].Bytes(i)
			if fold {
				s = bytes.ToLower(s)
			}
			out.Bits().SetTo(i, p.match(s))
			return nil
		}
	}
	return plain(f)(c, e)
}
