package stream

import (
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators"
)

// AssignTimestamps gives each row an event time, to the microsecond. A row comes at most
// maxOutOfOrderness after one with a later time; windows count and leave out what is later still.
func AssignTimestamps[T any](s *Stream[T], at func(T) time.Time, maxOutOfOrderness time.Duration, opts ...Option) *Stream[T] {
	e := s.node.env
	if maxOutOfOrderness < 0 {
		e.fail(fmt.Errorf("timestamps: rows are out of order by %s; it is at least 0", maxOutOfOrderness))
	}
	schema := schemaOf(s.codec.Columns(""), true)
	// In the subtasks that read the rows, which know best how far event time has come.
	n := &node{kind: operators.KindFunction, what: "timestamps", sole: s.node.sole, schema: schema, inputs: []input{{from: s.node}}}
	n.operator = func() dataflow.Operator {
		return &timestamps[T]{
			at: at, slack: maxOutOfOrderness.Microseconds(), in: govalue.NewCoder[T](s.codec), schema: schema,
			column: columnar.NewVector(schema.Fields[len(schema.Fields)-1].Type), made: dataflow.MinTime,
		}
	}
	return &Stream[T]{node: e.add(n, opts), codec: s.codec, timed: true}
}

// timestamps puts the event time behind the columns of each row and makes watermarks.
type timestamps[T any] struct {
	at     func(T) time.Time
	slack  int64
	in     *govalue.Coder[T]
	schema *columnar.Schema
	live   govalue.Positions
	column *columnar.Vector
	made   dataflow.Time
}

var (
	_ dataflow.Operator       = (*timestamps[int])(nil)
	_ dataflow.WatermarkMaker = (*timestamps[int])(nil)
)

// Process computes the event times of b's rows.
func (o *timestamps[T]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	o.column.Reset(b.Len())
	dst := columnar.Values[int64](o.column)
	clear(dst)
	rows := o.live.Of(b)
	high := dataflow.MinTime
	for i, v := range o.in.Decode(b.Cols, rows) {
		t := o.at(v).UnixMicro()
		dst[rows[i]] = t
		high = max(high, dataflow.Time(t-o.slack-1))
	}
	width := o.in.Width()
	timed := &columnar.Batch{Schema: o.schema, Cols: append(b.Cols[:width:width], o.column), Sel: b.Sel}
	timed.SetLen(b.Len())
	err := out.Emit(timed)
	o.made = max(o.made, high)
	return dataflow.Done, err
}

// MadeWatermark is below the latest time seen by as much as rows may be out of order.
func (o *timestamps[T]) MadeWatermark() dataflow.Time { return o.made }

// OutputWatermark leaves out all watermarks from before but the last.
func (o *timestamps[T]) OutputWatermark(t dataflow.Time) dataflow.Time {
	if t == dataflow.MaxTime {
		return t
	}
	return o.made
}

// Close frees the column.
func (o *timestamps[T]) Close() error {
	o.column.Release()
	return nil
}

// Window is a span of event time with its start and without its end.
type Window struct {
	Start, End time.Time
}

// WindowedStream is a keyed stream cut into windows.
type WindowedStream[K comparable, T any] struct {
	keyed       *KeyedStream[K, T]
	size, slide time.Duration
}

// Tumble cuts a stream into windows of the size that follow each other, counted from 1970 UTC.
// Its rows need event times: see AssignTimestamps.
func Tumble[K comparable, T any](s *KeyedStream[K, T], size time.Duration) *WindowedStream[K, T] {
	return cut("tumble", s, size, size)
}

// Hop cuts a stream into windows of the size that begin every slide, counted from 1970 UTC: a row is
// in as many as overlap its time, in none if the slide is longer than the size and it falls between
// two. Its rows need event times: see AssignTimestamps.
func Hop[K comparable, T any](s *KeyedStream[K, T], size, slide time.Duration) *WindowedStream[K, T] {
	return cut("hop", s, size, slide)
}

func cut[K comparable, T any](what string, s *KeyedStream[K, T], size, slide time.Duration) *WindowedStream[K, T] {
	e := s.node.env
	if !s.timed {
		e.fail(fmt.Errorf("%s: the rows have no event times; give them some with AssignTimestamps", what))
	}
	if size < time.Microsecond || slide < time.Microsecond {
		e.fail(fmt.Errorf("%s: the size is %s and the slide %s; they are at least 1µs", what, size, slide))
		size, slide = time.Microsecond, time.Microsecond
	}
	return &WindowedStream[K, T]{keyed: s, size: size, slide: slide}
}

// ReduceWindow is one row for each key and window once no more rows of the window are expected:
// all its rows combined by f, two at a time. It needs a name.
func ReduceWindow[K comparable, T any](s *WindowedStream[K, T], f func(a, b T) T, opts ...Option) *Stream[T] {
	return folded(s.keyed, "reduce window", s.size, s.slide, reducer(f), func(_ Window, _ K, acc T) T { return acc }, opts)
}

// AggregateWindow is one row for each key and window once no more rows of the window are
// expected: add takes each row into an accumulator, which begins as a zero value, and result
// makes a row of it, whose event time is the last in the window. It needs a name.
func AggregateWindow[K comparable, T, A, O any](s *WindowedStream[K, T], add func(acc A, in T) A, result func(w Window, key K, acc A) O, opts ...Option) *Stream[O] {
	return folded(s.keyed, "aggregate window", s.size, s.slide, func(acc A, _ bool, in T) A { return add(acc, in) }, result, opts)
}
