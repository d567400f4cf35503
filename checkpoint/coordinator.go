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
// epoch's files are durable.
const (
	Due EventKind = iota
	Acked
	Finished
	Stored
)

// Command is what has to be done.
type Command struct {
	Kind  CommandKind
	Epoch dataflow.Epoch
}

// CommandKind is the kind of a command.
type CommandKind uint8

// The commands: start the epoch at the sources; make its snapshots durable, then commit what
// sinks prepared for it.
const (
	Trigger CommandKind = iota
	Persist
)

// NewCoordinator makes a coordinator of so many tasks whose last complete epoch is last.
func NewCoordinator(tasks int, last dataflow.Epoch) *Coordinator {
	return &Coordinator{tasks: tasks, epoch: last, acked: map[int]bool{}, finished: map[int]bool{}}
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
		c.open, c.storing = false, false
	}
	return c.complete()
}

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

// Idle reports that no epoch is in progress.
func (c *Coordinator) Idle() bool { return !c.open }

// Ended reports that the last checkpoint of a job whose tasks have all ended was ordered.
func (c *Coordinator) Ended() bool { return c.ended }
