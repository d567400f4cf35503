package physical

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators/group"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/windowing"
)

// aggregate groups in two phases, the first where the rows are; calls of distinct values and those
// whose states cannot be merged need all rows of a group in one place and one phase.
func (b *builder) aggregate(n *plan.Aggregate, in *graph.Node) (*graph.Node, error) {
	if t := plan.TraitsOf(n.Input); t.Unbounded {
		return b.changelogAggregate(n, in, t.Changelog)
	}
	spec := group.Spec{Keys: n.Keys, Calls: n.Calls, Phase: group.Single}
	if in.Parallelism == 1 {
		return b.chain(in, group.Kind, label(n, "HashAggregate(single, "), spec, n.Out), nil
	}
	if onePhase(n.Calls) {
		node := b.job.Add(group.Kind, label(n, "HashAggregate(single, "), spec, n.Out, exchange(in, n.Keys))
		node.Parallelism = parallelism(n.Keys)
		return node, nil
	}
	states, err := partialSchema(n.Input.Schema(), n.Keys, n.Calls)
	if err != nil {
		return nil, err
	}
	spec.Phase = group.Partial
	partial := b.chain(in, group.Kind, label(n, "HashAggregate(partial, "), spec, states)
	keys := make([]int, len(n.Keys))
	for i := range keys {
		keys[i] = i
	}
	spec.Keys, spec.Phase = keys, group.Final
	node := b.job.Add(group.Kind, label(n, "HashAggregate(final, "), spec, n.Out, exchange(partial, keys))
	node.Parallelism = parallelism(keys)
	return node, nil
}

// changelogAggregate groups rows without end and emits how the groups change. Calls over rows that
// may be taken back keep what they need to forget them.
func (b *builder) changelogAggregate(n *plan.Aggregate, in *graph.Node, retracted bool) (*graph.Node, error) {
	spec := group.Spec{Keys: n.Keys, Phase: group.Changelog}
	for _, c := range n.Calls {
		if retracted && !c.Forgets() {
			return nil, plan.Refuse(b.at, "changelog-input", c.Name)
		}
		call := *c
		call.Retract = retracted
		spec.Calls = append(spec.Calls, &call)
	}
	name := label(n, "HashAggregate(changelog, ")
	if in.Parallelism == 1 {
		return b.chain(in, group.Kind, name, spec, n.Out), nil
	}
	node := b.job.Add(group.Kind, name, spec, n.Out, exchange(in, n.Keys))
	node.Parallelism = parallelism(n.Keys)
	return node, nil
}

// exchange brings rows of equal keys together, all rows if there are no keys.
func exchange(in *graph.Node, keys []int) graph.Edge {
	if len(keys) == 0 {
		return gather(in)
	}
	return edge(in, graph.Hash, keys...)
}

func parallelism(keys []int) int {
	if len(keys) == 0 {
		return 1
	}
	return 0
}

// partialSchema has the keys and the states of the calls.
func partialSchema(in *columnar.Schema, keyColumns []int, calls []*expr.Aggregate) (*columnar.Schema, error) {
	out := in.Project(keyColumns)
	for i, c := range calls {
		types, err := aggregate.StateTypes([]*expr.Aggregate{c})
		if err != nil {
			return nil, fmt.Errorf("aggregate: %w", err)
		}
		for j, t := range types {
			out.Fields = append(out.Fields, columnar.Field{Name: fmt.Sprintf("state$%d$%d", i, j), Type: t})
		}
	}
	return out, nil
}

// windowAggregate groups by windows. Those that overlap are made of parts, whose states are merged.
func (b *builder) windowAggregate(n *plan.WindowAggregate, in *graph.Node) (*graph.Node, error) {
	processing := plan.Processes(n.Input, n.TimeColumn)
	if !b.job.Streaming && !plan.TraitsOf(n).Unbounded && !processing {
		return b.batchWindows(n, in)
	}
	overlap := n.Window.Slide < n.Window.Size
	for _, c := range n.Calls {
		if overlap && c.User != nil && !c.User.Merges {
			return nil, plan.Refuse(b.at, "merge", c.Name)
		}
		if overlap && c.Distinct {
			return nil, plan.Refuse(b.at, "hop-distinct", c)
		}
	}
	spec := windowing.AggregateSpec{
		Window: n.Window, TimeColumn: n.TimeColumn, Keys: n.Keys, Calls: n.Calls, Processing: processing,
	}
	spec.AtEnd = !spec.Processing && !slices.Contains(plan.TraitsOf(n.Input).Time, n.TimeColumn)
	node := b.job.Add(windowing.KindAggregate, n.String(), spec, n.Out, exchange(in, n.Keys))
	node.Parallelism = parallelism(n.Keys)
	return node, nil
}
