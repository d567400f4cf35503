package checkpoint

import "github.com/anabranch/anabranch/dataflow"

// Coordinator decides. It has no clock, files or network: it takes events and returns commands.
type Coordinator struct {
	tasks    int
	epoch    dataflow.Epoch // newest started
	open     bool           // epoch is in progress
	storing  bool           // its snapshots are being made durable
	acked    map[int]bool
	finished map[int]bool
	ended    bool
	// tolerable is how many epochs in a row may fail, failures how many have.
	tolerable, failures int
}

// Event is something that happened.
type Event struct {
	Kind  EventKind
	Task  int
	Epoch dataflow.Epoch
}

// EventKind is the kind of an event.
type EventKind uint8

// The events: the interval has passed; a task's snapshot has arrived; a task has ended; the
// epoch's files are durable; the epoch takes too long; its files could not be made durable.
const (
	Due EventKind = iota
	Acked
	Finished
	Stored
	TimedOut
	StoreFailed
)

// Command is what has to be done.
type Command struct {
	Kind  CommandKind
	Epoch dataflow.Epoch
}

// CommandKind is the kind of a command.
type CommandKind uint8

// The commands: start the epoch at the sources; make its snapshots durable, then commit what
// sinks prepared for it; forget the epoch's snapshots, and commit what sinks prepared for it with a
// later one; fail the job, as too many epochs in a row were given up.
const (
	Trigger CommandKind = iota
	Persist
	Abort
	Fail
)

// NewCoordinator makes a coordinator of so many tasks whose last complete epoch is last. It gives the
// job up when more than tolerable epochs fail in a row.
func NewCoordinator(tasks int, last dataflow.Epoch, tolerable int) *Coordinator {
	return &Coordinator{tasks: tasks, epoch: last, acked: map[int]bool{}, finished: map[int]bool{}, tolerable: tolerable}
}

// Handle takes an event and returns what to do.
func (c *Coordinator) Handle(e Event) []Command {
	switch e.Kind {
	case Due:
		if c.open || c.ended {
			return nil
		}
		c.epoch++
		c.open = true
		clear(c.acked)
		return []Command{{Trigger, c.epoch}}
	case Acked:
		if c.open && e.Epoch == c.epoch {
			c.acked[e.Task] = true
		}
	case Finished:
		c.finished[e.Task] = true
	case Stored:
		c.open, c.storing, c.failures = false, false, 0
	case TimedOut:
		if !c.Waits(e.Epoch) {
			return nil
		}
		return c.abort()
	case StoreFailed:
		return c.abort()
	}
	return c.complete()
}

// abort gives the open epoch up. The last one of a job whose tasks have ended cannot be tried again.
func (c *Coordinator) abort() []Command {
	c.open, c.storing = false, false
	c.failures++
	if c.failures > c.tolerable || c.ended {
		return []Command{{Abort, c.epoch}, {Fail, c.epoch}}
	}
	return append([]Command{{Abort, c.epoch}}, c.complete()...)
}

// Waits reports that the epoch is in progress and waits for tasks.
func (c *Coordinator) Waits(e dataflow.Epoch) bool { return c.open && !c.storing && e == c.epoch }

// complete stores the open epoch when every task has acknowledged it or ended before its
// barrier, and a last one when all have ended.
func (c *Coordinator) complete() []Command {
	if c.storing || c.ended {
		return nil
	}
	if len(c.finished) == c.tasks && !c.open {
		c.epoch++
		c.open, c.storing, c.ended = true, true, true
		return []Command{{Persist, c.epoch}}
	}
	if !c.open {
		return nil
	}
	for t := range c.tasks {
		if !c.acked[t] && !c.finished[t] {
			return nil
		}
	}
	c.storing = true
	return []Command{{Persist, c.epoch}}
}

// Epoch is the newest epoch that was started.
func (c *Coordinator) Epoch() dataflow.Epoch { return c.epoch }

// Idle reports that no epoch is in progress.
func (c *Coordinator) Idle() bool { return !c.open }

// Ended reports that the last checkpoint of a job whose tasks have all ended was ordered.
func (c *Coordinator) Ended() bool { return c.ended }
