package plan

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/windowing"
)

// Aggregate groups by the columns Keys and emits them followed by the results of Calls. Without
// keys it emits one row, also for no input; without calls it makes rows distinct.
type Aggregate struct {
	Input Node
	Keys  []int
	Calls []*expr.Aggregate
	Out   *columnar.Schema
}

// NewAggregate makes an aggregation.
func NewAggregate(input Node, keys []int, calls []*expr.Aggregate) *Aggregate {
	out := input.Schema().Project(keys)
	out.Fields = append(out.Fields, callFields(calls)...)
	return &Aggregate{Input: input, Keys: keys, Calls: calls, Out: out}
}

func callFields(calls []*expr.Aggregate) []columnar.Field {
	var fields []columnar.Field
	for _, c := range calls {
		fields = append(fields, columnar.Field{Name: c.String(), Type: c.Type})
	}
	return fields
}

// Schema has the keys, then the results.
func (a *Aggregate) Schema() *columnar.Schema { return a.Out }

// Inputs is the one input.
func (a *Aggregate) Inputs() []Node { return []Node{a.Input} }

// WithInputs is the same aggregation over another input.
func (a *Aggregate) WithInputs(in ...Node) Node {
	return &Aggregate{Input: in[0], Keys: a.Keys, Calls: a.Calls, Out: a.Out}
}

// Window appends window_start, window_end and window_time to each row, once for each window the
// row's time lies in.
type Window struct {
	Input      Node
	Window     windowing.Window
	TimeColumn int
	Out        *columnar.Schema
}

// NewWindow makes a window assignment.
func NewWindow(input Node, w windowing.Window, timeColumn int) *Window {
	out := &columnar.Schema{Fields: slices.Clone(input.Schema().Fields)}
	out.Fields = append(out.Fields, WindowFields(out.Fields[timeColumn].Type)...)
	return &Window{Input: input, Window: w, TimeColumn: timeColumn, Out: out}
}

// WindowFields are the columns of a window over a time column of a type.
func WindowFields(t columnar.Type) []columnar.Field {
	t = t.Required()
	return []columnar.Field{
		{Name: "window_start", Type: t},
		{Name: "window_end", Type: t},
		{Name: "window_time", Type: t},
	}
}

// Schema is the input's and three columns.
func (w *Window) Schema() *columnar.Schema { return w.Out }

// Inputs is the one input.
func (w *Window) Inputs() []Node { return []Node{w.Input} }

// WithInputs is the same assignment over another input.
func (w *Window) WithInputs(in ...Node) Node { return NewWindow(in[0], w.Window, w.TimeColumn) }

// WindowAggregate groups by window and the columns Keys; it emits the keys, the results of Calls
// and window_start, window_end and window_time when a window ends.
type WindowAggregate struct {
	Input      Node
	Window     windowing.Window
	TimeColumn int
	Keys       []int
	Calls      []*expr.Aggregate
	Out        *columnar.Schema
}

// NewWindowAggregate makes an aggregation by window.
func NewWindowAggregate(input Node, w windowing.Window, timeColumn int, keys []int, calls []*expr.Aggregate) *WindowAggregate {
	out := input.Schema().Project(keys)
	out.Fields = append(out.Fields, callFields(calls)...)
	out.Fields = append(out.Fields, WindowFields(input.Schema().Fields[timeColumn].Type)...)
	return &WindowAggregate{Input: input, Window: w, TimeColumn: timeColumn, Keys: keys, Calls: calls, Out: out}
}

// Schema has the keys, the results and the window.
func (w *WindowAggregate) Schema() *columnar.Schema { return w.Out }

// Inputs is the one input.
func (w *WindowAggregate) Inputs() []Node { return []Node{w.Input} }

// WithInputs is the same aggregation over another input.
func (w *WindowAggregate) WithInputs(in ...Node) Node {
	c := *w
	c.Input = in[0]
	return &c
}

// Join combines two inputs. Pairs match when LeftKeys[i] = RightKeys[i] for all i and On, over
// the left columns followed by the right ones, is true; nil is no further condition.
type Join struct {
	Type                join.Type
	Left, Right         Node
	LeftKeys, RightKeys []int
	On                  *expr.Expr
	Out                 *columnar.Schema
}

