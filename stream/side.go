package stream

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators"
)

// Side is a further output of an operator, beside its main one and of rows of another type. It is given
// to the operator with Sides or LateTo and read with SideOutput; one Side may be given to several.
type Side[T any] struct{ name string }

// NewSide makes a side output; the name is for errors.
func NewSide[T any](name string) *Side[T] { return &Side[T]{name: name} }

// AnySide is a Side of rows of any type.
type AnySide interface {
	codecIn(e *Env) *govalue.Codec
	emitterOf(f *frame, which int) sideEmitter
	String() string
}

// SideContext is the Ctx of a call of a Process function.
type SideContext interface {
	side(s AnySide) sideEmitter
}

// Emit adds a row to the side output, with the event time that a row of the main output has. It panics,
// which ends the job, if the side was not given to the operator with Sides.
func (s *Side[T]) Emit(ctx SideContext, row T) {
	ctx.side(s).(*emitter[T]).add(row)
}

// String is the name.
func (s *Side[T]) String() string { return s.name }

func (s *Side[T]) codecIn(e *Env) *govalue.Codec { return codecOf[T](e, "side output "+s.name) }

func (s *Side[T]) emitterOf(f *frame, which int) sideEmitter {
	e := newEmitter[T](f.codecs[which], f.timed)
	e.frame, e.which = f, which
	return e
}

// Sides gives side outputs to Process and ProcessWithTimers.
func Sides(sides ...AnySide) Option {
	return func(n *node) { n.sides = append(n.sides, sides...) }
}

// LateTo makes the late rows of ReduceWindow and AggregateWindow, which are left out else, a side output. A
// row is late if all its windows have been emitted and are not kept by AllowLateness. Its event time is its
// own.
func LateTo[T any](s *Side[T]) Option {
	return func(n *node) { n.sides, n.late = append(n.sides, s), s }
}

// SideOutput is the rows of a side output of the operator that s is the main output of.
func SideOutput[T, P any](s *Stream[T], side *Side[P]) *Stream[P] {
	e := s.node.env
	which := -1
	if s.frame != nil {
		which = slices.Index(s.frame.sides, AnySide(side)) + 1
	}
	if which < 1 {
		e.fail(fmt.Errorf("side output %s: the operator does not have it; give it with Sides or LateTo", side))
		return &Stream[P]{node: s.node, codec: side.codecIn(e), timed: s.timed}
	}
	return selected[P](s.frame, which)
}

// sideEmitter is the emitter of a side, whatever its rows.
type sideEmitter interface {
	full() bool
	flush(out dataflow.Output) error
	at(time int64)
	release()
}

// frame is how an operator with side outputs emits: each row has the columns of all outputs, null but for
// those of its own, behind the number of that; 0 is the main output. Other nodes take the outputs apart, so
// that edges and checkpoints know of rows only.
type frame struct {
	node   *node
	sides  []AnySide
	codecs []*govalue.Codec // by number
	from   []int            // by number: its first column
	timed  bool
	schema *columnar.Schema
}

const whichName = "$output"

// framed gives the operator of s a frame if it has side outputs; s becomes its main output. Only what
// calls it has side outputs.
func framed[O any](s *Stream[O]) *Stream[O] {
	n := s.node
	if len(n.sides) == 0 {
		return s
	}
	f := &frame{node: n, sides: n.sides, codecs: []*govalue.Codec{s.codec}, timed: s.timed}
	for i, side := range n.sides {
		if slices.Index(n.sides, side) < i {
			n.env.fail(fmt.Errorf("%s: side output %s is given twice", n.what, side))
		}
		f.codecs = append(f.codecs, side.codecIn(n.env))
	}
	fields := []columnar.Field{{Name: whichName, Type: columnar.TypeInteger.Required()}}
	for i, c := range f.codecs {
		f.from = append(f.from, len(fields))
		for _, col := range c.Columns(fmt.Sprintf("$%d.", i)) {
			col.Type = col.Type.Nullable()
			fields = append(fields, col)
		}
	}
	f.schema = schemaOf(fields, s.timed)
	n.schema, n.frame = f.schema, f
	return selected[O](f, 0)
}

