package task

import (
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/state"
)

// copying is the part of a snapshot that an operator writes while it goes on.
type copying struct {
	link   *link
	writer state.Writer
	done   bool
}

// copyRows is how many rows are copied between two steps of a task, so that no step has to wait
// long.
const copyRows = 4096

// stepRows is how many rows a step counts for at the least, of those that pay for what was copied.
const stepRows = 256

// unwrittenMax is how many bytes of snapshots may wait for the disk before no more are copied.
const unwrittenMax = 32 << 20

// behind reports that the disk is: the task is woken when it no longer is.
func (t *Task) behind() bool { return t.unwritten.Load() > unwrittenMax }

// copySome goes on with the snapshot in progress and reports whether none is left.
func (t *Task) copySome() (finished bool, err error) {
	s := t.tail.snapshot
	if s == nil {
		return true, nil
	}
	t.handOver(s, &s.writer)
	for _, c := range s.copying {
		if c.done {
			continue
		}
		c.link.running = true
		c.done, err = c.link.incremental.Copy(copyRows)
		c.link.running = false
		if err != nil {
			return false, c.link.wrap(err)
		}
		t.handOver(s, &c.writer)
		return false, nil
	}
	t.tail.snapshot = nil
	rest, err := s.rest()
	if err != nil {
		return false, err
	}
	t.lineage.wrote(s.full, s.handed+rest.Len())
	t.store(&rpc.Acknowledge{
		Attempt: t.attempt, Task: t.number, Epoch: s.epoch, Follows: !s.full && len(s.copying) > 0, Committable: s.committable,
	}, rest)
	return true, nil
}

// handOver has what fills segments written, so that a large snapshot is never in memory as a whole.
func (t *Task) handOver(s *taskSnapshot, w *state.Writer) {
	full := w.Full()
	n := full.Len()
	if n == 0 {
		return
	}
	s.handed += n
	t.unwritten.Add(int64(n))
	t.append(t.number, s.epoch, full, func() {
		t.unwritten.Add(int64(-n))
		t.signal()
	})
}

// begin makes s the snapshot in progress. One that was given up for it is never whole, but what sinks
// had prepared for that epoch goes with this one.
func (t *tail) begin(s *taskSnapshot) {
	if t.snapshot != nil {
		s.committable = append(t.snapshot.committable, s.committable...)
	}
	t.snapshot = s
}

// copyAll finishes the snapshot in progress.
func (t *Task) copyAll() error {
	for {
		if finished, err := t.copySome(); finished || err != nil {
			return err
		}
	}
}

// rest is what of the snapshot was not handed over.
func (s *taskSnapshot) rest() (state.Blob, error) {
	b, err := s.writer.Blob()
	for _, c := range s.copying {
		more, failed := c.writer.Blob()
		if b = append(b, more...); err == nil {
			err = failed
		}
	}
	return b, err
}

// lineage decides which snapshots of a task are of all state and which of what has changed.
type lineage struct {
	last   dataflow.Epoch // of the snapshot before
	full   int            // bytes of the last one of all state
	since  int            // bytes of those after it
	number int            // of those after it
}

// followMax is how many snapshots of changes may follow on one of all state: each is a file to list in
// every checkpoint and to open on restore.
const followMax = 200

// begin says whether the snapshot of an epoch has to be of all state, where complete is the newest that
// is durable: if the one before is not
// durable, if reading those after the last such one would take longer than reading it, or if they are
// too many.
func (l *lineage) begin(epoch, complete dataflow.Epoch) (full bool) {
	full = l.last == 0 || complete != l.last || l.since > l.full || l.number >= followMax
	l.last = epoch
	return full
}

// wrote notes the size of a snapshot.
func (l *lineage) wrote(full bool, n int) {
	if full {
		l.full, l.since, l.number = n, 0, 0
	} else {
		l.since, l.number = l.since+n, l.number+1
	}
}
