package stream

import (
	"fmt"
	"slices"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// Reduce is one row for each key when the input has ended: all rows of the key combined by f,
// two at a time. It needs a name.
func Reduce[K comparable, T any](s *KeyedStream[K, T], f func(a, b T) T, opts ...Option) *Stream[T] {
	return folded(s, "reduce", 0, 0, reducer(f), func(_ Window, _ K, acc T) T { return acc }, opts)
}

// Aggregate is one row for each key when the input has ended: add takes each row of the key into
// an accumulator, which begins as a zero value, and result makes a row of it. It needs a name.
func Aggregate[K comparable, T, A, O any](s *KeyedStream[K, T], add func(acc A, in T) A, result func(key K, acc A) O, opts ...Option) *Stream[O] {
	return folded(s, "aggregate", 0, 0, func(acc A, _ bool, in T) A { return add(acc, in) },
		func(_ Window, k K, acc A) O { return result(k, acc) }, opts)
}

// reducer is f as what a fold calls for each row.
func reducer[T any](f func(a, b T) T) func(T, bool, T) T {
	return func(acc T, fresh bool, in T) T {
		if fresh {
			return in
		}
		return f(acc, in)
	}
}

// folded is the stream of a fold over windows of the size that begin every slide; 0 is one window over
// all time.
func folded[K comparable, T, A, O any](s *KeyedStream[K, T], what string, size, slide time.Duration, add func(A, bool, T) A, result func(Window, K, A) O, opts []Option) *Stream[O] {
	var n *node
	o := stateful[K, T, A, O](s, what, size > 0, func(r *keyedRows[K, T], st, out *govalue.Codec) dataflow.Operator {
		f := &fold[K, T, A, O]{
			add: add, result: result, size: size.Microseconds(), slide: slide.Microseconds(), keyedRows: r, out: newEmitter[O](out, size > 0),
			windows: map[int64]*table[K, A]{}, mark: dataflow.MinTime,
			store: store[K, A]{
				section: stateSection, keys: govalue.NewCoder[K](s.key), values: govalue.NewCoder[A](st),
				size: size.Microseconds(), slide: slide.Microseconds(),
			},
			others: newOutputs(n.frame), lateTo: n.late, lateness: n.lateness.Microseconds(), again: map[lateGroup]bool{},
		}
		f.out.frame = n.frame
		return f
	}, opts)
	n = o.node
	if _, ok := n.late.(*Side[T]); n.late != nil && !ok {
		n.env.fail(fmt.Errorf("%s: late rows go to a side output of their own type, which %s is not", what, n.late))
	}
	return framed(o)
}

// fold keeps an accumulator for each key and window, and emits those of a window when the
// watermark or the end of the input closes it.
type fold[K comparable, T, A, O any] struct {
	add    func(acc A, fresh bool, in T) A
	result func(Window, K, A) O
	size   int64 // of a window in microseconds; 0: all rows are in the window that begins at 0
	slide  int64 // from the start of a window to that of the next
	*keyedRows[K, T]
	out     *emitter[O]
	windows map[int64]*table[K, A] // by start
	starts  []int64                // of windows, ascending
	mark    dataflow.Time          // windows that end at it or before are closed
	fired   int                    // of starts: windows that have been emitted; their state is kept for late rows
	next    int                    // key to emit of the oldest window that has not been
	late    int64
	others  outputs
	lateTo  AnySide // nil leaves late rows out

	lateness int64              // how long windows are kept once they are emitted
	again    map[lateGroup]bool // to emit again
	redo     []lateGroup        // the same in order
	store    store[K, A]
	account  *mem.Account
}

var (
	_ dataflow.Opener      = (*fold[int, int, int, int])(nil)
	_ dataflow.Resumer     = (*fold[int, int, int, int])(nil)
	_ dataflow.Watermarker = (*fold[int, int, int, int])(nil)
	_ dataflow.InputEnder  = (*fold[int, int, int, int])(nil)
	_ dataflow.Snapshotter = (*fold[int, int, int, int])(nil)
	_ dataflow.Measurer    = (*fold[int, int, int, int])(nil)
	_ dataflow.Counter     = (*fold[int, int, int, int])(nil)
)

// Open opens the account for the state.
func (o *fold[K, T, A, O]) Open(ctx *dataflow.Context) error {
	o.account = ctx.Budget.Account(ctx.Name)
	return nil
}

// Process adds rows to their windows; those of closed windows go to a side output or are counted and left
// out.
func (o *fold[K, T, A, O]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	o.decode(b)
	for i, k := range o.keys {
		if o.size == 0 {
			o.put(0, k, o.rows[i])
			continue
		}
		t := o.stamps[i]
		last := columnar.FloorDiv(t, o.slide) * o.slide
		if last > t-o.size && o.forgets(last) {
			o.tooLate(i)
		}
		for start := last; start > t-o.size && !o.forgets(start); start -= o.slide {
			at := o.put(start, k, o.rows[i])
			if o.lateness > 0 && o.closes(start, o.mark) {
				o.emitAgain(lateGroup{start, at})
			}
		}
	}
	if err := o.others.flush(out); err != nil {
		return dataflow.Done, err
	}
	return o.Resume(out)
}

// tooLate deals with a row whose windows are all closed.
func (o *fold[K, T, A, O]) tooLate(i int) {
	if o.lateTo == nil {
		o.late++
		return
	}
	o.others.side(o.lateTo, o.stamps[i]).(*emitter[T]).add(o.rows[i])
}

// put adds a row to the accumulator of its key in a window and gives its place there.
func (o *fold[K, T, A, O]) put(start int64, k K, row T) int {
	t := o.window(start)
	at, fresh := t.at(k)
	t.values[at] = o.add(t.values[at], fresh, row)
	return at
}

// closes reports whether no row of the window that begins at start comes after the watermark.
func (o *fold[K, T, A, O]) closes(start int64, mark dataflow.Time) bool {
	return start+o.size-1 <= int64(mark)
}

// window finds or makes the table of a window.
func (o *fold[K, T, A, O]) window(start int64) *table[K, A] {
	t, ok := o.windows[start]
	if !ok {
		t = newTable[K, A]()
		o.windows[start] = t
		at, _ := slices.BinarySearch(o.starts, start)
		o.starts = slices.Insert(o.starts, at, start)
		if at < o.fired || o.size > 0 && o.closes(start, o.mark) {
			o.fired++ // it has been emitted without a row
		}
	}
	return t
}

// Watermark emits the windows that t closes, oldest first.
func (o *fold[K, T, A, O]) Watermark(t dataflow.Time, out dataflow.Output) (dataflow.Status, error) {
	if o.size == 0 {
		return dataflow.Done, nil
	}
	// Behind a restart event time begins anew, but what was closed before stays so.
	o.mark = max(o.mark, t)
	return o.Resume(out)
}

// EndInput emits what is left.
func (o *fold[K, T, A, O]) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	o.mark = dataflow.MaxTime
	return o.Resume(out)
}

