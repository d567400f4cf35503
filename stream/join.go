package stream

import (
	"errors"
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
)

// Join is what f makes of each pair of rows of equal keys, in any order. Both streams are kept for good:
// IntervalJoin and JoinWindows forget rows whose time has passed. The result has no event times. It needs
// a name.
func Join[K comparable, L, R, O any](left *KeyedStream[K, L], right *KeyedStream[K, R], f func(key K, l L, r R) O, opts ...Option) *Stream[O] {
	return pairing[K, L, R, O](left, right, "join", nil, func(p *pairs[K, L, R, O], i int) {
		p.emitter.add(f(p.keys[i], p.lefts[i], p.rights[i]))
	}, opts)
}

// IntervalJoin is what f makes of each pair of rows of equal keys where the right one happened no earlier
// than from and no later than to after the left one; both may be negative. The later of the two times is
// that of the result. Both streams need event times: see AssignTimestamps. It needs a name.
func IntervalJoin[K comparable, L, R, O any](left *KeyedStream[K, L], right *KeyedStream[K, R], from, to time.Duration, f func(key K, l L, r R) O, opts ...Option) *Stream[O] {
	if to < from {
		left.node.env.fail(fmt.Errorf("interval join: it ends %s after the left row's time, before it begins %s after it", to, from))
	}
	// The bound is of left time - right time.
	low, high := -to.Microseconds(), -from.Microseconds()
	return pairing[K, L, R, O](left, right, "interval join", &join.TimeBound{Low: &low, High: &high}, func(p *pairs[K, L, R, O], i int) {
		p.now = max(p.leftTimes[i], p.rightTimes[i])
		p.emitter.add(f(p.keys[i], p.lefts[i], p.rights[i]))
	}, opts)
}

// JoinWindows is what f makes of each pair of rows of equal keys for each window that has both. The two
// streams are cut into windows alike. The event time of the result is the last in the window. It needs a
// name.
func JoinWindows[K comparable, L, R, O any](left *WindowedStream[K, L], right *WindowedStream[K, R], f func(w Window, key K, l L, r R) O, opts ...Option) *Stream[O] {
	size, slide := left.size.Microseconds(), left.slide.Microseconds()
	if left.size != right.size || left.slide != right.slide {
		left.keyed.node.env.fail(errors.New("join windows: the two streams are cut into different windows"))
	}
	low, high := 1-size, size-1
	return pairing[K, L, R, O](left.keyed, right.keyed, "join windows", &join.TimeBound{Low: &low, High: &high}, func(p *pairs[K, L, R, O], i int) {
		first, last := min(p.leftTimes[i], p.rightTimes[i]), max(p.leftTimes[i], p.rightTimes[i])
		for start := columnar.FloorDiv(first, slide) * slide; start+size > last; start -= slide {
			p.now = start + size - 1
			p.emitter.add(f(Window{Start: govalue.TimeOf(start), End: govalue.TimeOf(start + size)}, p.keys[i], p.lefts[i], p.rights[i]))
		}
	}, opts)
}

