package stream

import (
	"errors"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler/binding"
)

// Graft is a part of a job that is made elsewhere, of SQL: package sql/table makes them.
type Graft struct {
	// Nodes are those of a valid graph. Where streams go in they have nodes of the kind
	// operators.KindExternal.
	Nodes []*graph.Node
	// Output is the position of the node whose rows come out; those of sinks have none and it is -1.
	Output int
	// Streams go in, by the names of the nodes that stand for them.
	Streams map[string]AnyStream
	// Connectors and Env are what the nodes need when they run; all grafts of a job have the same.
	Connectors binding.Registry
	Env        *expr.Env
}

// AnyStream is a Stream of rows of any type.
type AnyStream interface {
	// Shape is what those who plan with the stream's rows need to know.
	Shape() Shape
	output() *node
}

// Shape is how rows of a stream come.
type Shape struct {
	Schema  *columnar.Schema // the last column is the event time of a stream that has them
	Timed   bool
	Bounded bool // it ends by itself
	Sole    bool // one subtask has it
}

func (s *Stream[T]) output() *node { return s.node }

// Shape is what those who plan with the stream's rows need to know.
func (s *Stream[T]) Shape() Shape {
	return Shape{Schema: s.node.schema, Timed: s.timed, Bounded: s.node.bounded(), Sole: s.node.sole}
}

// bounded reports whether all sources that n reads end.
func (n *node) bounded() bool {
	if n.source != nil && !n.source.Bounded() {
		return false
	}
	if n.graft != nil && n.unbounded {
		return false
	}
	return !slices.ContainsFunc(n.inputs, func(in input) bool { return !in.from.bounded() })
}

// Grafted is the rows that come out of a graft, whose columns are those of T but for nulls. A null in a
// column of T that has none ends the job.
func Grafted[T any](e *Env, g *Graft, bounded bool) *Stream[T] {
	c := codecOf[T](e, "query")
	out := g.Nodes[g.Output]
	n := e.graft(g, out.Schema, bounded)
	n.sole = out.Parallelism == 1
	schema := columnar.NewSchema(c.Columns("")...)
	if !slices.EqualFunc(schema.Fields, out.Schema.Fields, sameGo) {
		e.fail(fmt.Errorf("query: its columns %v are not those of the rows, %v", out.Schema.Fields, schema.Fields))
	}
	checked := &node{kind: operators.KindFunction, what: "rows of query", sole: n.sole, schema: schema, inputs: []input{{from: n}}}
	checked.operator = func() dataflow.Operator { return &nullCheck{schema: schema, codec: c} }
	return &Stream[T]{node: e.add(checked, nil), codec: c}
}

// sameGo reports whether a column's values are those of another one of a Go type, which a time with or
// without a zone is.
func sameGo(a, b columnar.Field) bool {
	if a.Type.IsTimestamp() && b.Type.IsTimestamp() {
		return a.Type.Precision == b.Type.Precision
	}
	return a.Type.SameValues(b.Type)
}

// AddGraft adds a graft of sinks to the job.
func (e *Env) AddGraft(g *Graft) { e.graft(g, nil, true) }

func (e *Env) graft(g *Graft, schema *columnar.Schema, bounded bool) *node {
	if e.outside != nil && (e.outside.Env != g.Env || e.outside.Connectors != g.Connectors) {
		e.fail(errors.New("the job has parts of two table environments"))
	}
	e.outside = g
	n := &node{what: "query", graft: g, schema: schema, unbounded: !bounded}
	for _, o := range g.Nodes {
		if o.Kind == operators.KindExternal {
			n.inputs = append(n.inputs, input{from: g.Streams[o.Name].output()})
		}
	}
	return e.add(n, nil)
}

// placeGraft adds the nodes of a graft to the job and gives the one that comes out, the last of sinks.
func (p *plan) placeGraft(n *node, placed map[*node]*graph.Node) *graph.Node {
	ids := make([]int, len(n.graft.Nodes))
	streams := n.inputs
	var last *graph.Node
	for i, o := range n.graft.Nodes {
		c := *o
		c.Inputs = slices.Clone(o.Inputs)
		for k := range c.Inputs {
			c.Inputs[k].From = ids[c.Inputs[k].From]
		}
		if c.Kind == operators.KindExternal {
			// A union of one passes rows on as they are.
			from := placed[streams[0].from]
			streams = streams[1:]
			c.Kind, c.Inputs = operators.KindUnion, []graph.Edge{{From: from.ID, Partition: graph.Partitioning{Scheme: graph.Forward}}}
		}
		c.ID = len(p.job.Nodes)
		c.UID = fmt.Sprintf("%s-%d", c.Kind, c.ID)
		ids[i] = c.ID
		p.job.Nodes = append(p.job.Nodes, &c)
		if last == nil || i == n.graft.Output || n.graft.Output < 0 {
			last = &c
		}
	}
	return last
}

// nullCheck passes rows on that Go values can be made of: without nulls, and within the types.
type nullCheck struct {
	schema *columnar.Schema
	codec  *govalue.Codec
	live   govalue.Positions
}

var _ dataflow.Operator = (*nullCheck)(nil)

// Process looks for nulls in the columns that have none and values that their Go types have not.
func (o *nullCheck) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	for c, f := range o.schema.Fields {
		if v := b.Cols[c]; !f.Type.NotNull || v.Valid == nil {
			continue
		}
		for _, r := range o.live.Of(b) {
			if b.Cols[c].IsNull(int(r)) {
				return dataflow.Done, fmt.Errorf("column %q is null in a row; make its field a pointer", f.Name)
			}
		}
	}
	if err := o.codec.Check(b.Cols, o.live.Of(b)); err != nil {
		return dataflow.Done, err
	}
	own := &columnar.Batch{Schema: o.schema, Cols: b.Cols, Sel: b.Sel}
	own.SetLen(b.Len())
	return dataflow.Done, out.Emit(own)
}

// Close does nothing.
func (o *nullCheck) Close() error { return nil }
