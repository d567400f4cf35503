package parser

import (
	"strings"

	"github.com/anabranch/anabranch/sql/ast"
)

// set reads SET, SET 'k' = 'v' and the unquoted SET a.b-c = value, whose value runs to the
// semicolon or the end of the line and need not consist of tokens: 10s, file:///tmp/x.
func (p *parser) set() ast.Statement {
	s := &ast.Set{Pos: p.take().pos}
	if p.err != nil || p.at(";") || p.tok.kind == tokenEnd {
		return s
	}
	s.Key = p.settingKey()
	if !p.at("=") {
		p.expected("=")
		return s
	}
	rest := p.lex.src[p.tok.end:]
	if blanks := strings.TrimLeft(rest, " \t\r\n"); strings.HasPrefix(blanks, "'") {
		p.next()
		s.Value = p.str("the value as a string")
		return s
	}
	s.Value = p.rawValue(rest)
	return s
}

// rawValue reads the value at the front of rest, which is the text behind the current token.
func (p *parser) rawValue(rest string) string {
	end := strings.IndexAny(rest, ";\n")
	if end < 0 {
		end = len(rest)
	}
	if comment := strings.Index(rest[:end], " --"); comment >= 0 {
		end = comment
	}
	raw := strings.TrimRight(rest[:end], " \t\r")
	value := strings.TrimSpace(raw)
	if value == "" {
		p.next()
		p.expected("the value of the setting")
		return ""
	}
	if strings.ToValidUTF8(value, "") != value {
		p.failAt(p.tok.pos, "the value is not valid UTF-8")
		return ""
	}
	p.resume(p.tok.end + len(raw))
	return value
}

// settingKey reads a key: a string, or dotted words with dashes.
func (p *parser) settingKey() string {
	if p.tok.kind == tokenString && p.tok.text != "" {
		return p.take().text
	}
	if p.tok.kind != tokenWord {
		p.expected("the key of a setting, such as 'parallelism.default'")
		return ""
	}
	start := p.tok.pos.Offset
	end := start
	for end < len(p.lex.src) && isKeyByte(p.lex.src[end]) {
		end++
	}
	if end < p.tok.end {
		p.failAt(p.tok.pos, "expected the key of a setting, found %s", &p.tok)
		return ""
	}
	p.resume(end)
	return p.lex.src[start:end]
}

// resume makes the token at or behind an offset current; what lies before it has been read as raw text.
func (p *parser) resume(offset int) {
	p.ahead = nil
	p.lex.seek(p.tok.pos)
	p.lex.seek(p.lex.posAt(offset))
	p.next()
	p.before.end = offset
}

func isKeyByte(c byte) bool {
	return c == '.' || c == '-' || c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (p *parser) reset() ast.Statement {
	s := &ast.Reset{Pos: p.take().pos}
	if p.err != nil || p.at(";") || p.tok.kind == tokenEnd {
		return s
	}
	s.Key = p.settingKey()
	return s
}
