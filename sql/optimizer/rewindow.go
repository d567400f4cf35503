package optimizer

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/windowing"
)

// groupWindows makes GROUP BY window_end over rows of windows, such as the result of an aggregation by window,
// one more aggregation by window, so that its groups are complete, and forgotten, when their window ends.
func groupWindows(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		a, ok := n.(*plan.Aggregate)
		if !ok {
			return n
		}
		in, ok := traceWindow(a.Input)
		if !ok || !slices.ContainsFunc(a.Keys, func(k int) bool { return in.ends[k] }) {
			return n
		}
		agg := plan.NewWindowAggregate(in.node, endWindow(in.window), in.time, a.Keys, a.Calls)
		return &plan.Project{Input: agg, Exprs: plan.Cols(agg)[:plan.Width(a)], Out: a.Out}
	})
}

// endWindow are tumbling windows each of which has the window_time of one window of w: those end
// a slide apart, whatever their size.
func endWindow(w windowing.Window) windowing.Window {
	return windowing.Window{Size: w.Slide, Slide: w.Slide, Offset: (w.Offset + w.Size) % w.Slide}
}

// windowTrace is a relation of rows of windows.
type windowTrace struct {
	node   plan.Node // the relation, perhaps with its window_time as a further column
	time   int       // the column window_time
	ends   []bool    // by column: it is window_end or window_time
	window windowing.Window
}

// traceWindow follows projections, filters and rankings within windows down to rows that got a window.
func traceWindow(n plan.Node) (t windowTrace, ok bool) {
	switch n := n.(type) {
	case *plan.WindowAggregate:
		return windowsOf(n, n.Window, n.Input, n.TimeColumn)
	case *plan.Window:
		return windowsOf(n, n.Window, n.Input, n.TimeColumn)
	case *plan.Rank:
		if t, ok = traceWindow(n.Input); !ok || plan.TraitsOf(n).Changelog {
			return t, false
		}
		return t.rank(n), true
	case *plan.Filter:
		if t, ok = traceWindow(n.Input); ok {
			t.node = n.WithInputs(t.node)
		}
		return t, ok
	case *plan.Project:
		if t, ok = traceWindow(n.Input); ok {
			t = t.project(n)
		}
		return t, ok
	}
	return t, false
}

// windowsOf is the trace of a node that appends windows by the time in a column of its input; ok is false where no
// watermark tells when they are complete.
func windowsOf(n plan.Node, w windowing.Window, input plan.Node, column int) (t windowTrace, ok bool) {
	if plan.Processes(input, column) {
		return t, false
	}
	width := plan.Width(n)
	t = windowTrace{node: n, time: width - 1, ends: make([]bool, width), window: w}
	t.ends[width-2], t.ends[width-1] = true, true
	return t, true
}

// rank is the trace of a ranking of t with window_time behind its columns.
func (t windowTrace) rank(n *plan.Rank) windowTrace {
	width := plan.Width(n.Input)
	ranked := n.WithInputs(t.node)
	columns := plan.Cols(ranked)
	kept := slices.Clone(columns[:width])
	if n.Number {
		kept = append(kept, columns[len(columns)-1])
	}
	ends := append(slices.Clone(t.ends[:width]), make([]bool, len(kept)-width+1)...)
	ends[len(kept)] = true
	exprs := append(kept, columns[t.time])
	names := make([]string, len(exprs))
	for i, e := range exprs {
		names[i] = ranked.Schema().Fields[e.Index].Name
	}
	return windowTrace{node: plan.NewProject(ranked, exprs, names), time: len(kept), ends: ends, window: t.window}
}

// project is the trace of a projection of t with window_time behind its columns.
func (t windowTrace) project(p *plan.Project) windowTrace {
	ends := make([]bool, len(p.Exprs), len(p.Exprs)+1)
	for i, e := range p.Exprs {
		ends[i] = e.Op == expr.Column && t.ends[e.Index]
	}
	exprs := append(slices.Clone(p.Exprs), plan.Col(t.node, t.time))
	names := append(p.Out.Names(), t.node.Schema().Fields[t.time].Name)
	return windowTrace{node: plan.NewProject(t.node, exprs, names), time: len(p.Exprs), ends: append(ends, true), window: t.window}
}
