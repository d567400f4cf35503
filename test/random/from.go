package random

import (
	"fmt"
	"slices"
	"strings"
)

// from is what rows come from, and its columns, qualified.
func (g *generator) from(depth int) (sql string, scope []column) {
	switch n := g.between(0, 9); {
	case depth == 0 || n < 3:
		return g.scan()
	case n < 5:
		return g.inner(g.query(depth-1, nil))
	case n == 5:
		return g.windowJoin()
	}
	left, leftScope := g.from(depth - 1)
	if g.scans > 3 { // a join of many has too many rows
		return left, leftScope
	}
	right, rightScope := g.scan()
	if g.chance(40) {
		right, rightScope = g.inner(g.query(depth-1, nil))
	}
	return g.join(left, leftScope, right, rightScope)
}

// scan is a table, a view or windows of a table.
func (g *generator) scan() (sql string, scope []column) {
	r := pick(g, g.tables...)
	g.scans += r.scans
	if r.timed() && g.chance(20) {
		return g.windows(r, g.window())
	}
	return g.aliased(r.name, r.cols)
}

func (g *generator) aliased(sql string, cols []column) (string, []column) {
	alias := g.name("a")
	scope := slices.Clone(cols)
	for i := range scope {
		scope[i].name = alias + "." + scope[i].name
	}
	return sql + " AS " + alias, scope
}

// window is the function and the lengths of windows.
func (g *generator) window() [2]string {
	return pick(g, [2]string{"TUMBLE", "INTERVAL '10' MINUTE"}, [2]string{"TUMBLE", "INTERVAL '3' MINUTE"}, [2]string{"HOP", "INTERVAL '5' MINUTE, INTERVAL '10' MINUTE"})
}

func (g *generator) windows(r relation, w [2]string) (string, []column) {
	times := ofKind(r.cols, timestamp)
	slices.Reverse(times) // the last is the time attribute of a table
	return g.aliased(fmt.Sprintf("TABLE(%s(TABLE %s, DESCRIPTOR(%s), %s))", w[0], r.name, pick(g, times...).name, w[1]),
		append(slices.Clone(r.cols), column{"window_start", timestamp}, column{"window_end", timestamp}))
}

// timed reports that the rows can be put into windows.
func (r relation) timed() bool {
	return len(ofKind(r.cols, timestamp)) > 0 && !slices.ContainsFunc(r.cols, func(c column) bool { return isWindow(c.name) })
}

// windowJoin joins windows, or groups of them, that are the same.
func (g *generator) windowJoin() (string, []column) {
	timed := slices.DeleteFunc(slices.Clone(g.tables), func(r relation) bool { return !r.timed() })
	w := g.window()
	side := func() (string, []column) {
		from, scope := g.windows(pick(g, timed...), w)
		if g.chance(50) {
			return g.inner(g.grouped(from, scope))
		}
		return from, scope
	}
	g.scans += 2
	left, l := side()
	right, r := side()
	a, b := windowOf(l), windowOf(r)
	on := []string{fmt.Sprintf("%s = %s AND %s = %s", a[0].name, b[0].name, a[1].name, b[1].name)}
	if same := ofKind(r, l[0].kind); len(same) > 0 && g.chance(60) {
		on = append(on, fmt.Sprintf("%s = %s", l[0].name, pick(g, same...).name))
	}
	return fmt.Sprintf("%s %s JOIN %s ON %s", left, pick(g, "", "LEFT", "RIGHT", "FULL"), right, strings.Join(on, " AND ")), slices.Concat(l, r)
}

// join joins by equal columns mostly, by times that are near each other, and by other conditions.
func (g *generator) join(left string, l []column, right string, r []column) (string, []column) {
	both := slices.Concat(l, r)
	how := pick(g, "", "LEFT ", "RIGHT ", "FULL ")
	if name := g.shared(l, r); name != "" && g.chance(15) {
		return fmt.Sprintf("%s %sJOIN %s USING (%s)", left, how, right, name), both
	}
	var on []string
	for range g.between(1, 2) {
		a := pick(g, l...)
		if same := ofKind(r, a.kind); len(same) > 0 {
			on = append(on, fmt.Sprintf("%s = %s", a.name, pick(g, same...).name))
		}
	}
	a, b := ofKind(l, timestamp), ofKind(r, timestamp)
	if len(a) > 0 && len(b) > 0 && g.chance(30) {
		near := pick(g, b...).name
		on = append(on, fmt.Sprintf("%s BETWEEN %s - INTERVAL '%d' MINUTE AND %s + INTERVAL '5' MINUTE", pick(g, a...).name, near, g.between(0, 9), near))
	}
	if len(on) == 0 || g.chance(20) {
		on = append(on, g.predicate(both, 1))
	}
	if g.chance(10) {
		return fmt.Sprintf("%s CROSS JOIN %s", left, right), both
	}
	return fmt.Sprintf("%s %sJOIN %s ON %s", left, how, right, strings.Join(on, " AND ")), both
}

// shared is the name of a column that both sides have once, in the same kind; empty if there is none.
func (g *generator) shared(l, r []column) string {
	for _, name := range []string{"ts", "c0", "c1"} {
		has := func(c column) bool { return strings.HasSuffix(c.name, "."+name) }
		i, j := slices.IndexFunc(l, has), slices.IndexFunc(r, has)
		if i >= 0 && j >= 0 && l[i].kind == r[j].kind && !slices.ContainsFunc(l[i+1:], has) {
			return name
		}
	}
	return ""
}
