package parser

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/sql/ast"
)

// withoutPositions returns a deep copy of a tree with every position zero, so that two trees can be compared.
func withoutPositions(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(withoutPositions(v.Elem()))
		return c
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type()).Elem()
		c.Set(withoutPositions(v.Elem()))
		return c
	case reflect.Slice:
		if v.Len() == 0 {
			return reflect.Zero(v.Type())
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(withoutPositions(v.Index(i)))
		}
		return c
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[ast.Pos]() {
			return reflect.Zero(v.Type())
		}
		c := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			c.Field(i).Set(withoutPositions(v.Field(i)))
		}
		return c
	default:
		return v
	}
}

// checkRoundTrip fails unless the statement's text parses to the same statement.
func checkRoundTrip(t *testing.T, s ast.Statement) {
	t.Helper()
	text := ast.Format(s)
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("printed statement does not parse: %v\nprinted: %s", err, text)
	}
	if len(again) != 1 {
		t.Fatalf("printed statement parses to %d statements: %s", len(again), text)
	}
	want := withoutPositions(reflect.ValueOf(s)).Interface()
	got := withoutPositions(reflect.ValueOf(again[0])).Interface()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("printed statement parses to another tree\nprinted: %s\nagain:   %s", text, ast.Format(again[0]))
	}
}

func TestDeepNesting(t *testing.T) {
	repeat := strings.Repeat
	wrap := func(before, middle, after string) func(int) string {
		return func(n int) string { return repeat(before, n) + middle + repeat(after, n) }
	}
	shapes := map[string]func(int) string{
		"parens":   wrap("SELECT 1 WHERE "+"(", "1", ")"),
		"not":      wrap("NOT ", "a", ""),
		"minus":    wrap("- ", "a", ""),
		"case":     wrap("CASE WHEN a THEN ", "1", " END"),
		"call":     wrap("f(", "1", ")"),
		"cast":     wrap("CAST(", "a", " AS INT)"),
		"casts":    wrap("", "a", "::INT"),
		"index":    wrap("a[", "1", "]"),
		"indexes":  wrap("", "a", "[1]"),
		"fields":   wrap("", "(a)", ".b"),
		"array":    wrap("ARRAY[", "1", "]"),
		"subquery": wrap("(SELECT ", "1", ")"),
		"in":       wrap("a IN (", "1", ")"),
		"exists":   wrap("EXISTS (SELECT 1 WHERE ", "a", ")"),
		"right":    wrap("1 + (", "1", ")"),
		"type":     func(n int) string { return "CAST(a AS " + repeat("ARRAY<", n) + "INT" + repeat(">", n) + ")" },
		"types":    func(n int) string { return "CAST(a AS INT" + repeat(" ARRAY", n) + ")" },
		"from": func(n int) string {
			return "(SELECT 1 FROM " + repeat("(SELECT 1 FROM ", n) + "t" + repeat(") x", n) + ")"
		},
		"joins": func(n int) string {
			return "(SELECT 1 FROM " + repeat("(", n) + "t" + repeat(" CROSS JOIN u)", n) + ")"
		},
		"unions": func(n int) string { return repeat("(SELECT 1 UNION ", n) + "SELECT 2" + repeat(")", n) },
		"with":   func(n int) string { return repeat("(WITH a AS ", n) + "(SELECT 1)" + repeat(" SELECT 1)", n) },
		"mixed":  func(n int) string { return repeat("((", n) + "SELECT 1" + repeat(") + 1)", n) },
		"grouping": func(n int) string {
			return "(SELECT 1 GROUP BY " + repeat("GROUPING SETS (", n) + "a" + repeat(")", n) + ")"
		},
		"between":   wrap("a BETWEEN (", "1", ") AND 2"),
		"intervals": wrap("a[", "INTERVAL '1' DAY", "]"),
	}
	shapes["parens"] = wrap("(", "1", ")")
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{10, 1000, 5000, 100_000} {
				statements, err := Parse("SELECT " + shape(n))
				var parseError *ast.Error
				switch {
				case err != nil && (n <= 1000 || !errors.As(err, &parseError)):
					t.Errorf("depth %d: %v", n, err)
				case err == nil:
					_ = ast.Format(statements[0])
				}
			}
		})
	}
}

func TestLongChains(t *testing.T) {
	for _, op := range []string{" AND ", " OR ", " + ", " || ", " = ", " IS NULL OR "} {
		src := "SELECT a" + strings.Repeat(op+"a", 50_000)
		statements, err := Parse(src)
		if err != nil {
			t.Fatalf("chain of%s: %v", op, err)
		}
		if text := ast.Format(statements[0]); text != src {
			t.Errorf("chain of%s is printed otherwise", op)
		}
	}
	for _, link := range []string{" UNION ALL SELECT 1", " CROSS JOIN t"} {
		src := "SELECT 1 FROM t" + strings.Repeat(link, 50_000)
		statements, err := Parse(src)
		if err != nil {
			t.Fatalf("chain of%s: %v", link, err)
		}
		if text := ast.Format(statements[0]); text != src {
			t.Errorf("chain of%s is printed otherwise", link)
		}
	}
	_, err := Parse("SELECT a" + strings.Repeat(" + a", chainMax+1))
	if err == nil || !strings.Contains(err.Error(), "in one chain") {
		t.Errorf("want an error about the chain, got %v", err)
	}
}
