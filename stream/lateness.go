package stream

import (
	"fmt"
	"slices"
	"time"

	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
)

// AllowLateness keeps the state of each window of ReduceWindow and AggregateWindow for d after the window
// has been emitted. The result of a key for which rows come within that time is emitted again, with those in
// it; rows that come later are late. The default is 0.
func AllowLateness(d time.Duration) Option {
	return func(n *node) {
		if n.lateness = d; d < 0 {
			n.lateness = 0
			n.env.fail(fmt.Errorf("%s: the allowed lateness is %s; it is at least 0", n.what, d))
		}
	}
}

// lateGroup is a key of a window: the window's start and the key's place there.
type lateGroup struct {
	start int64
	at    int
}

// forgets reports whether the state of the window that begins at start is gone.
func (o *fold[K, T, A, O]) forgets(start int64) bool {
	return o.mark == dataflow.MaxTime || o.mark != dataflow.MinTime && start+o.size-1+o.lateness <= int64(o.mark)
}

// emitAgain notes a group of an emitted window that a late row has changed.
func (o *fold[K, T, A, O]) emitAgain(g lateGroup) {
	if !o.again[g] {
		o.again[g] = true
		o.redo = append(o.redo, g)
	}
}

// emitLate emits the groups that late rows have changed, once for each batch.
func (o *fold[K, T, A, O]) emitLate(out dataflow.Output) (dataflow.Status, error) {
	for len(o.redo) > 0 {
		g := o.redo[0]
		o.redo = o.redo[1:]
		delete(o.again, g)
		t := o.windows[g.start]
		o.out.now = g.start + o.size - 1
		o.out.add(o.result(Window{Start: govalue.TimeOf(g.start), End: govalue.TimeOf(g.start + o.size)}, t.keys[g.at], t.values[g.at]))
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
	o.redo = nil
	return dataflow.Done, o.out.flush(out)
}

// purge drops the windows that no row may change any more.
func (o *fold[K, T, A, O]) purge() {
	n := 0
	for n < o.fired && o.forgets(o.starts[n]) {
		delete(o.windows, o.starts[n])
		n++
	}
	o.starts, o.fired = slices.Delete(o.starts, 0, n), o.fired-n
}
