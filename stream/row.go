package stream

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators"
)

// timeName is the hidden column with the event time of a row.
const timeName = "$time"

// schemaOf are columns, followed by the event time if there is one.
func schemaOf(fields []columnar.Field, timed bool) *columnar.Schema {
	if timed {
		fields = append(fields, columnar.Field{Name: timeName, Type: columnar.TimestampLTZOf(6).Required()})
	}
	return columnar.NewSchema(fields...)
}

// then makes a stream of the operator's output, in as many subtasks as the job has.
func then[O any](e *Env, what string, timed bool, in input, build func(out *govalue.Codec) dataflow.Operator, opts []Option) *Stream[O] {
	c := codecOf[O](e, what)
	n := &node{kind: operators.KindFunction, what: what, schema: schemaOf(c.Columns(""), timed), inputs: []input{in}}
	n.operator = func() dataflow.Operator { return build(c) }
	return &Stream[O]{node: e.add(n, opts), codec: c, timed: timed}
}

// Map is the stream of f of each row.
func Map[T, O any](s *Stream[T], f func(T) (O, error), opts ...Option) *Stream[O] {
	return flatMap(s, "map", func(in T, emit func(O)) error {
		out, err := f(in)
		if err == nil {
			emit(out)
		}
		return err
	}, opts)
}

// FlatMap is the stream of what f emits for each row.
func FlatMap[T, O any](s *Stream[T], f func(in T, emit func(O)) error, opts ...Option) *Stream[O] {
	return flatMap(s, "flat map", f, opts)
}

func flatMap[T, O any](s *Stream[T], what string, f func(T, func(O)) error, opts []Option) *Stream[O] {
	return then[O](s.node.env, what, s.timed, input{from: s.node}, func(out *govalue.Codec) dataflow.Operator {
		return &rowOperator[T, O]{f: f, in: govalue.NewCoder[T](s.codec), emitter: newEmitter[O](out, s.timed)}
	}, opts)
}

// Filter keeps the rows for which keep is true.
func Filter[T any](s *Stream[T], keep func(T) bool, opts ...Option) *Stream[T] {
	return then[T](s.node.env, "filter", s.timed, input{from: s.node}, func(*govalue.Codec) dataflow.Operator {
		return &filter[T]{keep: keep, in: govalue.NewCoder[T](s.codec)}
	}, opts)
}

// Union is the rows of all the streams, in any order. Either all of them have event times or
// none.
func Union[T any](first *Stream[T], others ...*Stream[T]) *Stream[T] {
	n := &node{kind: operators.KindUnion, what: "union", schema: first.node.schema, inputs: []input{{from: first.node}}}
	for _, o := range others {
		if o.timed != first.timed {
			first.node.env.fail(errors.New("union: only some of the streams have event times"))
		}
		n.inputs = append(n.inputs, input{from: o.node})
	}
	return &Stream[T]{node: first.node.env.add(n, nil), codec: first.codec, timed: first.timed}
}

// emitter gathers the rows a user's function emits and sends them as batches. Rows of a stream
// with event times take that of the row being processed.
type emitter[O any] struct {
	coder *govalue.Coder[O]
	timed bool
	now   int64 // event time of the row being processed
	rows  []O
	times []int64
	batch *columnar.Batch

	frame   *frame // nil if the operator has one output
	which   int
	wrapper wrapper
}

func newEmitter[O any](c *govalue.Codec, timed bool) *emitter[O] {
	return &emitter[O]{coder: govalue.NewCoder[O](c), timed: timed, batch: columnar.NewBatch(schemaOf(c.Columns(""), timed))}
}

func (e *emitter[O]) add(v O) {
	e.rows = append(e.rows, v)
	if e.timed {
		e.times = append(e.times, e.now)
	}
}

func (e *emitter[O]) full() bool { return len(e.rows) >= columnar.BatchRows }

// flush sends what was gathered.
func (e *emitter[O]) flush(out dataflow.Output) error {
	if len(e.rows) == 0 {
		return nil
	}
	b := e.batch
	b.Reset(len(e.rows))
	e.coder.Encode(b.Cols[:e.coder.Width()], e.rows)
	if e.timed {
		copy(columnar.Values[int64](b.Cols[e.coder.Width()]), e.times)
	}
	clear(e.rows)
	e.rows, e.times = e.rows[:0], e.times[:0]
	if e.frame != nil {
		b = e.wrapper.wrap(e.frame, e.which, b)
	}
	return out.Emit(b)
}

func (e *emitter[O]) at(time int64) { e.now = time }

func (e *emitter[O]) release() {
	e.batch.Release()
	e.wrapper.release()
}

// rowOperator calls a function on each row. It stops between two rows when there is no room for
// what they make.
type rowOperator[T, O any] struct {
	f  func(T, func(O)) error
	in *govalue.Coder[T]
	*emitter[O]
	live govalue.Positions

	pending []T
	stamps  []int64 // event times of pending
	emit    func(O)
}

var (
	_ dataflow.Operator = (*rowOperator[int, int])(nil)
	_ dataflow.Resumer  = (*rowOperator[int, int])(nil)
)

// Process takes rows in.
func (o *rowOperator[T, O]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	rows := o.live.Of(b)
	o.pending = o.in.Decode(b.Cols, rows)
	o.stamps = times(o.stamps, b, rows, o.timed)
	if o.emit == nil {
		o.emit = o.add
	}
	return o.Resume(out)
}

// Resume goes on with the rows taken in.
func (o *rowOperator[T, O]) Resume(out dataflow.Output) (dataflow.Status, error) {
	for i, v := range o.pending {
		if o.timed {
			o.now = o.stamps[i]
		}
		if err := o.f(v, o.emit); err != nil {
			return dataflow.Done, err
		}
		if !o.full() {
			continue
		}
		if err := o.flush(out); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() && i+1 < len(o.pending) {
			o.pending = o.pending[i+1:]
			if o.timed {
				o.stamps = o.stamps[i+1:]
			}
			return dataflow.More, nil
		}
	}
	o.pending = nil
	return dataflow.Done, o.flush(out)
}

// Close frees the batch.
func (o *rowOperator[T, O]) Close() error {
	o.release()
	return nil
}

// times copies the event times of the rows at sel, the last column of b, into dst.
func times(dst []int64, b *columnar.Batch, sel []int32, timed bool) []int64 {
	dst = dst[:0]
	if !timed {
		return dst
	}
	v := b.Cols[len(b.Cols)-1]
	flat := v
	if v.Enc == columnar.Dictionary {
		flat = v.Dict
	}
	src := columnar.Values[int64](flat)
	for _, r := range sel {
		dst = append(dst, src[v.Index(int(r))])
	}
	return dst
}

// filter selects rows.
type filter[T any] struct {
	keep func(T) bool
	in   *govalue.Coder[T]
	live govalue.Positions
	kept []int32
}

var _ dataflow.Operator = (*filter[int])(nil)

// Process passes the rows on that the function keeps.
func (f *filter[T]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	rows := f.live.Of(b)
	f.kept = f.kept[:0]
	for i, v := range f.in.Decode(b.Cols, rows) {
		if f.keep(v) {
			f.kept = append(f.kept, rows[i])
		}
	}
	if len(f.kept) == 0 {
		return dataflow.Done, nil
	}
	return dataflow.Done, out.Emit(b.WithSel(f.kept))
}

// Close does nothing.
func (f *filter[T]) Close() error { return nil }
