package parser

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/sql/ast"
)

func TestReaderGoesOnAfterSkip(t *testing.T) {
	r := NewReader("SELECT 1 ;\n SELECT FROM ';'; SET a.b = 5s ; SHOW TABLES -- end")
	s, err := r.Next()
	if err != nil || ast.Format(s) != "SELECT 1" || r.Text() != "SELECT 1" {
		t.Fatalf("first statement: %v, %v, text %q", s, err, r.Text())
	}
	if r.Offset() != 9 {
		t.Errorf("offset behind the first statement is %d", r.Offset())
	}
	for range 2 {
		_, err = r.Next()
		var parseError *ast.Error
		if !errors.As(err, &parseError) || parseError.Line != 2 || parseError.Column != 9 || parseError.Offset != 19 {
			t.Fatalf("want an error at line 2, column 9, got %v", err)
		}
	}
	r.Skip()
	if s, err = r.Next(); err != nil || r.Text() != "SET a.b = 5s" {
		t.Fatalf("after Skip: %v, text %q", err, r.Text())
	}
	if at := s.Position(); at.Line != 2 || at.Column != 19 {
		t.Errorf("after Skip the statement is at %v", at)
	}
	if _, err = r.Next(); err != nil || r.Text() != "SHOW TABLES" {
		t.Fatalf("last statement: %v, text %q", err, r.Text())
	}
	if _, err = r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("want the end, got %v", err)
	}
}

func TestCompleteness(t *testing.T) {
	cases := []struct {
		src  string
		want Completeness
	}{
		{"", Empty},
		{" -- only a comment", Empty},
		{"SELECT 1", NoSemicolon},
		{"SELECT 1;", Complete},
		{"SELECT 1; -- done", Complete},
		{"SELECT 1; SELECT", NoSemicolon},
		{"SELECT 'a;", OpenString},
		{"SELECT x'a;", OpenString},
		{"SELECT \"a;", OpenName},
		{"SELECT `a;", OpenName},
		{"SELECT 1; /* a", OpenComment},
		{"SELECT (1", OpenParen},
		{"SELECT a[(1)", OpenParen},
		{"BEGIN STATEMENT SET;", OpenStatement},
		{"BEGIN STATEMENT SET; INSERT INTO a SELECT CASE WHEN b THEN c END FROM d;", OpenStatement},
		{"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END", NoSemicolon},
		{"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;", Complete},
		{"SELECT 1; EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;", OpenStatement},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;", Complete},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END; SELECT", NoSemicolon},
		{"SELECT ? ;", Complete},
	}
	for _, c := range cases {
		if got := CompletenessOf(c.src); got != c.want {
			t.Errorf("%q: got %d, want %d", c.src, got, c.want)
		}
		if c.want.NeedsMore() != (c.want != Complete && c.want != Empty) {
			t.Errorf("%q: NeedsMore is %v", c.src, c.want.NeedsMore())
		}
	}
}

func TestPositions(t *testing.T) {
	src := "-- ä\nSELECT ä.b + c,\n\tCOUNT(*) IS NULL FROM t"
	statements, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	items := statements[0].(*ast.Query).Body.(*ast.Select).Items
	sum := items[0].Expr.(*ast.Binary)
	at := func(n ast.Node) ast.Pos { return n.Position() }
	for _, c := range []struct {
		what string
		got  ast.Pos
		want ast.Pos
	}{
		{"statement", at(statements[0]), ast.Pos{Offset: 6, Line: 2, Column: 1}},
		{"item", at(items[0]), ast.Pos{Offset: 13, Line: 2, Column: 8}},
		{"+", at(sum), ast.Pos{Offset: 18, Line: 2, Column: 12}},
		{"b", at(sum.Left.(*ast.Column).Parts[1]), ast.Pos{Offset: 16, Line: 2, Column: 10}},
		{"c", at(sum.Right), ast.Pos{Offset: 20, Line: 2, Column: 14}},
		{"IS", at(items[1].Expr), ast.Pos{Offset: 33, Line: 3, Column: 11}},
	} {
		if c.got != c.want {
			t.Errorf("%s is at %+v, want %+v", c.what, c.got, c.want)
		}
	}
}

func TestParseExprAndType(t *testing.T) {
	x, err := ParseExpr("a + 1")
	if err != nil || ast.Format(x) != "a + 1" {
		t.Errorf("got %v, %v", x, err)
	}
	if _, err = ParseExpr("a + 1 b"); err == nil || !strings.Contains(err.Error(), "the end of the expression") {
		t.Errorf("got %v", err)
	}
	typ, err := ParseType("ROW<a INT NOT NULL>")
	if err != nil || ast.Format(typ) != "ROW<a INT NOT NULL>" {
		t.Errorf("got %v, %v", typ, err)
	}
	if typ, err = ParseType("INT INT"); err == nil || typ != nil {
		t.Errorf("got %v, %v", typ, err)
	}
}

func TestRenderOfBinderError(t *testing.T) {
	src := "SELECT a,\n  b FROM t"
	statements, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	b := statements[0].(*ast.Query).Body.(*ast.Select).Items[1]
	unknown := ast.Errorf(b, ast.ClassSemantic, "unknown column %s", "b")
	unknown.Hint = "t has a, c"
	want := "line 2, column 3: unknown column b\n  2 |   b FROM t\n    |   ^\n  hint: t has a, c"
	if got := unknown.Render(src); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := unknown.Error(); got != "line 2, column 3: unknown column b\n  hint: t has a, c" {
		t.Errorf("without the source: %s", got)
	}
}

func BenchmarkParse(b *testing.B) {
	src := strings.Repeat("SELECT a, SUM(b * 2) AS s FROM t WHERE c BETWEEN 1 AND 2 GROUP BY a ORDER BY s DESC LIMIT 10;\n", 100)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}
