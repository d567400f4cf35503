package optimizer

import "github.com/anabranch/anabranch/sql/plan"

// topN makes a limit over a sort part of the sort, which then keeps few rows.
func topN(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		l, ok := n.(*plan.Limit)
		if !ok {
			return n
		}
		s, ok := l.Input.(*plan.Sort)
		if !ok || s.Limit != nil {
			return n
		}
		return &plan.Sort{Input: s.Input, Keys: s.Keys, Limit: l.Limit, Offset: l.Offset}
	})
}
