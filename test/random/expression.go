package random

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// kind is the type of an expression.
type kind int

const (
	integer kind = iota
	text
	bigint
	double
	decimal
	boolean
	date
	timestamp
	kinds
)

func (k kind) sql() string {
	return [...]string{"INT", "STRING", "BIGINT", "DOUBLE", "DECIMAL(10, 2)", "BOOLEAN", "DATE", "TIMESTAMP(3)"}[k]
}

func (k kind) number() bool { return k == integer || k == bigint || k == double || k == decimal }

// column is an expression that is there; its name may be qualified.
type column struct {
	name string
	kind kind
}

// relation is a table or view.
type relation struct {
	name string
	cols []column
	// scans are the tables that are joined in it.
	scans int
}

type generator struct {
	t      *rapid.T
	tables []relation
	names  int
	scans  int // in the query being drawn
}

// name is one that is not yet taken.
func (g *generator) name(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

func (g *generator) between(low, high int) int { return rapid.IntRange(low, high).Draw(g.t, "n") }

func (g *generator) chance(percent int) bool { return g.between(1, 100) > 100-percent }

func pick[T any](g *generator, from ...T) T { return from[g.between(0, len(from)-1)] }

// ofKind are the columns of a kind.
func ofKind(scope []column, k kind) []column {
	return slices.DeleteFunc(slices.Clone(scope), func(c column) bool { return c.kind != k })
}

// literal is one of few values, the first of them more often than others.
func (g *generator) literal(k kind) string {
	n := g.between(0, 5)
	switch k {
	case integer:
		return fmt.Sprint(n - n/4*6)
	case bigint:
		return pick(g, fmt.Sprint(n), fmt.Sprint(n), fmt.Sprint(-n), "3000000000")
	case double:
		if n == 5 && g.chance(15) {
			return pick(g, "CAST('NaN' AS DOUBLE)", "CAST('Infinity' AS DOUBLE)")
		}
		return fmt.Sprintf("%d.%dE0", n/2, n%4*25)
	case decimal:
		return fmt.Sprintf("%d.%02d", n/2, n%4*25)
	case text:
		return pick(g, "'a'", "'b'", "'ab'", "''", "'longer than twelve é'", "'longer than twelve b'")
	case boolean:
		return pick(g, "FALSE", "TRUE")
	case date:
		return fmt.Sprintf("DATE '2024-01-%02d'", n+1)
	}
	return at(n * 600)
}

// expression is of a kind over the columns in scope.
func (g *generator) expression(scope []column, k kind, depth int) string {
	if cols := ofKind(scope, k); len(cols) > 0 && (depth == 0 || g.chance(60)) {
		return pick(g, cols...).name
	}
	if depth == 0 || g.chance(30) {
		if g.chance(5) {
			return "CAST(NULL AS " + k.sql() + ")"
		}
		return g.typed(k)
	}
	a := func() string { return g.expression(scope, k, depth-1) }
	switch g.between(0, 5) {
	case 0:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.predicate(scope, depth-1), a(), a())
	case 1:
		return fmt.Sprintf("COALESCE(%s, %s)", a(), a())
	case 2:
		return fmt.Sprintf("NULLIF(%s, %s)", a(), a())
	}
	switch k {
	case integer:
		return pick(g, fmt.Sprintf("(%s + %s)", a(), a()), fmt.Sprintf("(%s %% 3)", a()), fmt.Sprintf("(- %s)", a()))
	case bigint:
		return pick(g, fmt.Sprintf("(%s - %s)", a(), a()), fmt.Sprintf("CAST(%s AS BIGINT)", g.expression(scope, integer, depth-1)))
	case double:
		return pick(g, fmt.Sprintf("(%s + %s)", a(), a()), fmt.Sprintf("CAST(%s AS DOUBLE)", g.expression(scope, integer, depth-1)))
	case decimal:
		return fmt.Sprintf("CAST(%s + %s AS DECIMAL(10, 2))", a(), a())
	case text:
		return pick(g, fmt.Sprintf("UPPER(%s)", a()), fmt.Sprintf("(%s || %s)", a(), a()), fmt.Sprintf("SUBSTRING(%s, 2, 12)", a()))
	case date:
		return fmt.Sprintf("CAST(%s AS DATE)", g.expression(scope, timestamp, depth-1))
	case timestamp:
		return pick(g, fmt.Sprintf("(%s + INTERVAL '10' MINUTE)", a()), fmt.Sprintf("CAST(%s AS TIMESTAMP(3))", g.expression(scope, date, depth-1)))
	}
	return "(" + g.predicate(scope, depth-1) + ")"
}

