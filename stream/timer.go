package stream

import (
	"container/heap"
	"errors"
	"time"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// SetTimer asks for a call of the key's timer function when event time has come to at, to the
// microsecond; once for each time, however often it is set. A time that has passed is due at once.
// Only functions of ProcessWithTimers may set timers.
func (c *Ctx[S]) SetTimer(at time.Time) { c.timer(at, true) }

// DeleteTimer takes a timer of the key back.
func (c *Ctx[S]) DeleteTimer(at time.Time) { c.timer(at, false) }

func (c *Ctx[S]) timer(at time.Time, set bool) {
	if c.timers == nil {
		panic("timers are set by functions of ProcessWithTimers only")
	}
	c.timers(at, set)
}

// ProcessWithTimers is Process of a stream with event times whose functions may set timers: onTimer is
// called for each that is due, in order of their times, with the state of the timer's key. What it emits
// has the time of the timer. At the end of the input all timers are due. It needs a name.
func ProcessWithTimers[K comparable, T, S, O any](s *KeyedStream[K, T], f func(ctx *Ctx[S], key K, in T, emit func(O)) error, onTimer func(ctx *Ctx[S], key K, at time.Time, emit func(O)) error, opts ...Option) *Stream[O] {
	e := s.node.env
	if !s.timed {
		e.fail(errors.New("process with timers: the rows have no event times; give them some with AssignTimestamps"))
	}
	times := codecOf[int64](e, "timers")
	var n *node
	o := stateful[K, T, S, O](s, "process", s.timed, func(r *keyedRows[K, T], st, out *govalue.Codec) dataflow.Operator {
		p := &timerProcess[K, T, S, O]{
			process: newProcess(s, n.frame, f, r, st, out), onTimer: onTimer, mark: dataflow.MinTime,
			due: timers[K]{set: map[timer[K]]bool{}}, times: store[K, int64]{section: timerSection, keys: govalue.NewCoder[K](s.key), values: govalue.NewCoder[int64](times)},
		}
		p.f = func(ctx *Ctx[S], key K, in T, emit func(O)) error {
			p.key = key
			return f(ctx, key, in, emit)
		}
		p.ctx.timers = func(at time.Time, set bool) { p.due.put(timer[K]{at.UnixMicro(), p.key}, set) }
		return p
	}, opts)
	n = o.node
	return framed(o)
}

// timerProcess is a process with timers.
type timerProcess[K comparable, T, S, O any] struct {
	*process[K, T, S, O]
	onTimer func(*Ctx[S], K, time.Time, func(O)) error
	due     timers[K]
	times   store[K, int64]
	key     K             // of the call
	mark    dataflow.Time // timers up to it are due
}

var (
	_ dataflow.Opener      = (*timerProcess[int, int, int, int])(nil)
	_ dataflow.Resumer     = (*timerProcess[int, int, int, int])(nil)
	_ dataflow.Watermarker = (*timerProcess[int, int, int, int])(nil)
	_ dataflow.Snapshotter = (*timerProcess[int, int, int, int])(nil)
	_ dataflow.Measurer    = (*timerProcess[int, int, int, int])(nil)
)

// Process takes rows in.
func (o *timerProcess[K, T, S, O]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	o.decode(b)
	o.next = 0
	return o.Resume(out)
}

// Watermark calls the timers that t makes due.
func (o *timerProcess[K, T, S, O]) Watermark(t dataflow.Time, out dataflow.Output) (dataflow.Status, error) {
	o.mark = t
	return o.Resume(out)
}

// Resume goes on with the rows taken in, then with the timers that are due.
func (o *timerProcess[K, T, S, O]) Resume(out dataflow.Output) (dataflow.Status, error) {
	if status, err := o.process.Resume(out); status == dataflow.More || err != nil {
		return status, err
	}
	for {
		t, ok := o.due.take(int64(o.mark))
		if !ok {
			break
		}
		o.now, o.key = t.at, t.key
		err := o.with(t.key, func() error { return o.onTimer(&o.ctx, t.key, govalue.TimeOf(t.at), o.emit) })
		if err == nil && o.full() {
			err = o.flush(out)
		}
		if err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			return dataflow.More, nil
		}
	}
	if err := o.account.Resize(o.StateBytes()); err != nil {
		return dataflow.Done, err
	}
	return dataflow.Done, o.flush(out)
}

// Snapshot writes the values and the timers of all keys.
func (o *timerProcess[K, T, S, O]) Snapshot(epoch dataflow.Epoch, w *state.Writer) error {
	var keys []K
	var times []int64
	for t, set := range o.due.set {
		if set {
			keys, times = append(keys, t.key), append(times, t.at)
		}
	}
	o.times.write(w, keys, times, 0)
	return o.process.Snapshot(epoch, w)
}

// Restore takes the values and timers of this subtask's keys in.
func (o *timerProcess[K, T, S, O]) Restore(r *state.Reader) error {
	err := o.times.read(r, func(_ int64, k K, at int64) { o.due.put(timer[K]{at, k}, true) })
	if err != nil {
		return err
	}
	return o.process.Restore(r)
}

// StateBytes estimates the memory of the state.
func (o *timerProcess[K, T, S, O]) StateBytes() int64 {
	return o.process.StateBytes() + o.due.sizeBytes()
}

// timer is due at a time, in microseconds since 1970.
type timer[K comparable] struct {
	at  int64
	key K
}

// timers are a set with the earliest at hand. One that was taken back stays in the heap until it comes
// up, and is used again if it is set again.
type timers[K comparable] struct {
	set  map[timer[K]]bool // what is in the heap, once; false: taken back
	heap timerHeap[K]
}

// put sets a timer or takes it back.
func (t *timers[K]) put(x timer[K], set bool) {
	_, there := t.set[x]
	if there || set {
		t.set[x] = set
	}
	if !there && set {
		heap.Push(&t.heap, x)
	}
}

// take takes the earliest timer out if it is due at mark.
func (t *timers[K]) take(mark int64) (timer[K], bool) {
	for len(t.heap) > 0 && t.heap[0].at <= mark {
		x := heap.Pop(&t.heap).(timer[K])
		set := t.set[x]
		delete(t.set, x)
		if set {
			return x, true
		}
	}
	var none timer[K]
	return none, false
}

// sizeBytes estimates the memory of the timers; what keys point to is left out.
func (t *timers[K]) sizeBytes() int64 {
	var x timer[K]
	return int64(len(t.set))*int64(unsafe.Sizeof(x)+tableOverhead) + int64(cap(t.heap))*int64(unsafe.Sizeof(x))
}

// timerHeap is a heap.Interface with the earliest timer first.
type timerHeap[K comparable] []timer[K]

func (h *timerHeap[K]) Len() int           { return len(*h) }
func (h *timerHeap[K]) Less(i, j int) bool { return (*h)[i].at < (*h)[j].at }
func (h *timerHeap[K]) Swap(i, j int)      { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *timerHeap[K]) Push(x any)         { *h = append(*h, x.(timer[K])) }

func (h *timerHeap[K]) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
