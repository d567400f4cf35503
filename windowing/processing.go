package windowing

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// In processing time the mark of an Aggregate is the microsecond before the wall clock's: as with a
// watermark, windows whose last unit it has reached are closed. It never falls, even if the clock does.
//
// Subtasks reach the end of a window at slightly different moments, so a snapshot may have a window of
// which some subtasks have emitted their keys and others not. Keys may meet in one subtask when it is
// restored; then what the slower ones owe is set aside, window by window, and emitted first. That is at
// once, because the clock has passed those windows.

var _ dataflow.Alarmer = (*Aggregate)(nil)

// dueWindow is a window set aside.
type dueWindow struct {
	end    int64
	groups *state.Groups
}

// arrive puts the rows of a batch into the slice of the present.
func (a *Aggregate) arrive() {
	a.mark = max(a.mark, dataflow.Time(a.ctx.Env.Now()-1))
	a.clock.assignAll(a.mark + 1)
}

// NextAlarm is the end of the oldest window with rows.
func (a *Aggregate) NextAlarm() (at int64, set bool) {
	if !a.spec.Processing || a.mark == dataflow.MaxTime {
		return 0, false
	}
	if len(a.overdue) > 0 {
		return math.MinInt64, true
	}
	end, some := a.nextEnd()
	return int64(a.clock.micros(end)), some
}

// Ring emits the windows that end now or have ended.
func (a *Aggregate) Ring(now int64, out dataflow.Output) (dataflow.Status, error) {
	a.mark = max(a.mark, dataflow.Time(now-1))
	return a.Resume(out)
}

// emitted is the newest mark whose windows are all out. The clock may have gone on since.
func (a *Aggregate) emitted() dataflow.Time {
	if end, some := a.nextEnd(); a.spec.Processing && some && a.clock.closed(end, a.mark) {
		return a.clock.micros(end) - 2
	}
	return a.mark
}

// endOverdue is done with the first window set aside.
func (a *Aggregate) endOverdue() error {
	g := a.overdue[0].groups
	a.overdue = a.overdue[1:]
	a.firing, a.scan = nil, nil
	return g.Close()
}

// setAside sets the windows aside that mark closes.
func (a *Aggregate) setAside(mark dataflow.Time) error {
	for {
		end, some := a.nextEnd()
		if !some || !a.clock.closed(end, mark) {
			return nil
		}
		g, err := a.windowOf(end)
		if err != nil {
			return err
		}
		a.overdue = append(a.overdue, dueWindow{end, g})
		a.fireEnd = end
		if !a.shared {
			delete(a.slices, a.starts[0]) // it is the window
			a.starts = slices.Delete(a.starts, 0, 1)
		} else if err := a.dropFired(); err != nil {
			return err
		}
	}
}

// restoreProcessing takes the slices in of one old subtask after another, the slowest first.
func (a *Aggregate) restoreProcessing(r *state.Reader) error {
	type oldTask struct {
		reader *state.Reader
		mark   dataflow.Time
	}
	var tasks []oldTask
	for old := range r.Tasks {
		one := &state.Reader{Subtask: r.Subtask, Parallelism: r.Parallelism, Tasks: r.Tasks[old : old+1]}
		metas, err := state.Values[aggregateState](one, "meta")
		if err != nil {
			return err
		}
		for _, m := range metas {
			if r.Mine(old) {
				a.late += m.Late
				a.clock.nullRows += m.NullRows
			}
			if m.Mark != dataflow.MaxTime { // else it has emitted all
				tasks = append(tasks, oldTask{one, m.Mark})
			}
		}
	}
	slices.SortStableFunc(tasks, func(a, b oldTask) int { return cmp.Compare(a.mark, b.mark) })
	for _, t := range tasks {
		if err := a.setAside(t.mark); err != nil {
			return err
		}
		a.mark, a.fireEnd = t.mark, max(a.fireEnd, a.clock.lastClosed(t.mark))
		if err := a.restoreSlices(t.reader); err != nil {
			return err
		}
	}
	return nil
}

// closeOverdue frees what is set aside.
func (a *Aggregate) closeOverdue() (err error) {
	for _, w := range a.overdue {
		err = errors.Join(err, w.groups.Close())
	}
	a.overdue = nil
	return err
}

// assignAll is assign for rows that all lie at one time.
func (c *clock) assignAll(t dataflow.Time) {
	v := int64(t) * 1000 // nanoseconds
	if c.unitMicros > 0 {
		v = columnar.FloorDiv(int64(t), c.unitMicros)
	}
	c.order, c.uniform = append(c.order[:0], c.sliceOf(v)), true
}
