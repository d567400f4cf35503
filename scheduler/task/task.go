package task

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/state"
)

// Result is what a step achieved.
type Result uint8

// The results: the task has Done something; it waits; it has ended.
const (
	Progressed Result = iota
	Blocked
	Done
)

// Task is a tree of operators of one subtask with its inputs and outputs. One goroutine (or a
// simulator) calls step.
type Task struct {
	attempt rpc.Attempt
	number  int // among the tasks of the job
	send    func(rpc.Message)
	store   func(*rpc.Acknowledge, state.Blob)
	append  func(task int, epoch dataflow.Epoch, b state.Blob, written func())
	box     mailbox
	wake    chan struct{}

	name    string
	last    string   // the operator it is named after
	uids    []string // of its nodes, the first first
	source  *sourceDriver
	ports   []*inputPort
	head    stage
	links   []*link // each after the one it reads
	tail    *tail
	alarms  alarms
	mark    dataflow.Time     // smallest watermark over all inputs
	idle    bool              // no input has rows at present
	turn    int               // where polling goes on
	waiting []*columnar.Batch // scratch of lookAhead
	ended   bool
	steps   int
	stats   taskStats

	complete atomic.Uint64 // the newest epoch that is durable
	lineage  lineage
	// unwritten are bytes of snapshots that wait for the disk.
	unwritten atomic.Int64
	epoch     dataflow.Epoch // of the last barrier
	aligned   int            // channels that have delivered the barrier of the epoch aligning
	barrier   dataflow.Epoch // the epoch aligning
	// building says that an input is not read yet, so a barrier would wait behind its rows.
	building bool
	owed     int  // rows to be taken before more of a snapshot is copied, so that those that wait do not wait long
	skip     bool // the task had ended before the checkpoint it is restored from
}

// taskStats is what others may read while the task runs.
type taskStats struct {
	rowsIn, stateBytes, watermark atomic.Int64
	skipped                       atomic.Pointer[map[string]int64] // rows left out, by reason
}

// signal makes a waiting task look again.
func (t *Task) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// startAfter makes the task's epochs go on after those of the checkpoint it is restored from.
func (t *Task) startAfter(s *checkpoint.Snapshot) {
	if s == nil {
		return
	}
	t.epoch = s.Epoch
	for _, l := range t.links {
		l.epoch = s.Epoch
	}
}

