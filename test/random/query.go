package random

import (
	"fmt"
	"slices"
	"strings"
)

// query is a SELECT or several; its columns are named c0, c1 and so on, but for those of windows.
type query struct {
	sql     string
	cols    []column
	ordered bool
}

// named makes a query of a select list; rest is what follows it.
func named(exprs []column, distinct, rest string) query {
	q := query{cols: make([]column, len(exprs))}
	items := make([]string, len(exprs))
	for i, e := range exprs {
		name := fmt.Sprintf("c%d", i)
		if _, base, _ := strings.Cut(e.name, "."); isWindow(base) && !slices.Contains(q.cols, column{base, timestamp}) {
			name = base
		}
		q.cols[i] = column{name, e.kind}
		items[i] = e.name + " AS " + name
	}
	q.sql = "SELECT " + distinct + strings.Join(items, ", ") + rest
	return q
}

// isWindow reports that a column is a bound of windows.
func isWindow(name string) bool { return name == "window_start" || name == "window_end" }

// windowOf are the bounds of the windows in a scope.
func windowOf(scope []column) (bounds []column) {
	for i, c := range scope[1:] {
		if strings.HasSuffix(c.name, ".window_end") && strings.HasSuffix(scope[i].name, ".window_start") {
			return scope[i : i+2 : i+2]
		}
	}
	return nil
}

// query draws one with columns of the kinds wanted, of any if that is nil.
func (g *generator) query(depth int, want []kind) query {
	n := g.between(0, 9)
	switch {
	case depth == 0 || n < 3:
		return g.rows(depth, want)
	case n < 6:
		return g.groups(depth, want)
	case n == 6:
		return g.setOperation(depth, want)
	case n == 7:
		return g.top(depth, want)
	case n == 8 && want == nil:
		return g.sorted(depth)
	}
	return g.groups(depth-1, want)
}

// rows is SELECT [DISTINCT] ... FROM ... WHERE.
func (g *generator) rows(depth int, want []kind) query {
	from, scope := g.from(depth)
	if want == nil {
		for range g.between(1, 3) {
			want = append(want, pick(g, scope...).kind)
		}
	}
	return named(g.wanted(scope, want, 1), pick(g, "", "", "", "DISTINCT "), " FROM "+from+g.where(scope, depth))
}

// wanted are expressions of some kinds, the scope itself if that is nil.
func (g *generator) wanted(scope []column, want []kind, depth int) []column {
	if want == nil {
		return scope
	}
	exprs := make([]column, len(want))
	for i, k := range want {
		exprs[i] = column{g.expression(scope, k, g.between(0, depth)), k}
	}
	return exprs
}

// groups is SELECT ... GROUP BY ... HAVING; windows are groups too.
func (g *generator) groups(depth int, want []kind) query {
	from, scope := g.from(depth)
	q := g.grouped(from+g.where(scope, depth), scope)
	if want == nil {
		return q
	}
	from, scope = g.inner(q)
	return named(g.wanted(scope, want, 0), "", " FROM "+from)
}

func (g *generator) grouped(from string, scope []column) query {
	keys := slices.Clone(windowOf(scope))
	for range pick(g, 0, 1, 1, 2, 4) {
		key := pick(g, scope...)
		if g.chance(15) {
			key.name = g.expression(scope, key.kind, 1)
		}
		if strings.Contains(key.name, ".") { // a constant is no key
			keys = append(keys, key)
		}
	}
	var aggregates []column
	for range g.between(1, 3) {
		call, k := g.aggregate(scope)
		aggregates = append(aggregates, column{call, k})
	}
	exprs := slices.Concat(keys, aggregates)
	rest := " FROM " + from
	if len(keys) > 0 {
		rest += " GROUP BY " + list(keys)
		if g.chance(20) {
			rest += " HAVING " + g.predicate(aggregates, 0)
		}
	}
	return named(exprs, "", rest)
}

func (g *generator) setOperation(depth int, want []kind) query {
	q := g.query(depth-1, want)
	if q.ordered {
		q.sql = "(" + q.sql + ")"
	}
	for range g.between(1, 2) {
		other := make([]kind, len(q.cols))
		for i, c := range q.cols {
			other[i] = c.kind
			if c.kind == bigint && g.chance(30) { // the wider type is that of both
				other[i] = integer
			}
		}
		op := pick(g, "UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL")
		q.sql += fmt.Sprintf(" %s %s", op, g.rows(depth-1, other).sql)
	}
	from, scope := g.inner(q)
	return named(scope, "", " FROM "+from)
}

