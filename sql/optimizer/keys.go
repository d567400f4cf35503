package optimizer

import (
	"fmt"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// keyed makes a join of new inputs on conditions: equalities between the sides become keys, the
// others stay conditions. Keys that are not columns are computed below the join.
func keyed(n *plan.Join, left, right plan.Node, on []*expr.Expr) plan.Node {
	lw, rw := plan.Width(left), plan.Width(right)
	var ls, rs, rest []*expr.Expr
	for _, e := range on {
		if l, r := sides(e, lw, lw+rw); l != nil {
			ls, rs = append(ls, l), append(rs, shift(r, -lw))
		} else if !isTrue(e) {
			rest = append(rest, e)
		}
	}
	newLeft, lk := withKeys(left, ls)
	newRight, rk := withKeys(right, rs)
	extra := plan.Width(newLeft) - lw
	// The condition counts right columns behind all left ones, computed keys included.
	for i, e := range rest {
		rest[i] = e.Remap(func(c int) int {
			if c >= lw {
				return c + extra
			}
			return c
		})
	}
	j := plan.NewJoin(n.Type, newLeft, newRight, and(rest))
	j.LeftKeys, j.RightKeys = lk, rk
	return dropKeys(j, lw, rw, extra)
}

// sides splits an equality into its part over the left columns and that over the right ones.
func sides(e *expr.Expr, left, both int) (l, r *expr.Expr) {
	if !isCall(e, "=") || !movable(e) || !e.Args[0].Type.SameValues(e.Args[1].Type) {
		return nil, nil
	}
	a, b := e.Args[0], e.Args[1]
	if len(a.Columns()) == 0 || len(b.Columns()) == 0 {
		return nil, nil
	}
	switch {
	case within(a, 0, left) && within(b, left, both):
		return a, b
	case within(b, 0, left) && within(a, left, both):
		return b, a
	}
	return nil, nil
}

// withKeys is n with a column for each key.
func withKeys(n plan.Node, keys []*expr.Expr) (plan.Node, []int) {
	exprs, names := plan.Cols(n), n.Schema().Names()
	at := make([]int, len(keys))
	for i, k := range keys {
		if k.Op == expr.Column {
			at[i] = k.Index
			continue
		}
		at[i] = len(exprs)
		exprs, names = append(exprs, k), append(names, fmt.Sprint(k))
	}
	if len(exprs) == plan.Width(n) {
		return n, at
	}
	return plan.NewProject(n, exprs, names), at
}

// dropKeys takes computed keys out of the output of a join.
func dropKeys(j *plan.Join, left, right, extra int) plan.Node {
	width := left
	if !j.LeftOnly() {
		width += right
	}
	if plan.Width(j) == width {
		return j
	}
	cols := plan.Cols(j)
	exprs := append([]*expr.Expr{}, cols[:left]...)
	if !j.LeftOnly() {
		exprs = append(exprs, cols[left+extra:left+extra+right]...)
	}
	names := make([]string, len(exprs))
	for i, e := range exprs {
		names[i] = e.Name
	}
	return plan.NewProject(j, exprs, names)
}
