package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/shuffle"
)

// stepResult is what a step achieved.
type stepResult uint8

const (
	progressed stepResult = iota
	blocked
	done
)

// task is a chain of operators of one subtask with its inputs and outputs. One goroutine (or a
// simulator) calls step.
type task struct {
	name   string
	source *sourceDriver
	ports  []*inputPort
	head   stage
	links  []*link // from the first to the last
	tail   *tail
	mark   dataflow.Time // smallest watermark over all inputs
	turn   int           // where polling goes on
	ended  bool
	wake   chan struct{}
	stats  taskStats
}

// taskStats is what others may read while the task runs.
type taskStats struct {
	rowsIn, rowsOut, stateBytes, watermark atomic.Int64
}

// inputPort are the channels of one input of the head.
type inputPort struct {
	channels []*inputChannel
	open     int
}

type inputChannel struct {
	*shuffle.Channel
	mark  dataflow.Time
	ended bool
}

// signal makes a waiting task look again.
func (t *task) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run steps until the task is done, fails or is canceled.
func (t *task) run(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("task %s: panic: %v\n%s", t.name, r, debug.Stack())
		}
		err = errors.Join(err, t.close())
	}()
	for {
		result, err := t.step(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("task %s: %w", t.name, err)
		case result == done:
			return nil
		case result == progressed:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			continue
		}
		select {
		case <-t.wake:
		case <-t.ready():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// ready is the channel by which an unbounded reader announces rows.
func (t *task) ready() <-chan struct{} {
	if t.source == nil {
		return nil
	}
	return t.source.ready()
}

// step does one piece of work: unfinished operators first, then one input element or batch.
func (t *task) step(ctx context.Context) (stepResult, error) {
	for i := len(t.links) - 1; i >= 0; i-- {
		finished, err := t.links[i].advance()
		if err != nil {
			return done, err
		}
		if !finished {
			return blocked, nil
		}
	}
	switch {
	case t.tail.ended:
		t.publish()
		return done, nil
	case !t.tail.Room():
		return blocked, nil
	case !t.ended && t.head.Done():
		return progressed, t.stop()
	}
	result, err := t.intake(ctx)
	if err != nil {
		return done, err
	}
	t.publish()
	if result == blocked {
		for _, w := range t.tail.writers {
			w.Flush()
		}
	}
	return result, nil
}

// intake takes one element in.
func (t *task) intake(ctx context.Context) (stepResult, error) {
	if t.source != nil {
		return t.source.step(ctx, t)
	}
	total := 0
	for _, p := range t.ports {
		total += len(p.channels)
	}
	for k := range total {
		port, c := t.channelAt((t.turn + k) % total)
		if c.ended || !t.wants(port) {
			continue
		}
		e, ok := c.Pop()
		if !ok {
			continue
		}
		t.turn = (t.turn + k + 1) % total
		return progressed, t.take(port, c, e)
	}
	return blocked, nil
}

func (t *task) channelAt(i int) (dataflow.Port, *inputChannel) {
	for p, port := range t.ports {
		if i < len(port.channels) {
			return dataflow.Port(p), port.channels[i]
		}
		i -= len(port.channels)
	}
	panic("channel out of range")
}

func (t *task) wants(p dataflow.Port) bool {
	l, ok := t.head.(*link)
	return !ok || l.selector == nil || l.selector.Wants(p)
}

func (t *task) take(port dataflow.Port, c *inputChannel, e shuffle.Element) error {
	switch {
	case e.Batch != nil:
		t.stats.rowsIn.Add(int64(e.Batch.Live()))
		defer e.Batch.ReleaseUnkept() // also when an operator panics
		return t.head.handle(event{kind: batchEvent, batch: e.Batch, port: port})
	case e.End:
		c.ended = true
		c.mark = dataflow.MaxTime
		if err := t.advanceMark(); err != nil {
			return err
		}
		if t.ports[port].open--; t.ports[port].open == 0 {
			return t.endPort(port)
		}
		return nil
	}
	c.mark = e.Watermark
	return t.advanceMark()
}

func (t *task) endPort(p dataflow.Port) error {
	t.ended = true
	for _, port := range t.ports {
		t.ended = t.ended && port.open == 0
	}
	return t.head.handle(event{kind: endEvent, port: p})
}

// advanceMark passes the smallest watermark of all inputs on if it rose.
func (t *task) advanceMark() error {
	low := dataflow.MaxTime
	for _, p := range t.ports {
		for _, c := range p.channels {
			low = min(low, c.mark)
		}
	}
	return t.raise(low)
}

func (t *task) raise(mark dataflow.Time) error {
	if mark <= t.mark {
		return nil
	}
	t.mark = mark
	return t.head.handle(event{kind: watermarkEvent, watermark: mark})
}

// stop ends the task's inputs because nobody wants more rows.
func (t *task) stop() error {
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
func (t *task) publish() {
	var state int64
	for _, l := range t.links {
		if l.measurer != nil {
			state += l.measurer.StateBytes()
		}
	}
	t.stats.stateBytes.Store(state)
	t.stats.rowsOut.Store(t.tail.rows)
	t.stats.watermark.Store(int64(t.mark))
}

// close closes everything the task owns.
func (t *task) close() error {
	var errs []error
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
	for _, w := range t.tail.writers {
		w.Close()
	}
	for _, p := range t.ports {
		for _, c := range p.channels {
			c.Cancel()
		}
	}
	return errors.Join(errs...)
}
