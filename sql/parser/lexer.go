package parser

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/anabranch/anabranch/sql/ast"
)

// lexer makes tokens from a text, one at a time, and can be moved to any place it has seen.
type lexer struct {
	src    string
	offset int
	seen   ast.Pos // the last position asked for; the next one is counted from here
	inHint bool    // between /*+ and */
}

func newLexer(src string) lexer {
	return lexer{src: src, seen: ast.Pos{Line: 1, Column: 1}}
}

// seek moves the lexer to a place.
func (l *lexer) seek(pos ast.Pos) {
	l.offset = pos.Offset
	l.seen = pos
}

// posAt counts lines and columns up to an offset not before the last one asked for.
func (l *lexer) posAt(offset int) ast.Pos {
	for text := l.src[l.seen.Offset:offset]; text != ""; {
		line, rest, found := strings.Cut(text, "\n")
		if !found {
			l.seen.Column += utf8.RuneCountInString(line)
			break
		}
		l.seen.Line++
		l.seen.Column = 1
		text = rest
	}
	l.seen.Offset = offset
	return l.seen
}

// at returns the byte i places ahead, 0 behind the end.
func (l *lexer) at(i int) byte {
	if l.offset+i < len(l.src) {
		return l.src[l.offset+i]
	}
	return 0
}

// next returns the next token.
func (l *lexer) next() token {
	if bad, ok := l.skipBlanks(); !ok {
		return bad
	}
	t := token{pos: l.posAt(l.offset)}
	if l.offset >= len(l.src) {
		t.end = l.offset
		return t
	}
	c := l.src[l.offset]
	switch {
	case c == '\'':
		l.quoted(&t, tokenString)
	case c == '`', c == '"':
		l.quoted(&t, tokenQuoted)
	case (c == 'u' || c == 'U') && l.at(1) == '&' && (l.at(2) == '\'' || l.at(2) == '"'):
		l.unicodeEscaped(&t)
	case (c == 'x' || c == 'X') && l.at(1) == '\'':
		l.binary(&t)
	case isDigit(c), c == '.' && isDigit(l.at(1)):
		l.number(&t)
	case isWordStart(l.rune()):
		l.word(&t)
	default:
		l.symbol(&t)
	}
	t.end = l.offset
	return t
}

// skipBlanks moves behind white space and comments. It fails in an open comment.
func (l *lexer) skipBlanks() (bad token, ok bool) {
	for l.offset < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.offset:])
		switch {
		case unicode.IsSpace(r), r == '\ufeff':
			l.offset += size
		case r == '-' && l.at(1) == '-':
			if end := strings.IndexByte(l.src[l.offset:], '\n'); end >= 0 {
				l.offset += end + 1
			} else {
				l.offset = len(l.src)
			}
		case r == '/' && l.at(1) == '*' && l.at(2) != '+':
			start := l.offset
			end := strings.Index(l.src[start+2:], "*/")
			if end < 0 {
				t := token{pos: l.posAt(start), open: openComment, text: "/*"}
				l.offset = len(l.src)
				t.end = l.offset
				return *l.bad(&t, "the comment that begins here is never closed by */"), false
			}
			l.offset = start + 2 + end + 2
		default:
			return token{}, true
		}
	}
	return token{}, true
}

// bad makes t a token that cannot be parsed.
func (l *lexer) bad(t *token, format string, args ...any) *token {
	t.kind = tokenBad
	t.err = ast.Errorf(t.pos, ast.ClassSyntax, format, args...)
	return t
}

func (l *lexer) rune() rune {
	r, _ := utf8.DecodeRuneInString(l.src[l.offset:])
	return r
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWordStart(r rune) bool {
	return r == '_' || r != utf8.RuneError && unicode.IsLetter(r)
}

func isWordPart(r rune) bool {
	return isWordStart(r) || r == '$' || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

func (l *lexer) word(t *token) {
	start := l.offset
	for l.offset < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.offset:])
		if !isWordPart(r) {
			break
		}
		l.offset += size
	}
	t.kind = tokenWord
	t.text = l.src[start:l.offset]
	t.upper = strings.ToUpper(t.text)
}

// number reads 1, 1.5, .5, 1., 1e10 and the like.
func (l *lexer) number(t *token) {
	start := l.offset
	t.kind = tokenNumber
	t.number = ast.NumberInteger
	l.digits()
	if l.at(0) == '.' {
		t.number = ast.NumberDecimal
		l.offset++
		l.digits()
	}
	if c := l.at(0); c == 'e' || c == 'E' {
		sign := 0
		if s := l.at(1); s == '+' || s == '-' {
			sign = 1
		}
		if isDigit(l.at(1 + sign)) {
			t.number = ast.NumberFloat
			l.offset += 1 + sign
			l.digits()
		}
	}
	t.text = l.src[start:l.offset]
	if !isWordStart(l.rune()) || l.offset >= len(l.src) {
		return
	}
	for l.offset < len(l.src) && isWordPart(l.rune()) {
		_, size := utf8.DecodeRuneInString(l.src[l.offset:])
		l.offset += size
	}
	t.text = l.src[start:l.offset]
	l.bad(t, "a number must end before a letter, found %q", shorten(t.text)).err.Hint = "a name that begins with a digit needs backticks"
}

func (l *lexer) digits() {
	for isDigit(l.at(0)) {
		l.offset++
	}
}

func (l *lexer) symbol(t *token) {
	t.kind = tokenSymbol
	rest := l.src[l.offset:]
	if l.inHint && strings.HasPrefix(rest, "*/") {
		t.text = "*/"
		l.offset += 2
		l.inHint = false
		return
	}
	for _, s := range [...]string{"/*+", "<>", "!=", "<=", ">=", "||", "::", "=>", "=="} {
		if strings.HasPrefix(rest, s) {
			t.text = s
			l.offset += len(s)
			l.inHint = l.inHint || s == "/*+"
			if s == "==" {
				l.bad(t, "== is not an operator").err.Hint = "equality is ="
			}
			return
		}
	}
	r, size := utf8.DecodeRuneInString(rest)
	t.text = rest[:size]
	l.offset += size
	if r == utf8.RuneError && size == 1 {
		l.bad(t, "the text is not valid UTF-8 here: byte 0x%02x", rest[0])
	} else if !strings.ContainsRune("()[],;.+-*/%=<>", r) {
		l.bad(t, "no token begins with %q", r)
	}
}
