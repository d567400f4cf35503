package optimizer

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// conjuncts splits a condition at AND, and takes what every branch of an OR asks for out of it.
func conjuncts(e *expr.Expr) []*expr.Expr {
	if e == nil {
		return nil
	}
	if isCall(e, "AND") {
		var all []*expr.Expr
		for _, a := range e.Args {
			all = append(all, conjuncts(a)...)
		}
		return all
	}
	if isCall(e, "OR") {
		return factor(e)
	}
	return []*expr.Expr{e}
}

func isCall(e *expr.Expr, name string) bool { return e.Op == expr.Call && e.Name == name }

// factor turns (a AND b) OR (a AND c) into a, (b OR c).
func factor(e *expr.Expr) []*expr.Expr {
	branches := make([][]*expr.Expr, len(e.Args))
	for i, a := range e.Args {
		branches[i] = conjuncts(a)
	}
	var common []*expr.Expr
	for _, c := range branches[0] {
		inAll := true
		for _, b := range branches[1:] {
			inAll = inAll && slices.ContainsFunc(b, c.Equal)
		}
		if inAll {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return []*expr.Expr{e}
	}
	isCommon := func(c *expr.Expr) bool { return slices.ContainsFunc(common, c.Equal) }
	var rest []*expr.Expr
	for _, b := range branches {
		left := slices.DeleteFunc(slices.Clone(b), isCommon)
		if len(left) == 0 {
			return common // this branch asks for nothing else
		}
		rest = append(rest, and(left))
	}
	return append(common, or(rest))
}

func and(list []*expr.Expr) *expr.Expr { return junction("AND", list) }

func or(list []*expr.Expr) *expr.Expr { return junction("OR", list) }

// junction joins conditions; nil if there are none.
func junction(name string, list []*expr.Expr) *expr.Expr {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	t := list[0].Type
	for _, e := range list {
		t.NotNull = t.NotNull && e.Type.NotNull
	}
	return &expr.Expr{Op: expr.Call, Name: name, Type: t, Args: list}
}

// filtered is n with the conditions above it.
func filtered(n plan.Node, conditions []*expr.Expr) plan.Node {
	conditions = slices.DeleteFunc(slices.Clone(conditions), isTrue)
	if len(conditions) == 0 {
		return n
	}
	return &plan.Filter{Input: n, Predicate: and(conditions)}
}

func isTrue(e *expr.Expr) bool { return e.IsConstant() && e.Equal(expr.Bool(true)) }

// movable reports whether a condition may be evaluated for rows that a filter or join would
// have left out.
func movable(e *expr.Expr) bool { return !e.Fallible() && !e.Volatile() }

// within reports whether a condition reads only columns from low up to high.
func within(e *expr.Expr, low, high int) bool {
	for _, c := range e.Columns() {
		if c < low || c >= high {
			return false
		}
	}
	return true
}

func shift(e *expr.Expr, by int) *expr.Expr {
	return e.Remap(func(c int) int { return c + by })
}

// substitute replaces columns by the expressions that compute them.
func substitute(e *expr.Expr, exprs []*expr.Expr) *expr.Expr {
	return e.Rewrite(func(n *expr.Expr) *expr.Expr {
		if n.Op == expr.Column {
			return exprs[n.Index]
		}
		return n
	})
}