// Run steps until the task is done, fails or is canceled.
func (t *Task) Run(ctx context.Context) error {
	for {
		result, err := t.Advance(ctx)
		if err != nil || result == Done {
			return err
		}
		if result == Progressed {
			continue
		}
		select {
		case <-t.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Advance does one step, for those who have no goroutine for the task. One that is blocked may go on at
// any time.
func (t *Task) Advance(ctx context.Context) (result Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			cause, ok := r.(error)
			if !ok {
				cause = fmt.Errorf("%v", r)
			}
			err = fmt.Errorf("task %s: %spanic: %w\n%s", t.name, t.running(), cause, debug.Stack())
		}
	}()
	if t.tail.canceled == nil {
		t.tail.canceled = func() bool { return ctx.Err() != nil }
	}
	result, err = t.step(ctx)
	switch {
	case errors.Is(err, dataflow.ErrCanceled) && ctx.Err() != nil:
		return Done, context.Cause(ctx)
	case err != nil:
		return Done, t.failed(err)
	case ctx.Err() != nil:
		// A task whose receivers were closed because the job fails has not ended.
		return Done, context.Cause(ctx)
	}
	return result, nil
}

// Left is the error of a task whose goroutine ended within Run, by runtime.Goexit.
func (t *Task) Left() error {
	return fmt.Errorf("task %s: %sa function has ended its goroutine, as FailNow of a test does", t.name, t.running())
}

// failed tells the task that an error is of. The operator that the task is named after is not named again.
func (t *Task) failed(err error) error {
	if o, ok := err.(*OperatorError); ok && o.Operator == t.last { //nolint:errorlint // the outermost error counts: it has named the operator
		err = o.Err
	}
	return fmt.Errorf("task %s: %w", t.name, err)
}

// running names the operator being called, the last one if each called the next.
func (t *Task) running() string {
	for i := len(t.links) - 1; i >= 0; i-- {
		if t.links[i].running {
			return t.links[i].name + ": "
		}
	}
	if t.source != nil {
		return t.source.name + ": "
	}
	return ""
}

// step goes on with the snapshot in progress, if any, and does one piece of work.
func (t *Task) step(ctx context.Context) (Result, error) {
	finished := t.tail.snapshot == nil
	if !finished && !t.behind() && t.owed <= 0 {
		var err error
		if finished, err = t.copySome(); err != nil {
			return Done, err
		}
		t.owed = copyRows
	}
	before := t.stats.rowsIn.Load()
	result, err := t.work(ctx)
	if t.owed -= max(int(t.stats.rowsIn.Load()-before), stepRows); result == Blocked {
		t.owed = 0
	}
	switch {
	case err != nil:
		return Done, err
	case result == Done:
		return Done, t.copyAll()
	case result == Blocked && (!finished || t.tail.snapshot != nil) && !t.behind():
		return Progressed, nil
	}
	return result, nil
}

// work does one piece of work: unfinished operators first, then one input element or batch.
func (t *Task) work(ctx context.Context) (Result, error) {
	unfinished := false
	for i := len(t.links) - 1; i >= 0; i-- {
		finished, err := t.links[i].advance()
		if err != nil {
			return Done, err
		}
		unfinished = unfinished || !finished
	}
	switch {
	case unfinished:
		return Blocked, nil
	case t.tail.whole():
		t.publish()
		return Done, nil
	case t.skip:
		return Progressed, t.skipToEnd()
	case !t.tail.room():
		return Blocked, nil
	}
	if rang, err := t.alarms.ring(); rang || err != nil {
		return Progressed, err
	}
	if m := t.box.take(); m != nil {
		return Progressed, t.serve(ctx, m)
	}
	if !t.ended && t.head.Done() {
		return Progressed, t.stop()
	}
	result, err := t.intake()
	if err != nil {
		return Done, err
	}
	t.publish()
	if result == Blocked {
		t.count() // it may be long until the next step
		for w := range t.tail.writers {
			w.Flush()
		}
		t.alarms.wait(t.signal)
	}
	return result, nil
}

// sourceBarrier starts an epoch in this source. A split it has asked for and not got is one of those
// nobody has taken in that epoch.
func (t *Task) sourceBarrier(epoch dataflow.Epoch) error {
	t.epoch = epoch
	s := &taskSnapshot{epoch: t.epoch, full: t.lineage.begin(t.epoch, dataflow.Epoch(t.complete.Load()))}
	s.writer.For(t.uids[0])
	t.source.snapshot(&s.writer)
	return t.head.handle(event{kind: barrierEvent, snapshot: s})
}

// skipToEnd ends a task whose work is part of what other tasks are restored with.
func (t *Task) skipToEnd() error {
	t.skip, t.ended = false, true
	for _, p := range t.ports {
		for _, c := range p.channels {
			c.Cancel()
			c.ended = true
		}
	}
	for _, x := range t.tail.exits {
		if err := x.handle(event{kind: endEvent}); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the task's inputs because nobody wants more rows.
func (t *Task) stop() error {
	t.ended = true
	if t.source != nil {
		return t.source.end(t)
	}
	for p, port := range t.ports {
		for _, c := range port.channels {
			if !c.ended {
				c.Cancel()
				c.ended = true
			}
		}
		if port.open > 0 {
			port.open = 0
			if err := t.head.handle(event{kind: endEvent, port: dataflow.Port(p)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish makes the task's figures visible.
func (t *Task) publish() {
	var state int64
	for _, l := range t.links {
		if l.measurer != nil {
			state += l.measurer.StateBytes()
		}
	}
	t.noteBuilding()
	t.stats.stateBytes.Store(state)
	if t.steps++; t.steps%countEvery == 0 || t.ended {
		t.count()
	}
	t.stats.watermark.Store(int64(t.mark))
}

// countEvery is after how many steps the rows left out are counted again.
const countEvery = 256

// count gathers the rows that operators and readers left out.
func (t *Task) count() {
	if t.source == nil && !slices.ContainsFunc(t.links, func(l *link) bool { return l.counter != nil }) {
		return
	}
	total := map[string]int64{}
	for _, l := range t.links {
		if l.counter != nil {
			for reason, n := range l.counter.Counts() {
				total[reason] += n
			}
		}
	}
	if t.source != nil {
		for reason, n := range t.source.skipped() {
			total[reason] += n
		}
	}
	t.stats.skipped.Store(&total)
}

// Figures tells how far the task has come. Any goroutine may call it.
func (t *Task) Figures() rpc.TaskFigures {
	f := rpc.TaskFigures{
		Task: t.number, RowsIn: t.stats.rowsIn.Load(), StateBytes: t.stats.stateBytes.Load(), Watermark: dataflow.Time(t.stats.watermark.Load()),
	}
	if counts := t.stats.skipped.Load(); counts != nil {
		f.Skipped = *counts
	}
	return f
}

// Finished is what tells that the task has ended well; it is closed.
func (t *Task) Finished() *rpc.Finished {
	m := &rpc.Finished{Attempt: t.attempt, Task: t.number}
	for _, l := range t.links {
		m.Committable = append(m.Committable, l.finals...)
	}
	return m
}

// Close closes everything the task owns. If the task has failed or was canceled, those before it must
// not take that for the end.
func (t *Task) Close(failed bool) error {
	var errs []error
	t.alarms.close()
	if t.source != nil {
		errs = append(errs, t.source.close())
	}
	for _, l := range t.links {
		for _, e := range l.queue {
			if e.batch != nil {
				e.batch.Release()
			}
		}
		if err := l.op.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", l.name, err))
		}
	}
	for w := range t.tail.writers {
		w.Close()
	}
	for _, p := range t.ports {
		for _, c := range p.channels {
			if failed {
				c.Abandon()
			} else {
				c.Cancel()
			}
		}
	}
	return errors.Join(errs...)
}
