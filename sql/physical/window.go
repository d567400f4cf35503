package physical

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/group"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/windowing"
)

// batchWindows groups rows that end by window as by any other key. Where states can be merged, rows are
// grouped by slice first, of which windows are made, so that no row is copied for each of its windows.
func (b *builder) batchWindows(n *plan.WindowAggregate, in *graph.Node) (*graph.Node, error) {
	keys := len(n.Keys)
	spec := group.Spec{Calls: n.Calls, Phase: group.Single}
	if onePhase(n.Calls) {
		all := b.assign(in, n.Window, n.TimeColumn)
		width := len(in.Schema.Fields)
		spec.Keys = append(append(spec.Keys, n.Keys...), width, width+1, width+2)
		return b.ofWindows(n, b.batchGroups(n, all, spec)), nil
	}
	sliced := b.assign(in, n.Window.Slices(), n.TimeColumn)
	partialKeys := append(append([]int(nil), n.Keys...), len(in.Schema.Fields))
	states, err := partialSchema(sliced.Schema, partialKeys, n.Calls)
	if err != nil {
		return nil, err
	}
	spec.Keys, spec.Phase = partialKeys, group.Partial
	name := "HashAggregate(partial, " + groupText(states, keys+1, n.Calls)
	windows := b.assign(b.chain(sliced, group.Kind, name, spec, states), n.Window, keys)
	width := len(states.Fields)
	order := append(upTo(keys), width, width+1, width+2)
	for c := keys + 1; c < width; c++ {
		order = append(order, c)
	}
	spec.Keys, spec.Phase = upTo(keys+3), group.Final
	return b.ofWindows(n, b.batchGroups(n, b.reorder(windows, windows.Schema.Project(order), order), spec)), nil
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// assign appends window columns to rows where they are.
func (b *builder) assign(in *graph.Node, w windowing.Window, timeColumn int) *graph.Node {
	out := &columnar.Schema{Fields: append([]columnar.Field(nil), in.Schema.Fields...)}
	out.Fields = append(out.Fields, plan.WindowFields(in.Schema.Fields[timeColumn].Type)...)
	name := fmt.Sprintf("Window(%s, time=%s)", plan.WindowString(w), in.Schema.Fields[timeColumn].Name)
	return b.chain(in, windowing.KindAssign, name, windowing.AssignSpec{Window: w, TimeColumn: timeColumn}, out)
}

// reorder passes columns on in another order.
func (b *builder) reorder(in *graph.Node, out *columnar.Schema, order []int) *graph.Node {
	exprs := make([]*expr.Expr, len(order))
	for i, c := range order {
		f := in.Schema.Fields[c]
		exprs[i] = expr.Col(c, f.Name, f.Type)
	}
	return b.chain(in, operators.KindProject, fmt.Sprintf("Project(%s)", strings.Join(out.Names(), ", ")), operators.ProjectSpec{Exprs: exprs}, out)
}

// batchGroups brings rows of equal keys together and groups them: keys, the window's columns last among
// them, then results.
func (b *builder) batchGroups(n *plan.WindowAggregate, in *graph.Node, spec group.Spec) *graph.Node {
	keys, calls := len(n.Keys), len(n.Calls)
	order := append(upTo(keys), keys+calls, keys+calls+1, keys+calls+2)
	for c := range calls {
		order = append(order, keys+c)
	}
	out := n.Out.Project(order)
	name := fmt.Sprintf("HashAggregate(%s, %s", spec.Phase, groupText(out, keys+3, n.Calls))
	return b.job.Add(group.Kind, name, spec, out, exchange(in, spec.Keys))
}

// ofWindows puts the columns of groups in the order of n.
func (b *builder) ofWindows(n *plan.WindowAggregate, in *graph.Node) *graph.Node {
	keys := len(n.Keys)
	order := upTo(keys)
	for c := range n.Calls {
		order = append(order, keys+3+c)
	}
	return b.reorder(in, n.Out, append(order, keys, keys+1, keys+2))
}

func groupText(s *columnar.Schema, keys int, calls []*expr.Aggregate) string {
	return fmt.Sprintf("keys=[%s], calls=%v)", strings.Join(s.Names()[:keys], ", "), calls)
}