// typed is a literal of exactly a kind's type.
func (g *generator) typed(k kind) string {
	if k == bigint || k == decimal || k == text || k == timestamp {
		return fmt.Sprintf("CAST(%s AS %s)", g.literal(k), k.sql())
	}
	return g.literal(k)
}

// predicate is a condition over the columns in scope.
func (g *generator) predicate(scope []column, depth int) string {
	k := kind(g.between(0, int(kinds)-1))
	if len(scope) > 0 && g.chance(80) {
		k = pick(g, scope...).kind
	}
	a, b := g.expression(scope, k, depth), g.expression(scope, k, max(0, depth-1))
	switch n := g.between(0, 9); {
	case n < 4:
		other := pick(g, integer, bigint, double, decimal)
		if k.number() && g.chance(20) {
			b = g.expression(scope, other, 0)
		}
		return fmt.Sprintf("%s %s %s", a, pick(g, "=", "<>", "<", "<=", ">", ">="), b)
	case n == 4:
		return fmt.Sprintf("%s IS %sNULL", a, pick(g, "NOT ", ""))
	case n == 5:
		return fmt.Sprintf("%s %sIN (%s, %s, %s)", a, pick(g, "", "NOT "), g.typed(k), g.typed(k), pick(g, g.typed(k), "NULL"))
	case n == 6 && k == text:
		return fmt.Sprintf("%s %sLIKE %s", a, pick(g, "", "NOT "), pick(g, "'%b'", "'a%'", "'_'", "'longer%e'", "'%t%'"))
	case n == 6:
		return fmt.Sprintf("%s IS %sDISTINCT FROM %s", a, pick(g, "", "NOT "), b)
	case n == 7:
		return fmt.Sprintf("(%s) IS %s%s", g.predicate(scope, 0), pick(g, "", "NOT "), pick(g, "TRUE", "FALSE"))
	case depth == 0:
		return fmt.Sprintf("%s BETWEEN %s AND %s", a, g.typed(k), b)
	case n == 8:
		return fmt.Sprintf("NOT (%s)", g.predicate(scope, depth-1))
	}
	return fmt.Sprintf("(%s %s %s)", g.predicate(scope, depth-1), pick(g, "OR", "AND"), g.predicate(scope, depth-1))
}

// aggregate is a call over the columns in scope, and its kind.
func (g *generator) aggregate(scope []column) (string, kind) {
	arg := pick(g, scope...)
	if g.chance(20) {
		arg.name = g.expression(scope, arg.kind, 1)
	}
	call, k := "COUNT(*)", bigint
	distinct := pick(g, "", "DISTINCT ")
	switch n := g.between(0, 9); {
	case n < 2:
	case n < 4:
		call = fmt.Sprintf("COUNT(%s%s)", distinct, arg.name)
	case n < 6 && arg.kind.number():
		call, k = fmt.Sprintf("SUM(%s%s)", distinct, arg.name), max(arg.kind, bigint) // text is no number
	case n == 6 && arg.kind == integer:
		return fmt.Sprintf("FLOOR(AVG(%s%s))", distinct, arg.name), double
	case arg.kind != boolean:
		call, k = fmt.Sprintf("%s(%s)", pick(g, "MIN", "MAX"), arg.name), arg.kind
	}
	if g.chance(15) {
		call += fmt.Sprintf(" FILTER (WHERE %s)", g.predicate(scope, 1))
	}
	return call, k
}

// list joins the names of columns.
func list(cols []column) string {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}
