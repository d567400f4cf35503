package physical

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/optimizer"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/windowing"
)

// builder turns plans into nodes of one job.
type builder struct {
	job      *graph.Job
	at       ast.Node     // the statement, where refusals point
	volatile map[int]bool // ids of nodes with expressions that may give another value each time
	endless  map[int]bool // ids of nodes that read without end
}

// root adds a plan and the node that its rows go to.
func (b *builder) root(r Root) error {
	b.at = r.At
	in, err := b.build(r.Plan)
	if err != nil {
		return err
	}
	switch {
	case r.Sink == nil:
		node := b.job.Add(operators.KindCollect, "Collect", operators.CollectSpec{}, in.Schema, gather(in))
		node.Parallelism = 1
	case r.Alone:
		sink := b.job.Add(operators.KindSink, "Sink("+r.Sink.Name+")", operators.SinkSpec{Table: r.Sink}, in.Schema, gather(in))
		sink.Parallelism = 1
	default:
		sink := b.job.Add(operators.KindSink, "Sink("+r.Sink.Name+")", operators.SinkSpec{Table: r.Sink}, in.Schema, forward(in))
		sink.Parallelism = in.Parallelism
	}
	return nil
}

func edge(from *graph.Node, scheme graph.Scheme, keys ...int) graph.Edge {
	return graph.Edge{From: from.ID, Partition: graph.Partitioning{Scheme: scheme, Keys: keys}}
}

func forward(from *graph.Node) graph.Edge { return edge(from, graph.Forward) }

// gather brings all rows into one subtask.
func gather(from *graph.Node) graph.Edge {
	if from.Parallelism == 1 {
		return forward(from)
	}
	return edge(from, graph.Single)
}

// chain adds a node that works on each subtask's rows where they are.
func (b *builder) chain(in *graph.Node, kind graph.Kind, name string, spec any, out *columnar.Schema) *graph.Node {
	n := b.job.Add(kind, name, spec, out, forward(in))
	n.Parallelism = in.Parallelism
	return n
}

func (b *builder) build(n plan.Node) (*graph.Node, error) {
	if plan.TooDeep(n) {
		return nil, plan.Refuse(b.at, "deep")
	}
	inputs := make([]*graph.Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		var err error
		if inputs[i], err = b.build(in); err != nil {
			return nil, err
		}
	}
	first := len(b.job.Nodes)
	node, err := b.node(n, inputs)
	for id := first; id < len(b.job.Nodes) && optimizer.Volatile(n); id++ {
		b.volatile[id] = true
	}
	return node, err
}

// node adds those of n, which read inputs, and returns the last.
func (b *builder) node(n plan.Node, inputs []*graph.Node) (*graph.Node, error) {
	if what := appendOnly(n); what != "" && slices.ContainsFunc(n.Inputs(), isChangelog) {
		return nil, plan.Refuse(b.at, "changelog-input", what)
	}
	switch n := n.(type) {
	case *plan.Scan:
		spec := operators.SourceSpec{Table: n.Table, Project: n.Project, Watermark: n.Watermark}
		spec.Request.Columns, spec.Request.Filter = n.Columns, n.Filter
		node := b.job.Add(operators.KindSource, n.String(), spec, n.Out)
		b.endless[node.ID] = n.Unbounded
		return node, nil
	case *plan.External:
		node := b.job.Add(operators.KindExternal, n.String(), operators.ExternalSpec{}, n.Out)
		b.endless[node.ID] = n.Unbounded
		if n.Sole {
			node.Parallelism = 1
		}
		return node, nil
	case *plan.Values:
		node := b.job.Add(operators.KindValues, n.String(), operators.ValuesSpec{Rows: n.Rows}, n.Out)
		node.Parallelism = 1
		return node, nil
	case *plan.Filter:
		return b.chain(inputs[0], operators.KindFilter, n.String(), operators.FilterSpec{Predicate: n.Predicate}, n.Schema()), nil
	case *plan.Project:
		return b.chain(inputs[0], operators.KindProject, n.String(), operators.ProjectSpec{Exprs: n.Exprs}, n.Out), nil
	case *plan.Correlate:
		if n.Call.User.Volatile && isChangelog(n.Input) {
			return nil, plan.Refuse(b.at, "lateral-changes", n.Call.Name)
		}
		return b.chain(inputs[0], operators.KindCorrelate, n.String(), operators.CorrelateSpec{Call: n.Call, Outer: n.Outer}, n.Out), nil
	case *plan.Window:
		if plan.Processes(n.Input, n.TimeColumn) {
			return nil, plan.Refuse(b.at, "processing-window")
		}
		spec := windowing.AssignSpec{Window: n.Window, TimeColumn: n.TimeColumn}
		return b.chain(inputs[0], windowing.KindAssign, n.String(), spec, n.Out), nil
	case *plan.Normalize:
		return b.normalize(n, inputs[0]), nil
	case *plan.Repeat:
		return b.chain(inputs[0], operators.KindRepeat, n.String(), operators.RepeatSpec{}, n.Schema()), nil
	case *plan.Union:
		return b.union(n, inputs), nil
	case *plan.Join:
		return b.join(n, inputs[0], inputs[1]), nil
	case *plan.Rank:
		return b.rank(n, inputs[0])
	case *plan.Sort:
		if t := plan.TraitsOf(n); t.Unbounded {
			return b.topN(n, inputs[0], t.Changelog)
		}
	case *plan.Limit:
		if t := plan.TraitsOf(n); t.Changelog {
			return nil, plan.Refuse(b.at, "unbounded-limit")
		}
	}
	return b.blocking(n, inputs[0])
}

