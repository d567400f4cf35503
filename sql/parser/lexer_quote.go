package parser

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoted reads a string or a quoted name; a doubled quote stands for itself.
func (l *lexer) quoted(t *token, kind tokenKind) {
	t.kind = kind
	text, ok := l.untilQuote()
	if !ok {
		l.unclosed(t)
		return
	}
	t.text = text
	switch {
	case !utf8.ValidString(text):
		l.bad(t, "the quoted text is not valid UTF-8")
	case kind == tokenQuoted && text == "":
		l.bad(t, "a quoted name cannot be empty")
	}
}

// untilQuote reads from an opening quote to its closing one.
func (l *lexer) untilQuote() (text string, ok bool) {
	quote := l.src[l.offset]
	l.offset++
	start := l.offset
	isDoubled := false
	for {
		end := strings.IndexByte(l.src[l.offset:], quote)
		if end < 0 {
			l.offset = len(l.src)
			return "", false
		}
		l.offset += end + 1
		if l.at(0) != quote {
			break
		}
		isDoubled = true
		l.offset++
	}
	text = l.src[start : l.offset-1]
	if isDoubled {
		q := string(quote)
		text = strings.ReplaceAll(text, q+q, q)
	}
	return text, true
}

func (l *lexer) unclosed(t *token) {
	if t.kind == tokenQuoted {
		t.open = openName
		l.bad(t, "the quoted name that begins here is never closed")
		return
	}
	t.open = openString
	l.bad(t, "the string that begins here is never closed").err.Hint = "a quote inside a string is written twice: 'it''s'"
}

// binary reads x'0aff'.
func (l *lexer) binary(t *token) {
	t.kind = tokenBinary
	l.offset++
	digits, ok := l.untilQuote()
	if !ok {
		l.unclosed(t)
		return
	}
	value, err := hex.DecodeString(digits)
	if err != nil {
		l.bad(t, "a binary literal holds pairs of hexadecimal digits, found x'%s'", shorten(digits))
		return
	}
	t.text = string(value)
}

// unicodeEscaped reads U&'\0041\+01F600' [UESCAPE 'c'] and U&"name".
func (l *lexer) unicodeEscaped(t *token) {
	t.kind = tokenString
	if l.at(2) == '"' {
		t.kind = tokenQuoted
	}
	l.offset += 2
	text, ok := l.untilQuote()
	if !ok {
		l.unclosed(t)
		return
	}
	escape, ok := l.uescape(t)
	if !ok {
		return
	}
	t.text, ok = decodeUnicode(text, escape)
	switch {
	case !ok || !utf8.ValidString(t.text):
		l.bad(t, "a Unicode escape is %c and 4 hexadecimal digits, or %c+ and 6", escape, escape)
	case t.kind == tokenQuoted && t.text == "":
		l.bad(t, "a quoted name cannot be empty")
	}
}

// uescape reads the UESCAPE clause where there is one.
func (l *lexer) uescape(t *token) (escape byte, ok bool) {
	back := l.offset
	if _, ok := l.skipBlanks(); !ok || len(l.src)-l.offset < 7 || !strings.EqualFold(l.src[l.offset:l.offset+7], "UESCAPE") {
		l.offset = back
		return '\\', true
	}
	l.offset += 7
	if _, ok := l.skipBlanks(); ok && l.at(0) == '\'' {
		if text, ok := l.untilQuote(); ok && len(text) == 1 && isEscape(text[0]) {
			return text[0], true
		}
	}
	l.bad(t, "UESCAPE is followed by one character in quotes, not a hexadecimal digit, + or a quote")
	return 0, false
}

func isEscape(c byte) bool {
	return c > ' ' && c < utf8.RuneSelf && !strings.ContainsRune("0123456789abcdefABCDEF+'\"", rune(c))
}

func decodeUnicode(text string, escape byte) (decoded string, ok bool) {
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(text, string(escape))
		b.WriteString(plain)
		if !found {
			return b.String(), true
		}
		if rest != "" && rest[0] == escape {
			b.WriteByte(escape)
			text = rest[1:]
			continue
		}
		digits := 4
		if rest != "" && rest[0] == '+' {
			digits = 6
			rest = rest[1:]
		}
		if len(rest) < digits {
			return "", false
		}
		code, err := strconv.ParseUint(rest[:digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(code)) {
			return "", false
		}
		b.WriteRune(rune(code))
		text = rest[digits:]
	}
}