// inner is a query in FROM, and its columns.
func (g *generator) inner(q query) (from string, scope []column) {
	return g.aliased("("+q.sql+")", q.cols)
}

// total is an order by all columns.
func (g *generator) total(cols []column) string {
	keys := make([]string, len(cols))
	for i, j := range g.permutation(len(cols)) {
		keys[i] = cols[j].name + pick(g, "", " DESC", " NULLS LAST", " DESC NULLS FIRST")
	}
	return strings.Join(keys, ", ")
}

func (g *generator) permutation(n int) []int {
	out := make([]int, n)
	for i := range out {
		j := g.between(0, i)
		out[i], out[j] = out[j], i
	}
	return out
}

// top takes the first rows of each partition by their number.
func (g *generator) top(depth int, want []kind) query {
	from, scope := g.from(min(depth-1, 1))
	partition, order := "", g.total(scope)
	if g.chance(70) {
		key := pick(g, scope...)
		partition = "PARTITION BY " + list(append(slices.Clone(windowOf(scope)), key)) + " "
		if windowOf(scope) == nil && g.chance(30) { // what is not in the order is left out
			scope = []column{key, pick(g, scope...)}
			order = scope[1].name + pick(g, "", " DESC")
		}
	}
	number := column{fmt.Sprintf("ROW_NUMBER() OVER (%sORDER BY %s)", partition, order), bigint}
	from, cols := g.inner(named(append(slices.Clone(scope), number), "", " FROM "+from))
	last := len(scope)
	limit := pick(g, "= 1", "<= 2", "<= 3", "BETWEEN 2 AND 3", "= 2")
	return named(g.wanted(cols[:last+g.between(0, 1)], want, 0), "", fmt.Sprintf(" FROM %s WHERE %s %s", from, cols[last].name, limit))
}

// sorted has the first rows of a total order.
func (g *generator) sorted(depth int) query {
	from, scope := g.inner(g.query(depth-1, nil))
	q := named(scope, "", " FROM "+from)
	if g.chance(15) { // any rows, but so many
		from, _ = g.inner(query{sql: fmt.Sprintf("%s LIMIT %d", q.sql, g.between(1, 6))})
		return named([]column{{"COUNT(*)", bigint}}, "", " FROM "+from)
	}
	q.sql += fmt.Sprintf(" ORDER BY %s LIMIT %d", g.total(q.cols), g.between(1, 6))
	if g.chance(30) {
		q.sql += fmt.Sprintf(" OFFSET %d", g.between(1, 3))
	}
	q.ordered = true
	return q
}

// where is a list of conditions joined by AND, of which some are subqueries; often it is empty.
func (g *generator) where(scope []column, depth int) string {
	var all []string
	if g.chance(40) {
		all = append(all, g.predicate(scope, 1))
	}
	if depth > 0 && g.chance(30) {
		all = append(all, g.subquery(scope, depth-1))
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

// subquery is a condition on one, often correlated.
func (g *generator) subquery(outer []column, depth int) string {
	from, scope := g.from(min(depth, 1))
	var conditions []string
	if g.chance(60) {
		for _, c := range g.permutation(len(scope)) {
			if same := ofKind(outer, scope[c].kind); len(same) > 0 {
				conditions = append(conditions, fmt.Sprintf("%s = %s", scope[c].name, pick(g, same...).name))
				break
			}
		}
	}
	if g.chance(30) {
		conditions = append(conditions, g.predicate(scope, 1))
	}
	if len(conditions) > 0 && g.chance(20) {
		conditions = append(conditions, g.predicate(slices.Concat(scope, outer), 0))
	}
	rest := " FROM " + from
	if len(conditions) > 0 {
		rest += " WHERE " + strings.Join(conditions, " AND ")
	}
	not := pick(g, "", "NOT ")
	switch g.between(0, 2) {
	case 0:
		return fmt.Sprintf("%sEXISTS (SELECT 1%s)", not, rest)
	case 1:
		c := pick(g, scope...)
		return fmt.Sprintf("%s %sIN (SELECT %s%s)", g.expression(outer, c.kind, 0), not, c.name, rest)
	}
	call, k := g.aggregate(scope)
	return fmt.Sprintf("%s %s (SELECT %s%s)", g.expression(outer, k, 0), pick(g, "=", "<>", "<", ">="), call, rest)
}
