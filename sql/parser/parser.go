package parser

import (
	"strings"

	"github.com/anabranch/anabranch/sql/ast"
)

const (
	// depthMax bounds how deep expressions, queries and types nest. One level takes up to about
	// 2 KiB of stack here and again in whoever walks the tree, far below Go's limit of 1 GiB.
	depthMax = 20_000
	// chainMax bounds how many operators, joins or set operations follow each other on one level.
	// They cost the parser no stack, but the tree is as deep on its left side.
	chainMax = 100_000
)

// parser reads tokens. After the first error every token is the end of the text.
type parser struct {
	lex    lexer
	tok    token
	ahead  []token // read but not yet current
	before token   // the one before tok
	err    *ast.Error
	depth  int

	// The keywords asked for at tok and at before, to suggest the nearest one.
	tried, triedBefore []string
	// Whether before was taken as an alias without AS: a misspelt keyword looks like one.
	isBeforeAlias bool

	// The last run of opening parentheses that was looked through: where it began and ended, and
	// whether a query follows. Without it, looking would be quadratic in the depth.
	runStart, runEnd int
	runIsQuery       bool
}

// start makes the first token current.
func (p *parser) start() {
	p.tok = p.lex.next()
	p.checkToken()
}

// next makes the following token current.
func (p *parser) next() {
	if p.err != nil {
		return
	}
	p.before = p.tok
	p.isBeforeAlias = false
	p.triedBefore, p.tried = p.tried, p.triedBefore[:0]
	if len(p.ahead) > 0 {
		p.tok = p.ahead[0]
		p.ahead = p.ahead[1:]
	} else {
		p.tok = p.lex.next()
	}
	p.checkToken()
}

func (p *parser) checkToken() {
	if p.tok.kind == tokenBad {
		p.fail(p.tok.err)
	}
}

// peek returns the token n places ahead; peek(0) is the current one.
func (p *parser) peek(n int) *token {
	if n == 0 || p.err != nil {
		return &p.tok
	}
	for len(p.ahead) < n {
		p.ahead = append(p.ahead, p.lex.next())
	}
	return &p.ahead[n-1]
}

// at reports whether the current token is a keyword (upper case) or symbol.
func (p *parser) at(s string) bool {
	p.tried = append(p.tried, s)
	return p.tok.is(s)
}

func (p *parser) atAny(options ...string) bool {
	for _, s := range options {
		if p.at(s) {
			return true
		}
	}
	return false
}

// atSeq reports whether the next tokens are these.
func (p *parser) atSeq(seq ...string) bool {
	if !p.at(seq[0]) {
		return false
	}
	for i, s := range seq[1:] {
		if !p.peek(i + 1).is(s) {
			return false
		}
	}
	return true
}

// accept moves behind the tokens if all of them come next.
func (p *parser) accept(seq ...string) bool {
	if !p.atSeq(seq...) {
		return false
	}
	for range seq {
		p.next()
	}
	return true
}

// expect moves behind the tokens, or fails at the first that is not there.
func (p *parser) expect(seq ...string) {
	for _, s := range seq {
		if !p.at(s) {
			p.expected(s)
			return
		}
		p.next()
	}
}

// take returns the current token and moves behind it.
func (p *parser) take() token {
	t := p.tok
	p.next()
	return t
}

// enter begins one level of nesting; every enter is followed by a leave.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > depthMax {
		p.failAt(p.tok.pos, "nested more than %d levels deep", depthMax)
		return false
	}
	return p.err == nil
}

func (p *parser) leave() { p.depth-- }

// chained reports whether a chain of count operators may go on.
func (p *parser) chained(count int) bool {
	if count >= chainMax {
		p.failAt(p.tok.pos, "more than %d operators in one chain", chainMax)
	}
	return p.err == nil
}

// ident reads a name.
func (p *parser) ident(what string) ast.Ident {
	if !p.tok.isName() {
		p.expected(what)
		return ast.Ident{Pos: p.tok.pos}
	}
	t := p.take()
	return ast.Ident{Pos: t.pos, Name: t.text}
}

// label reads a name where a keyword cannot be meant: behind a dot.
func (p *parser) label(what string) ast.Ident {
	if p.tok.kind != tokenWord {
		return p.ident(what)
	}
	t := p.take()
	return ast.Ident{Pos: t.pos, Name: t.text}
}

// name reads a name of up to three parts.
func (p *parser) name(what string) ast.Name {
	n := ast.Name{p.ident(what)}
	for p.at(".") && len(n) < 3 {
		p.next()
		n = append(n, p.label(what))
	}
	if p.at(".") {
		p.failAt(p.tok.pos, "%s has at most three parts: catalog.database.name", what)
	}
	return n
}

// idents reads (a, b).
func (p *parser) idents(what string) []ast.Ident {
	p.expect("(")
	ids := listOf(p, func() ast.Ident { return p.ident(what) })
	p.expect(")")
	return ids
}

// str reads a string literal.
func (p *parser) str(what string) string {
	if p.tok.kind != tokenString {
		p.expected(what)
		return ""
	}
	return p.take().text
}

// word reads any bare word, in upper case.
func (p *parser) word(what string) string {
	if p.tok.kind != tokenWord {
		p.expected(what)
		return ""
	}
	return p.take().upper
}

// comment reads an optional COMMENT 'text'.
func (p *parser) comment() string {
	if !p.accept("COMMENT") {
		return ""
	}
	return p.str("the comment as a string")
}

// properties reads ('k' = 'v', ...).
func (p *parser) properties() []ast.Property {
	if p.accept("(", ")") {
		return nil
	}
	p.expect("(")
	props := listOf(p, p.property)
	p.expect(")")
	return props
}

func (p *parser) property() ast.Property {
	prop := ast.Property{Pos: p.tok.pos}
	if p.tok.kind == tokenWord {
		p.failHint("write option keys as strings, as in 'connector' = 'kafka'", "expected an option key as a string, found %s", &p.tok)
		return prop
	}
	prop.Key = p.str("an option key as a string")
	p.expect("=")
	if p.tok.kind == tokenNumber || p.tok.kind == tokenWord {
		p.failHint("write "+ast.QuoteString(p.tok.text), "expected the value of %s as a string, found %s", ast.QuoteString(prop.Key), &p.tok)
		return prop
	}
	prop.Value = p.str("the option's value as a string")
	return prop
}

// listOf reads items with commas between them.
func listOf[T any](p *parser, item func() T) []T {
	items := []T{item()}
	for p.accept(",") {
		items = append(items, item())
	}
	return items
}

// isKeyword reports whether s, as given to at, is a word and no symbol.
func isKeyword(s string) bool {
	return len(s) > 1 && strings.ToLower(s) != s
}
