package parser

import (
	"io"

	"github.com/anabranch/anabranch/sql/ast"
)

// Parse reads a script of statements with semicolons between them. An error is an *ast.Error.
func Parse(src string) ([]ast.Statement, error) {
	var statements []ast.Statement
	r := NewReader(src)
	for {
		s, err := r.Next()
		if err == io.EOF { //nolint:errorlint // Next returns io.EOF itself
			return statements, nil
		}
		if err != nil {
			return statements, err
		}
		statements = append(statements, s)
	}
}

// ParseExpr reads one expression.
func ParseExpr(src string) (ast.Expr, error) {
	return parseWhole(src, "the expression", (*parser).expr)
}

// ParseType reads one type.
func ParseType(src string) (*ast.Type, error) {
	return parseWhole(src, "the type", (*parser).typ)
}

func parseWhole[T any](src, what string, parse func(*parser) T) (T, error) {
	p := &parser{lex: newLexer(src)}
	p.start()
	x := parse(p)
	if p.err == nil && p.tok.kind != tokenEnd {
		p.expected("the end of " + what)
	}
	if p.err != nil {
		var none T
		return none, p.err
	}
	return x, nil
}

// Reader reads a script statement by statement, so that each can run before the next is parsed.
type Reader struct {
	p     *parser
	src   string
	start ast.Pos // of the last statement
	end   int     // behind the last statement, without its semicolon
}

// NewReader returns a reader at the start of a script.
func NewReader(src string) *Reader {
	r := &Reader{src: src, start: ast.Pos{Line: 1, Column: 1}}
	r.restart(r.start)
	return r
}

// restart parses on from a place.
func (r *Reader) restart(at ast.Pos) {
	r.p = &parser{lex: newLexer(r.src)}
	r.p.lex.seek(at)
	r.p.start()
}

// Next returns the next statement, io.EOF behind the last one, or an *ast.Error. It returns the
// same error again until Skip.
func (r *Reader) Next() (ast.Statement, error) {
	p := r.p
	for p.accept(";") {
	}
	if p.err != nil {
		return nil, p.err
	}
	r.start = p.tok.pos
	if p.tok.kind == tokenEnd {
		r.end = p.tok.pos.Offset
		return nil, io.EOF
	}
	s := p.statement()
	if p.err == nil && !p.at(";") && p.tok.kind != tokenEnd {
		p.expected("; or the end of the statement")
	}
	if p.err != nil {
		return nil, p.err
	}
	r.end = p.before.end
	return s, nil
}

// Text returns the source of the last statement without its semicolon.
func (r *Reader) Text() string {
	if r.end < r.start.Offset {
		return ""
	}
	return r.src[r.start.Offset:r.end]
}

// Offset returns where the next statement begins, or where the script ends.
func (r *Reader) Offset() int {
	if r.p.err != nil {
		return r.start.Offset
	}
	return r.p.tok.pos.Offset
}

// Skip moves behind the semicolon after an error, so that Next reads the statement that follows.
func (r *Reader) Skip() {
	if r.p.err == nil {
		return
	}
	lex := newLexer(r.src)
	lex.seek(r.p.err.Pos)
	for {
		t := lex.next()
		if t.kind == tokenEnd || t.is(";") {
			break
		}
	}
	r.restart(lex.posAt(lex.offset))
}
