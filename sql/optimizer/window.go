package optimizer

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// windowAggregate makes GROUP BY window_start, window_end over a window assignment one node,
// which keeps a state per window instead of a copy of each row per window.
func windowAggregate(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok {
			if w := overWindow(a); w != nil {
				return w
			}
		}
		return n
	})
}

// overWindow is the rule for one aggregation, nil where it does not apply.
func overWindow(a *plan.Aggregate) plan.Node {
	input, exprs := a.Input, plan.Cols(a.Input)
	if p, ok := input.(*plan.Project); ok {
		input, exprs = p.Input, p.Exprs
	}
	var only *expr.Expr
	if f, ok := input.(*plan.Filter); ok {
		input, only = f.Input, f.Predicate
	}
	w, ok := input.(*plan.Window)
	if !ok || only != nil && !within(only, plan.Width(w)-3, plan.Width(w)) {
		return nil
	}
	first := plan.Width(w) - 3 // window_start, then window_end and window_time
	// parts are the window columns behind each key, -1 for a key of the row.
	parts := make([]int, len(a.Keys))
	var rowKeys []*expr.Expr
	for i, k := range a.Keys {
		parts[i] = -1
		e := exprs[k]
		switch {
		case e.Op == expr.Column && e.Index >= first:
			parts[i] = e.Index - first
		case within(e, 0, first):
			rowKeys = append(rowKeys, e)
		default:
			return nil
		}
	}
	if !slices.Contains(parts, 0) || !slices.Contains(parts, 1) {
		return nil
	}
	for _, c := range a.Calls {
		for _, e := range append(slices.Clone(c.Args), c.Filter) {
			if e != nil && !within(substitute(e, exprs), 0, first) {
				return nil
			}
		}
	}
	return windowed(a, w, only, exprs, parts, rowKeys)
}

// windowed builds the aggregation over the input of the window assignment and puts the columns
// in the order of the old one; only is a condition on the window.
func windowed(a *plan.Aggregate, w *plan.Window, only *expr.Expr, exprs []*expr.Expr, parts []int, rowKeys []*expr.Expr) plan.Node {
	in, keys := withKeys(w.Input, rowKeys)
	calls := mapCalls(a.Calls, func(e *expr.Expr) *expr.Expr { return substitute(e, exprs) })
	agg := plan.NewWindowAggregate(in, w.Window, w.TimeColumn, keys, calls)
	out := &plan.Project{Input: agg, Out: &columnar.Schema{Fields: a.Out.Fields}}
	if only != nil {
		// What is asked of the window can be asked of its group as well.
		out.Input = filtered(agg, []*expr.Expr{shift(only, len(keys)+len(calls)-(plan.Width(w)-3))})
	}
	next := 0
	for _, part := range parts {
		if part >= 0 {
			out.Exprs = append(out.Exprs, plan.Col(agg, len(keys)+len(calls)+part))
			continue
		}
		out.Exprs = append(out.Exprs, plan.Col(agg, next))
		next++
	}
	for i := range calls {
		out.Exprs = append(out.Exprs, plan.Col(agg, len(keys)+i))
	}
	return out
}
