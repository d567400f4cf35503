package ast

import (
	"strings"
	"testing"
)

func TestQuoteIdent(t *testing.T) {
	for name, want := range map[string]string{
		"a": "a", "dateTime": "dateTime", "date": "date", "_1": "_1", "select": "`select`", "Offset": "`Offset`",
		"current_date": "`current_date`", "1a": "`1a`", "a b": "`a b`", "a`b": "`a``b`", "": "``", "ä": "`ä`",
	} {
		if got := QuoteIdent(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestFormatOfParts(t *testing.T) {
	a := &Column{Parts: Name{{Name: "a"}}}
	nodes := map[string]Node{
		"a":                      Ident{Name: "a"},
		"a.`select`":             Name{{Name: "a"}, {Name: "select"}},
		"a DESC":                 OrderItem{Expr: a, Desc: true},
		"a AS b":                 SelectItem{Expr: a, Alias: &Ident{Name: "b"}},
		"GROUP BY a":             &GroupBy{Items: []GroupItem{{Exprs: []Expr{a}}}},
		"ROLLUP (a)":             GroupItem{Kind: GroupRollup, Items: []GroupItem{{Exprs: []Expr{a}}}},
		"PARTITION BY a":         &WindowSpec{PartitionBy: []Expr{a}},
		"a INT NOT NULL":         ColumnDef{Name: Ident{Name: "a"}, Type: &Type{Kind: TypeInt, Null: NotNull}},
		"a AS -a":                ColumnDef{Name: Ident{Name: "a"}, Kind: ColumnComputed, Expr: &Unary{Op: OpNeg, X: a}},
		"VALUES (a)":             &Values{Rows: []ValuesRow{{Items: []Expr{a}}}},
		"t":                      &Table{Name: Name{{Name: "t"}}},
		"(a OR a) AND a":         &Binary{Op: OpAnd, Left: &Binary{Op: OpOr, Left: a, Right: a}, Right: a},
		"ARRAY<DECIMAL(10, 2)>":  &Type{Kind: TypeArray, Elem: &Type{Kind: TypeDecimal, Args: []int{10, 2}}},
		"WITH c AS (VALUES (a))": &With{CTEs: []CTE{{Name: Ident{Name: "c"}, Query: &Query{Body: &Values{Rows: []ValuesRow{{Items: []Expr{a}}}}}}}},
	}
	for want, n := range nodes {
		if got := Format(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestErrorRendering(t *testing.T) {
	source := "SELECT 1\r\n\tFROM x"
	e := Errorf(Pos{Offset: 16, Line: 2, Column: 7}, ClassSemantic, "unknown table %s", "x")
	want := "line 2, column 7: unknown table x\n  2 | \tFROM x\n    | \t     ^"
	if got := e.Render(source); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if e.Source != "" {
		t.Error("Render changed the error")
	}
	long := strings.Repeat("ä", 1000)
	e.Pos = Pos{Offset: 1000, Line: 1, Column: 501}
	lines := strings.Split(e.Render(long), "\n")
	text, caret := []rune(lines[1]), []rune(lines[2])
	if len(text) > 140 || text[len(caret)-1] != 'ä' || caret[len(caret)-1] != '^' {
		t.Errorf("long line:\n%s\n%s", lines[1], lines[2])
	}
	if got := (&Error{Msg: "no place"}).Error(); got != "no place" {
		t.Errorf("got %q", got)
	}
	if ClassSyntax.String() != "syntax" || ClassSemantic.String() != "semantic" || ClassUnsupported.String() != "unsupported" {
		t.Error("a class has another name")
	}
}