// NewJoin makes a join without keys.
func NewJoin(t join.Type, left, right Node, on *expr.Expr) *Join {
	j := &Join{Type: t, Left: left, Right: right, On: on}
	j.Out = j.schema()
	return j
}

func (j *Join) schema() *columnar.Schema {
	out := &columnar.Schema{}
	for _, f := range j.Left.Schema().Fields {
		f.Type.NotNull = f.Type.NotNull && j.Type != join.Right && j.Type != join.Full
		out.Fields = append(out.Fields, f)
	}
	if j.LeftOnly() {
		return out
	}
	for _, f := range j.Right.Schema().Fields {
		f.Type.NotNull = f.Type.NotNull && j.Type != join.Left && j.Type != join.Full
		out.Fields = append(out.Fields, f)
	}
	return out
}

// LeftOnly reports whether the join emits the left columns only.
func (j *Join) LeftOnly() bool { return j.Type == join.Semi || j.Type == join.Anti }

// Schema has the left columns, then the right ones unless the join is semi or anti.
func (j *Join) Schema() *columnar.Schema { return j.Out }

// Inputs are left and right.
func (j *Join) Inputs() []Node { return []Node{j.Left, j.Right} }

// WithInputs is the same join of other inputs.
func (j *Join) WithInputs(in ...Node) Node {
	c := *j
	c.Left, c.Right = in[0], in[1]
	c.Out = c.schema()
	return &c
}

// Sort orders rows; with a Limit only the first ones after Offset stay.
type Sort struct {
	Input  Node
	Keys   []order.Key
	Limit  *int64
	Offset int64
}

// Schema is that of the input.
func (s *Sort) Schema() *columnar.Schema { return s.Input.Schema() }

// Inputs is the one input.
func (s *Sort) Inputs() []Node { return []Node{s.Input} }

// WithInputs is the same order over another input.
func (s *Sort) WithInputs(in ...Node) Node {
	c := *s
	c.Input = in[0]
	return &c
}

// Rank numbers the rows of each partition in the order of Keys and keeps those numbered From to To;
// a To of 0 is no limit. With Number the number is a last column.
type Rank struct {
	Input     Node
	Partition []int
	Keys      []order.Key
	From, To  int64
	Number    bool
}

// Schema has the input's columns, then the number.
func (r *Rank) Schema() *columnar.Schema {
	if !r.Number {
		return r.Input.Schema()
	}
	in := r.Input.Schema().Fields
	return columnar.NewSchema(append(in[:len(in):len(in)], columnar.Field{Name: "ROW_NUMBER()", Type: columnar.TypeBigInt.Required()})...)
}

// Inputs is the one input.
func (r *Rank) Inputs() []Node { return []Node{r.Input} }

// WithInputs is the same numbering of another input.
func (r *Rank) WithInputs(in ...Node) Node {
	c := *r
	c.Input = in[0]
	return &c
}

// Limit keeps Limit rows after the first Offset; nil is no limit.
type Limit struct {
	Input  Node
	Limit  *int64
	Offset int64
}

// Schema is that of the input.
func (l *Limit) Schema() *columnar.Schema { return l.Input.Schema() }

// Inputs is the one input.
func (l *Limit) Inputs() []Node { return []Node{l.Input} }

// WithInputs is the same limit over another input.
func (l *Limit) WithInputs(in ...Node) Node {
	return &Limit{Input: in[0], Limit: l.Limit, Offset: l.Offset}
}

// Union passes on the rows of all inputs, whose column types are equal but for nulls.
type Union struct {
	All []Node
	Out *columnar.Schema
}

// NewUnion makes a union; the names are those of the first input.
func NewUnion(inputs ...Node) *Union {
	out := &columnar.Schema{Fields: slices.Clone(inputs[0].Schema().Fields)}
	for _, in := range inputs[1:] {
		for i, f := range in.Schema().Fields {
			out.Fields[i].Type.NotNull = out.Fields[i].Type.NotNull && f.Type.NotNull
		}
	}
	return &Union{All: inputs, Out: out}
}

// Schema is that of the inputs.
func (u *Union) Schema() *columnar.Schema { return u.Out }

// Inputs are all inputs.
func (u *Union) Inputs() []Node { return u.All }

// WithInputs is the union of other inputs.
func (u *Union) WithInputs(in ...Node) Node { return NewUnion(in...) }
