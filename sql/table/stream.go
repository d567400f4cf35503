package table

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/stream"
)

// TimeColumn is the column of a stream's table that has its event times, if the stream has some; windows
// take it.
const TimeColumn = "event_time"

// FromStream gives a stream a name, under which queries of ToStream and statements of Insert into a job of
// the stream's environment read it. Its columns are those of T and TimeColumn.
func FromStream[T any](e *Env, name string, s *stream.Stream[T]) error {
	_, table := e.session.Catalog.Table(name)
	_, view := e.session.Catalog.View(name)
	if table || view || e.session.Streams[name] != nil {
		return fmt.Errorf("there is a table, view or stream %q already", name)
	}
	shape := s.Shape()
	x := &plan.External{Name: name, Out: &columnar.Schema{Fields: slices.Clone(shape.Schema.Fields)}, Unbounded: !shape.Bounded, TimeColumn: -1, Sole: shape.Sole}
	if shape.Timed {
		x.TimeColumn = len(x.Out.Fields) - 1
		x.Out.Fields[x.TimeColumn].Name = TimeColumn
	}
	if e.streams == nil {
		e.streams, e.session.Streams = map[string]stream.AnyStream{}, map[string]*plan.External{}
	}
	e.streams[x.String()], e.session.Streams[name] = s, x
	return nil
}

// ToStream is the rows of a query over tables, views and streams as a stream of the job to, which runs it;
// see Collect for T. A query that takes rows back, such as a GROUP BY of a table without end and without
// windows, is refused. The stream has no event times: see stream.AssignTimestamps.
func ToStream[T any](e *Env, to *stream.Env, query string) (*stream.Stream[T], error) {
	planned, err := e.plan(query)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(planned.Optimized, func(n plan.Node) bool { return plan.TraitsOf(n).Changelog }) {
		return nil, errors.New("the query takes rows back, which a stream cannot; group by windows or write it to a table that takes changes")
	}
	job := planned.Job
	at := slices.IndexFunc(job.Nodes, func(n *graph.Node) bool { return n.UID == planned.CollectUID })
	if at != len(job.Nodes)-1 {
		return nil, fmt.Errorf("the query's result is node %d of %d", at, len(job.Nodes))
	}
	from := job.Nodes[job.Nodes[at].Inputs[0].From]
	job.Nodes = job.Nodes[:at]
	exprs, out, err := columnsOf[T](from.Schema)
	if err != nil {
		return nil, err
	}
	project := job.Add(operators.KindProject, "Project(rows)", operators.ProjectSpec{Exprs: exprs}, out,
		graph.Edge{From: from.ID, Partition: graph.Partitioning{Scheme: graph.Forward}})
	project.Parallelism = from.Parallelism
	return stream.Grafted[T](to, e.graftOf(planned, project.ID), !planned.Unbounded), nil
}

// Insert adds INSERT statements, or one statement set, over tables, views and streams to the job to, which
// runs them.
func (e *Env) Insert(to *stream.Env, script string) error {
	statements, err := parser.Parse(script)
	if err != nil {
		return err
	}
	for _, s := range statements {
		switch s.(type) {
		case *ast.Insert, *ast.StatementSet:
		default:
			return ast.Errorf(s, ast.ClassSemantic, "Insert takes INSERT statements only").Locate(script)
		}
		planned, err := e.session.Plan(s, script)
		if err != nil {
			return err
		}
		to.AddGraft(e.graftOf(planned, -1))
	}
	return nil
}

func (e *Env) graftOf(p *session.Planned, output int) *stream.Graft {
	if e.env == nil {
		e.env = e.runner.Environment()
	}
	return &stream.Graft{Nodes: p.Job.Nodes, Output: output, Streams: e.streams, Connectors: e.session.Registry, Env: e.env}
}

// columnsOf are the columns of T, taken by name from those of a query, or the only one.
func columnsOf[T any](schema *columnar.Schema) ([]*expr.Expr, *columnar.Schema, error) {
	t := reflect.TypeFor[T]()
	c, err := govalue.Of(t)
	if err != nil {
		return nil, nil, err
	}
	fields := c.Columns("")
	out, exprs := &columnar.Schema{}, []*expr.Expr{}
	for _, f := range fields {
		i := schema.Index(f.Name)
		if len(schema.Fields) == 1 && len(fields) == 1 {
			i = 0
		}
		if i < 0 {
			return nil, nil, fmt.Errorf("the query has no column %q for %s; it has %q", f.Name, t, schema.Names())
		}
		from := schema.Fields[i]
		e, err := expr.NewArgument(expr.Col(i, from.Name, from.Type), f.Type)
		if err != nil {
			return nil, nil, fmt.Errorf("column %q is %s, and %s takes %s there", from.Name, from.Type.Nullable(), t, f.Type.Nullable())
		}
		exprs = append(exprs, e)
		out.Fields = append(out.Fields, columnar.Field{Name: f.Name, Type: e.Type})
	}
	return exprs, out, nil
}