// pairing pairs the rows of two streams by the engine's own operator and calls emit with each pair.
func pairing[K comparable, L, R, O any](left *KeyedStream[K, L], right *KeyedStream[K, R], what string, bound *join.TimeBound, emit func(p *pairs[K, L, R, O], i int), opts []Option) *Stream[O] {
	e := left.node.env
	if bound != nil {
		if !left.timed || !right.timed {
			e.fail(fmt.Errorf("%s: rows have no event times; give both streams some with AssignTimestamps", what))
		}
		bound.Left, bound.Right = len(left.node.schema.Fields)-1, len(right.node.schema.Fields)-1
	}
	keys := left.key.Width()
	spec := join.Spec{Type: join.Inner, Bound: bound}
	if bound != nil {
		var err error
		if spec.Residual, err = within(bound, len(left.node.schema.Fields)); err != nil {
			e.fail(fmt.Errorf("%s: %w", what, err))
		}
	}
	for k := range keys {
		spec.LeftKeys, spec.RightKeys = append(spec.LeftKeys, k), append(spec.RightKeys, k)
	}
	fields := append([]columnar.Field(nil), left.node.schema.Fields...)
	for _, f := range right.node.schema.Fields {
		fields = append(fields, columnar.Field{Name: "$right." + f.Name, Type: f.Type})
	}
	n := e.add(&node{
		kind: join.KindSymmetric, what: what, spec: spec, stateful: true, schema: columnar.NewSchema(fields...),
		inputs: []input{{from: left.node, keys: keys}, {from: right.node, keys: keys}},
	}, opts)
	width := len(left.node.schema.Fields)
	return then[O](e, what+": function", bound != nil, input{from: n}, func(out *govalue.Codec) dataflow.Operator {
		return &pairs[K, L, R, O]{
			call: emit, timed: bound != nil, width: width, key: govalue.NewCoder[K](left.key), left: govalue.NewCoder[L](left.value),
			right: govalue.NewCoder[R](right.value), emitter: newEmitter[O](out, bound != nil),
		}
	}, nil)
}

// within is the condition that the times of a pair lie in the bound, over the left row's columns, width
// of them, and those of the right one.
func within(b *join.TimeBound, width int) (*expr.Expr, error) {
	at := columnar.TimestampLTZOf(6).Required()
	left, right := expr.Col(b.Left, timeName, at), expr.Col(width+b.Right, timeName, at)
	limit := func(comparison string, after int64) (*expr.Expr, error) {
		end, err := expr.NewCall("+", left, expr.Int(after, columnar.Type{Kind: columnar.IntervalDay}))
		if err != nil {
			return nil, err
		}
		return expr.NewCall(comparison, right, end)
	}
	from, err := limit(">=", -*b.High)
	if err != nil {
		return nil, err
	}
	to, err := limit("<=", -*b.Low)
	if err != nil {
		return nil, err
	}
	return expr.NewCall("AND", from, to)
}

// pairs calls a function on each pair of rows of a join.
type pairs[K comparable, L, R, O any] struct {
	call  func(p *pairs[K, L, R, O], i int)
	timed bool
	width int // columns of the left row
	key   *govalue.Coder[K]
	left  *govalue.Coder[L]
	right *govalue.Coder[R]
	*emitter[O]
	live govalue.Positions

	keys                  []K
	lefts                 []L
	rights                []R
	leftTimes, rightTimes []int64
	next                  int
}

var (
	_ dataflow.Operator = (*pairs[int, int, int, int])(nil)
	_ dataflow.Resumer  = (*pairs[int, int, int, int])(nil)
)

// Process takes pairs in.
func (o *pairs[K, L, R, O]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	rows := o.live.Of(b)
	o.keys = o.key.Decode(b.Cols, rows)
	o.lefts = o.left.Decode(b.Cols[o.key.Width():], rows)
	o.rights = o.right.Decode(b.Cols[o.width+o.key.Width():], rows)
	o.rightTimes = times(o.rightTimes, b, rows, o.timed)
	leftCols := &columnar.Batch{Cols: b.Cols[:o.width]}
	o.leftTimes = times(o.leftTimes, leftCols, rows, o.timed)
	o.next = 0
	return o.Resume(out)
}

// Resume goes on with the pairs taken in.
func (o *pairs[K, L, R, O]) Resume(out dataflow.Output) (dataflow.Status, error) {
	for o.next < len(o.keys) {
		o.call(o, o.next)
		o.next++
		if !o.full() {
			continue
		}
		if err := o.flush(out); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() && o.next < len(o.keys) {
			return dataflow.More, nil
		}
	}
	return dataflow.Done, o.flush(out)
}

// Close frees the batch.
func (o *pairs[K, L, R, O]) Close() error {
	o.release()
	return nil
}
