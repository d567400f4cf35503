package plan

import (
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// Node is one relation of a plan.
type Node interface {
	Schema() *columnar.Schema
	Inputs() []Node
	// WithInputs is the node over other inputs, whose schemas hold the columns it refers to.
	WithInputs(inputs ...Node) Node
	// String is the node's own line of a printed plan.
	String() string
}

// Scan reads a table.
type Scan struct {
	Table *catalog.TableSpec
	// Columns are the positions of the columns to read in the table's physical schema.
	Columns []int
	// Filter, over the physical schema, lets a reader leave rows out.
	Filter []*expr.Expr
	// Project computes the output from the columns read; nil passes those on.
	Project []*expr.Expr
	// Watermark, over the output columns, is the bound below which no later row will be; nil: none.
	Watermark *expr.Expr
	// TimeColumn is the output column that is the row's event time, -1 for none.
	TimeColumn int
	Unbounded  bool
	// Rows is the number of rows the source expects, -1 if it does not know.
	Rows int64
	// Extent says how much of the table is read, for EXPLAIN; it is no part of the plan, because it
	// may be another each time.
	Extent string
	Out    *columnar.Schema
}

// Schema is the output schema.
func (s *Scan) Schema() *columnar.Schema { return s.Out }

// Inputs are none.
func (s *Scan) Inputs() []Node { return nil }

// WithInputs is the node itself.
func (s *Scan) WithInputs(...Node) Node { return s }

// Physical is the position in the table's physical schema of an output column, -1 for one that
// is computed.
func (s *Scan) Physical(column int) int {
	if s.Project == nil {
		return s.Columns[column]
	}
	if e := s.Project[column]; e.Op == expr.Column {
		return s.Columns[e.Index]
	}
	return -1
}

// Values are constant rows. Unbounded ones are planned as if more could come.
type Values struct {
	Rows      [][]*expr.Expr
	Out       *columnar.Schema
	Unbounded bool
}

// Schema is the output schema.
func (v *Values) Schema() *columnar.Schema { return v.Out }

// Inputs are none.
func (v *Values) Inputs() []Node { return nil }

// WithInputs is the node itself.
func (v *Values) WithInputs(...Node) Node { return v }

// Filter keeps the rows for which Predicate is true.
type Filter struct {
	Input     Node
	Predicate *expr.Expr
}

// Schema is that of the input.
func (f *Filter) Schema() *columnar.Schema { return f.Input.Schema() }

// Inputs is the one input.
func (f *Filter) Inputs() []Node { return []Node{f.Input} }

// WithInputs is the same filter over another input.
func (f *Filter) WithInputs(in ...Node) Node { return &Filter{Input: in[0], Predicate: f.Predicate} }

// Project computes the output columns.
type Project struct {
	Input Node
	Exprs []*expr.Expr
	Out   *columnar.Schema
}

// NewProject makes a projection; the types follow from the expressions.
func NewProject(input Node, exprs []*expr.Expr, names []string) *Project {
	out := &columnar.Schema{}
	for i, e := range exprs {
		out.Fields = append(out.Fields, columnar.Field{Name: names[i], Type: e.Type})
	}
	return &Project{Input: input, Exprs: exprs, Out: out}
}

// Schema is the output schema.
func (p *Project) Schema() *columnar.Schema { return p.Out }

// Inputs is the one input.
func (p *Project) Inputs() []Node { return []Node{p.Input} }

// WithInputs is the same projection over another input.
func (p *Project) WithInputs(in ...Node) Node {
	return &Project{Input: in[0], Exprs: p.Exprs, Out: p.Out}
}

// Col is column i of n as an expression.
func Col(n Node, i int) *expr.Expr {
	f := n.Schema().Fields[i]
	return expr.Col(i, f.Name, f.Type)
}

// OnlyNull reports whether column i of n is NULL as it was written, so that it takes any type.
func OnlyNull(n Node, i int) bool {
	p, ok := n.(*Project)
	if !ok {
		return false
	}
	e := p.Exprs[i]
	return e.IsNullConstant() || e.Op == expr.Column && OnlyNull(p.Input, e.Index)
}

// Cols are all columns of n as expressions.
func Cols(n Node) []*expr.Expr {
	cols := make([]*expr.Expr, len(n.Schema().Fields))
	for i := range cols {
		cols[i] = Col(n, i)
	}
	return cols
}

// Width is the number of columns of n.
func Width(n Node) int { return len(n.Schema().Fields) }