// Resume goes on emitting what late rows have changed, then closed windows.
func (o *fold[K, T, A, O]) Resume(out dataflow.Output) (dataflow.Status, error) {
	if status, err := o.emitLate(out); status == dataflow.More || err != nil {
		return status, err
	}
	for o.fired < len(o.starts) && o.closes(o.starts[o.fired], o.mark) {
		start := o.starts[o.fired]
		t := o.windows[start]
		w := Window{Start: govalue.TimeOf(start), End: govalue.TimeOf(start + o.size)}
		o.out.now = start + o.size - 1
		for o.next < len(t.keys) {
			o.out.add(o.result(w, t.keys[o.next], t.values[o.next]))
			o.next++
			if !o.out.full() {
				continue
			}
			if err := o.out.flush(out); err != nil {
				return dataflow.Done, err
			}
			if !out.Room() {
				return dataflow.More, nil
			}
		}
		o.fired, o.next = o.fired+1, 0
	}
	o.purge()
	if err := o.out.flush(out); err != nil {
		return dataflow.Done, err
	}
	return dataflow.Done, o.account.Resize(o.StateBytes())
}

// foldState is what a fold remembers beside its tables.
type foldState struct {
	Mark dataflow.Time
	Late int64
}

// Snapshot writes the accumulators of all windows.
func (o *fold[K, T, A, O]) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	w.Value("meta", foldState{o.mark, o.late})
	o.store.describe(w)
	for _, start := range o.starts {
		t := o.windows[start]
		o.store.write(w, t.keys, t.values, start)
	}
	return nil
}

// Restore takes the accumulators of this subtask's keys in. All subtasks had seen the same
// watermark, so any window that is there was open in each.
func (o *fold[K, T, A, O]) Restore(r *state.Reader) error {
	metas, err := state.Values[foldState](r, "meta")
	if err != nil {
		return err
	}
	for i, m := range metas {
		if i == 0 || m.Mark < o.mark {
			o.mark = m.Mark
		}
		if r.Mine(i) {
			o.late += m.Late
		}
	}
	if err := o.store.check(r); err != nil {
		return err
	}
	err = o.store.read(r, func(start int64, k K, acc A) {
		t := o.window(start)
		at, _ := t.at(k)
		t.values[at] = acc
	})
	if err != nil {
		return err
	}
	return o.account.Resize(o.StateBytes())
}

// StateBytes estimates the memory of the state.
func (o *fold[K, T, A, O]) StateBytes() int64 {
	n := int64(0)
	for _, t := range o.windows {
		n += t.sizeBytes()
	}
	return n
}

// Counts is the number of late rows.
func (o *fold[K, T, A, O]) Counts() map[string]int64 { return map[string]int64{"late": o.late} }

// Close frees what the operator holds.
func (o *fold[K, T, A, O]) Close() error {
	o.account.Close()
	o.out.release()
	o.others.release()
	return nil
}