// selected is one output of a frame.
func selected[T any](f *frame, which int) *Stream[T] {
	c := f.codecs[which]
	n := &node{
		kind: operators.KindFunction, what: fmt.Sprintf("%s: output %d", f.node.what, which), sole: f.node.sole,
		schema: schemaOf(c.Columns(""), f.timed), inputs: []input{{from: f.node}},
	}
	n.operator = func() dataflow.Operator { return &outputSelector{frame: f, which: which, schema: n.schema} }
	return &Stream[T]{node: f.node.env.add(n, nil), codec: c, timed: f.timed, frame: f}
}

// wrapper puts rows of one output into a frame.
type wrapper struct {
	number *columnar.Vector
	batch  *columnar.Batch
}

// wrap is b, rows of the output which, in the frame; it is valid until the next call.
func (w *wrapper) wrap(f *frame, which int, b *columnar.Batch) *columnar.Batch {
	if w.batch == nil {
		w.batch = columnar.NewBatch(f.schema)
		w.number = w.batch.Cols[0]
	}
	n := b.Len()
	w.number.Reset(1)
	columnar.Values[int32](w.number)[0] = int32(which)
	w.number.SetConstant(n)
	out := &columnar.Batch{Schema: f.schema, Cols: slices.Clone(w.batch.Cols)}
	for i := 1; i < len(out.Cols); i++ {
		out.Cols[i].NullConstant(n)
	}
	width := f.codecs[which].Width()
	copy(out.Cols[f.from[which]:], b.Cols[:width])
	if f.timed {
		out.Cols[len(out.Cols)-1] = b.Cols[width]
	}
	out.SetLen(n)
	return out
}

func (w *wrapper) release() {
	if w.batch != nil {
		w.batch.Release()
	}
}

// outputSelector passes the rows of one output of a frame on.
type outputSelector struct {
	frame  *frame
	which  int
	schema *columnar.Schema
	live   govalue.Positions
	kept   []int32
}

var _ dataflow.Operator = (*outputSelector)(nil)

// Process selects rows by their number.
func (o *outputSelector) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	number := b.Cols[0]
	values := number
	if number.Enc == columnar.Dictionary {
		values = number.Dict
	}
	numbers := columnar.Values[int32](values)
	o.kept = o.kept[:0]
	for _, r := range o.live.Of(b) {
		if int(numbers[number.Index(int(r))]) == o.which {
			o.kept = append(o.kept, r)
		}
	}
	if len(o.kept) == 0 {
		return dataflow.Done, nil
	}
	from := o.frame.from[o.which]
	cols := b.Cols[from : from+o.frame.codecs[o.which].Width()]
	if o.frame.timed {
		cols = append(cols[:len(cols):len(cols)], b.Cols[len(b.Cols)-1])
	}
	own := &columnar.Batch{Schema: o.schema, Cols: cols, Sel: o.kept}
	own.SetLen(b.Len())
	return dataflow.Done, out.Emit(own)
}

// Close does nothing.
func (o *outputSelector) Close() error { return nil }

// outputs are the emitters of an operator with side outputs beside the main one.
type outputs struct {
	sides    []AnySide
	emitters []sideEmitter
}

func newOutputs(f *frame) outputs {
	var o outputs
	if f == nil {
		return o
	}
	o.sides = f.sides
	for i, s := range f.sides {
		o.emitters = append(o.emitters, s.emitterOf(f, i+1))
	}
	return o
}

// side is the emitter of a side at the event time now.
func (o *outputs) side(s AnySide, now int64) sideEmitter {
	i := slices.Index(o.sides, s)
	if i < 0 {
		panic(fmt.Sprintf("side output %s was not given to the operator; give it with Sides", s))
	}
	o.emitters[i].at(now)
	return o.emitters[i]
}

func (o *outputs) full() bool {
	return slices.ContainsFunc(o.emitters, sideEmitter.full)
}

func (o *outputs) flush(out dataflow.Output) error {
	for _, e := range o.emitters {
		if err := e.flush(out); err != nil {
			return err
		}
	}
	return nil
}

func (o *outputs) release() {
	for _, e := range o.emitters {
		e.release()
	}
}
