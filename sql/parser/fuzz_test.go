package parser

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/internal/golden"
	"github.com/anabranch/anabranch/sql/ast"
)

// FuzzParse checks that no text makes the parser panic, and that what parses is printed as itself.
func FuzzParse(f *testing.F) {
	for _, file := range golden.Files(f) {
		for _, c := range golden.Read(f, file) {
			f.Add(c.Input)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		CompletenessOf(src)
		statements, err := Parse(src)
		if err != nil {
			if text := err.Error(); strings.TrimSpace(text) == "" {
				t.Fatal("error without a text")
			}
		}
		for _, s := range statements {
			checkRoundTrip(t, s)
		}
	})
}

// FuzzExpr is FuzzParse where every input is an expression, which reaches deeper.
func FuzzExpr(f *testing.F) {
	for _, src := range []string{
		"a.b + -c * 2", "NOT a IS NULL AND b IN (1, 2)", "x::int[1].f", "CASE WHEN a THEN b END", "(a, b) = ROW(1, 2)",
		"f(DISTINCT x ORDER BY y) FILTER (WHERE z) OVER (PARTITION BY a ORDER BY b ROWS 1 PRECEDING)", "INTERVAL '1' DAY",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		x, err := ParseExpr(src)
		if err != nil {
			return
		}
		q := &ast.Query{Body: &ast.Select{Items: []ast.SelectItem{{Expr: x}}}}
		checkRoundTrip(t, q)
	})
}
