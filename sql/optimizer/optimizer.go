package optimizer

import "github.com/anabranch/anabranch/sql/plan"

// Optimize rewrites a plan.
func Optimize(n plan.Node) plan.Node {
	// Merging first brings projections out of the way of joins and windows; pruning last sees
	// what the others left.
	for _, rule := range []func(plan.Node) plan.Node{
		fold, merge, pushDown, merge, distinctOnce, merge, windowAggregate, groupWindows, topN, prune, merge, absorb,
	} {
		n = rule(n)
	}
	return n
}

// rewrite replaces every node of a plan by what f returns for it, inputs first.
func rewrite(n plan.Node, f func(plan.Node) plan.Node) plan.Node {
	inputs := n.Inputs()
	changed := false
	next := make([]plan.Node, len(inputs))
	for i, in := range inputs {
		next[i] = rewrite(in, f)
		changed = changed || next[i] != in
	}
	if changed {
		n = n.WithInputs(next...)
	}
	return f(n)
}