// appendOnly names a node whose operator cannot take rows back; "" for the others.
func appendOnly(n plan.Node) string {
	switch n.(type) {
	case *plan.Window, *plan.WindowAggregate:
		return "a window"
	}
	return ""
}

func isChangelog(n plan.Node) bool { return plan.TraitsOf(n).Changelog }

// blocking builds the nodes that see all rows before they answer.
func (b *builder) blocking(n plan.Node, in *graph.Node) (*graph.Node, error) {
	switch n := n.(type) {
	case *plan.Aggregate:
		return b.aggregate(n, in)
	case *plan.WindowAggregate:
		return b.windowAggregate(n, in)
	case *plan.Materialize:
		return b.materialize(n, in), nil
	case *plan.Sort:
		return b.sort(n, in), nil
	case *plan.Limit:
		return b.limit(n, in), nil
	}
	return nil, fmt.Errorf("no operator for %s", n)
}

// materialize brings equal rows together.
func (b *builder) materialize(n *plan.Materialize, in *graph.Node) *graph.Node {
	if in.Parallelism == 1 {
		return b.chain(in, order.KindMaterialize, n.String(), order.MaterializeSpec{}, n.Schema())
	}
	return b.job.Add(order.KindMaterialize, n.String(), order.MaterializeSpec{}, n.Schema(), edge(in, graph.Hash, allColumns(n)...))
}

func allColumns(n plan.Node) []int {
	all := make([]int, plan.Width(n))
	for c := range all {
		all[c] = c
	}
	return all
}

// union reads all inputs. Where they have different numbers of subtasks rows move; those of a
// changelog go by what they hold, so that a row is never taken back before it comes.
func (b *builder) union(n *plan.Union, inputs []*graph.Node) *graph.Node {
	same := true
	for _, in := range inputs {
		same = same && in.Parallelism == inputs[0].Parallelism
	}
	edges := make([]graph.Edge, len(inputs))
	for i, in := range inputs {
		edges[i] = forward(in)
		if !same && isChangelog(n) {
			edges[i] = edge(in, graph.Hash, allColumns(n)...)
		} else if !same {
			edges[i] = edge(in, graph.Rebalance)
		}
	}
	node := b.job.Add(operators.KindUnion, "Union", operators.UnionSpec{}, n.Out, edges...)
	if same {
		node.Parallelism = inputs[0].Parallelism
	}
	return node
}

// sort orders all rows in one subtask; a limit first cuts each subtask's rows.
func (b *builder) sort(n *plan.Sort, in *graph.Node) *graph.Node {
	spec := order.SortSpec{Keys: n.Keys, Limit: n.Limit, Offset: n.Offset}
	kind := "Sort"
	if n.Limit != nil {
		kind = "TopN"
		if in.Parallelism != 1 {
			first := *n.Limit + n.Offset
			local := &plan.Sort{Input: n.Input, Keys: n.Keys, Limit: &first}
			in = b.chain(in, order.KindSort, label(local, "TopN(local, "),
				order.SortSpec{Keys: n.Keys, Limit: &first}, n.Schema())
		}
	}
	node := b.job.Add(order.KindSort, label(n, kind+"("), spec, n.Schema(), gather(in))
	node.Parallelism = 1
	return node
}

// label is a node's line with another beginning.
func label(n plan.Node, begin string) string {
	text := n.String()
	for i := range text {
		if text[i] == '(' {
			return begin + text[i+1:]
		}
	}
	return text
}

func (b *builder) limit(n *plan.Limit, in *graph.Node) *graph.Node {
	if n.Limit != nil && in.Parallelism != 1 {
		first := *n.Limit + n.Offset
		local := &plan.Limit{Input: n.Input, Limit: &first}
		in = b.chain(in, order.KindLimit, label(local, "Limit(local, "), order.LimitSpec{Limit: &first}, n.Schema())
	}
	node := b.job.Add(order.KindLimit, n.String(), order.LimitSpec{Limit: n.Limit, Offset: n.Offset}, n.Schema(), gather(in))
	node.Parallelism = 1
	return node
}

// onePhase reports whether a call needs all rows of a group in one place.
func onePhase(calls []*expr.Aggregate) bool {
	return slices.ContainsFunc(calls, func(c *expr.Aggregate) bool { return c.Distinct || c.User != nil && !c.User.Merges })
}
