package optimizer

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/plan"
)

// pushDown moves conditions towards the scans, and orders inner joins on the way.
func pushDown(n plan.Node) plan.Node { return push(n, nil) }

// push is n with conditions over its output put as far down as they go.
func push(n plan.Node, conditions []*expr.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		// Those below are checked first, so that what fails does so for no other row.
		return push(n.Input, append(conjuncts(n.Predicate), conditions...))
	case *plan.Project:
		return pushProject(n, conditions)
	case *plan.Join:
		return pushJoin(n, conditions)
	case *plan.Union:
		return pushUnion(n, conditions)
	case *plan.Aggregate:
		return pushAggregate(n, conditions)
	case *plan.Window:
		down, stay := split(conditions, func(e *expr.Expr) bool { return within(e, 0, plan.Width(n.Input)) })
		return filtered(n.WithInputs(push(n.Input, down)), stay)
	case *plan.Normalize:
		// A row without the values asked for may be the newest of its key.
		down, stay := split(conditions, func(e *expr.Expr) bool {
			return !slices.ContainsFunc(e.Columns(), func(c int) bool { return !slices.Contains(n.Keys, c) })
		})
		return filtered(n.WithInputs(push(n.Input, down)), stay)
	case *plan.Repeat:
		down, stay := split(conditions, func(*expr.Expr) bool { return true })
		return filtered(n.WithInputs(push(n.Input, down)), stay)
	case *plan.Correlate:
		down, stay := split(conditions, func(e *expr.Expr) bool { return within(e, 0, plan.Width(n.Input)) })
		return filtered(n.WithInputs(push(n.Input, down)), stay)
	case *plan.Rank:
		return pushRank(n, conditions)
	case *plan.Scan:
		return filtered(pushScan(n, conditions), conditions)
	case *plan.Sort:
		if n.Limit == nil {
			down, stay := split(conditions, func(*expr.Expr) bool { return true })
			return filtered(n.WithInputs(push(n.Input, down)), stay)
		}
	}
	inputs := make([]plan.Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		inputs[i] = push(in, nil)
	}
	if len(inputs) > 0 {
		n = n.WithInputs(inputs...)
	}
	return filtered(n, conditions)
}

// split tells conditions that move from those that stay. Behind one that may fail the others
// still move: they only spare it rows.
func split(conditions []*expr.Expr, fits func(*expr.Expr) bool) (down, stay []*expr.Expr) {
	for _, e := range conditions {
		if movable(e) && fits(e) {
			down = append(down, e)
		} else {
			stay = append(stay, e)
		}
	}
	return down, stay
}

func pushProject(n *plan.Project, conditions []*expr.Expr) plan.Node {
	var down, stay []*expr.Expr
	for _, e := range conditions {
		s := substitute(e, n.Exprs)
		// A condition that fails may come below a projection, which drops no row, but what the
		// projection computes must not fail earlier for it.
		if movable(s) {
			down = append(down, s)
		} else {
			stay = append(stay, e)
		}
	}
	return filtered(n.WithInputs(push(n.Input, down)), stay)
}

func pushUnion(n *plan.Union, conditions []*expr.Expr) plan.Node {
	down, stay := split(conditions, func(*expr.Expr) bool { return true })
	inputs := make([]plan.Node, len(n.All))
	for i, in := range n.All {
		inputs[i] = push(in, down)
	}
	return filtered(&plan.Union{All: inputs, Out: n.Out}, stay)
}

// pushAggregate moves conditions on keys below.
func pushAggregate(n *plan.Aggregate, conditions []*expr.Expr) plan.Node {
	down, stay := split(conditions, func(e *expr.Expr) bool {
		return len(n.Keys) > 0 && within(e, 0, len(n.Keys))
	})
	for i, e := range down {
		down[i] = e.Remap(func(c int) int { return n.Keys[c] })
	}
	return filtered(n.WithInputs(push(n.Input, down)), stay)
}

// pushScan tells the source what rows are wanted; the filter above stays.
func pushScan(n *plan.Scan, conditions []*expr.Expr) plan.Node {
	var wanted []*expr.Expr
	for _, e := range conditions {
		fits := movable(e)
		for _, c := range e.Columns() {
			fits = fits && n.Physical(c) >= 0
		}
		if fits && len(e.Columns()) > 0 {
			wanted = append(wanted, e.Remap(n.Physical))
		}
	}
	if len(wanted) == 0 {
		return n
	}
	c := *n
	c.Filter = append(slices.Clip(n.Filter), wanted...)
	return &c
}

// pushJoin splits the conditions of a join and those above it by side.
func pushJoin(n *plan.Join, above []*expr.Expr) plan.Node {
	left := plan.Width(n.Left)
	on := conjuncts(n.On)
	switch n.Type {
	case join.Inner:
		return orderJoins(n, above)
	case join.Left:
		if rejectsNulls(above, left) {
			return pushJoin(&plan.Join{Type: join.Inner, Left: n.Left, Right: n.Right, On: n.On, Out: n.Out}, above)
		}
		fallthrough
	case join.Semi, join.Anti:
		toLeft, stay := split(above, func(e *expr.Expr) bool { return within(e, 0, left) })
		toRight, rest := split(on, func(e *expr.Expr) bool { return within(e, left, left+plan.Width(n.Right)) })
		if n.Type == join.Semi {
			var more []*expr.Expr
			more, rest = split(rest, func(e *expr.Expr) bool { return within(e, 0, left) })
			toLeft = append(toLeft, more...)
		}
		return filtered(keyed(n, push(n.Left, toLeft), push(n.Right, shiftAll(toRight, -left)), rest), stay)
	case join.Right:
		toRight, stay := split(above, func(e *expr.Expr) bool { return within(e, left, plan.Width(n)) })
		toLeft, rest := split(on, func(e *expr.Expr) bool { return within(e, 0, left) })
		return filtered(keyed(n, push(n.Left, toLeft), push(n.Right, shiftAll(toRight, -left)), rest), stay)
	}
	return filtered(keyed(n, push(n.Left, nil), push(n.Right, nil), on), above)
}

func shiftAll(list []*expr.Expr, by int) []*expr.Expr {
	return mapAll(list, func(e *expr.Expr) *expr.Expr { return shift(e, by) })
}

// rejectsNulls reports whether a comparison of a column of the right side drops the rows that a
// left join fills with nulls.
func rejectsNulls(conditions []*expr.Expr, left int) bool {
	for _, e := range conditions {
		if e.Op != expr.Call || len(e.Args) != 2 || !movable(e) {
			continue
		}
		switch e.Name {
		case "=", "<>", "<", "<=", ">", ">=":
			for _, a := range e.Args {
				if strictIn(a, left) {
					return true
				}
			}
		}
	}
	return false
}

// strictIn reports whether an expression is a column of the right side or a cast of one.
func strictIn(e *expr.Expr, left int) bool {
	for e.Op == expr.Cast {
		e = e.Args[0]
	}
	return e.Op == expr.Column && e.Index >= left
}
