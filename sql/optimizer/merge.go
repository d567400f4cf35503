package optimizer

import (
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/plan"
)

// merge makes one projection of two and one filter of two, and drops projections that change
// nothing.
func merge(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Filter:
			if f, ok := n.Input.(*plan.Filter); ok {
				return &plan.Filter{Input: f.Input, Predicate: and(append(conjuncts(f.Predicate), conjuncts(n.Predicate)...))}
			}
		case *plan.Project:
			return mergeProject(n)
		}
		return n
	})
}

func mergeProject(n *plan.Project) plan.Node {
	for {
		p, ok := n.Input.(*plan.Project)
		if !ok || !mergeable(n, p) {
			break
		}
		exprs := mapAll(n.Exprs, func(e *expr.Expr) *expr.Expr { return substitute(e, p.Exprs) })
		n = &plan.Project{Input: p.Input, Exprs: exprs, Out: n.Out}
	}
	if isIdentity(n) {
		return n.Input
	}
	return n
}

// mergeable holds unless something costly or volatile would be computed twice.
func mergeable(above, below *plan.Project) bool {
	uses := make([]int, len(below.Exprs))
	for _, e := range above.Exprs {
		e.Walk(func(n *expr.Expr) {
			if n.Op == expr.Column {
				uses[n.Index]++
			}
		})
	}
	for i, e := range below.Exprs {
		simple := e.Op == expr.Column || e.Op == expr.Constant
		if !simple && (uses[i] > 1 || e.Volatile()) {
			return false
		}
	}
	return true
}

// isIdentity holds for a projection of all columns in order under their own names.
func isIdentity(n *plan.Project) bool {
	in := n.Input.Schema().Fields
	if len(in) != len(n.Exprs) {
		return false
	}
	for i, e := range n.Exprs {
		if e.Op != expr.Column || e.Index != i || in[i].Name != n.Out.Fields[i].Name {
			return false
		}
	}
	return true
}

// absorb makes a filter above an inner join part of its condition, where a condition on times can
// bound what the join holds.
func absorb(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok {
			return n
		}
		j, ok := f.Input.(*plan.Join)
		if !ok || j.Type != join.Inner {
			return n
		}
		c := *j
		c.On = and(append(conjuncts(j.On), conjuncts(f.Predicate)...))
		return &c
	})
}
