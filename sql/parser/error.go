package parser

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/sql/ast"
)

// fail keeps the first error and ends the text.
func (p *parser) fail(err *ast.Error) {
	if p.err != nil {
		return
	}
	p.err = err.Locate(p.lex.src)
	p.ahead = nil
	p.tok = token{pos: p.tok.pos, end: p.tok.end}
}

func (p *parser) failAt(at ast.Node, format string, args ...any) {
	p.fail(ast.Errorf(at, ast.ClassSyntax, format, args...))
}

// failHint fails at the current token.
func (p *parser) failHint(hint, format string, args ...any) {
	err := ast.Errorf(p.tok.pos, ast.ClassSyntax, format, args...)
	err.Hint = hint
	p.fail(err)
}

// unsupported refuses what the grammar knows and the engine does not do.
func (p *parser) unsupported(at ast.Node, what, hint string) {
	err := ast.Errorf(at, ast.ClassUnsupported, "%s is not supported", what)
	err.Hint = hint
	p.fail(err)
}

// expected fails because something else than what stands at the current token.
func (p *parser) expected(what string) {
	p.failHint(p.suggestion(what), "expected %s, found %s", what, &p.tok)
}

// suggestion says which keyword was probably meant, or how to write a reserved word as a name.
func (p *parser) suggestion(what string) string {
	if p.isBeforeAlias {
		candidates := append(p.triedBefore, p.tried...)
		if near := nearest(p.before.upper, candidates); near != "" {
			return fmt.Sprintf("%q was read as an alias; did you mean %s?", p.before.text, near)
		}
	}
	if p.tok.kind != tokenWord {
		return ""
	}
	if !ast.IsReserved(p.tok.upper) {
		candidates := p.tried
		if isKeyword(what) {
			candidates = append(candidates, what)
		}
		if near := nearest(p.tok.upper, candidates); near != "" {
			return fmt.Sprintf("did you mean %s?", near)
		}
		return ""
	}
	switch {
	case p.before.is(",") && what != "a column name": // a list of columns ends with a parenthesis
		return fmt.Sprintf("there is one comma too many before %s", p.tok.upper)
	case strings.Contains(what, "name"):
		return fmt.Sprintf("%s is a reserved word; as a name it is written `%s`", p.tok.upper, p.tok.text)
	default:
		return ""
	}
}

// nearest returns the keyword that a word is most likely a misspelling of, or "".
func nearest(word string, keywords []string) string {
	best, bestDistance := "", 3
	for _, k := range keywords {
		if !isKeyword(k) || k == word {
			continue
		}
		limit := 1
		if len(k) > 5 {
			limit = 2
		}
		if len(k) < 3 || len(word) < 3 {
			limit = 0
		}
		if d := distance(word, k, limit); d <= limit && d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance counts the inserted, deleted, changed and swapped letters between two words; above the
// limit it may stop counting.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
