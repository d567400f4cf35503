package jobmanager

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// execution is what the machine knows of a running attempt.
type execution struct {
	parts    map[string]*part // by TaskManager
	places   []string         // the TaskManager of each task
	building map[int]bool     // tasks that read one input before another
	finished []bool           // by task

	coordinator *checkpoint.Coordinator
	// Of the epoch in progress:
	begun       time.Duration
	snapshots   []*checkpoint.File  // by task; nil: not acknowledged
	follows     [][]checkpoint.File // by task: what the snapshot in progress refers to
	files       [][]checkpoint.File // by task: of its last durable snapshot
	splits      map[string]json.RawMessage
	seen        map[string][]string
	committable []dataflow.Committable
	storing     []dataflow.Committable // those of the epoch being made durable
	later       []dataflow.Committable // final output of tasks that ended after their snapshot
	bytes       int64                  // of the snapshots being made durable
	why         *rpc.Failure           // the last epoch failed, if it was given up

	since  time.Duration // the end of the last epoch
	paused bool          // an epoch has ended, so that since counts
	done   bool          // the last output is visible
}

// part is the share of a TaskManager in an attempt.
type part struct {
	tasks    map[int]bool
	deployed bool
	stopped  bool
	asked    bool // for figures to be shown
	figures  map[int]rpc.TaskFigures
}

// prepare begins an attempt.
func (m *Machine) prepare(newest bool) {
	m.attempt++
	m.phase, m.failure, m.run, m.sources, m.figures = preparing, nil, nil, nil, CheckpointStats{}
	m.do(Prepare{m.attempt, m.restore, m.restored, newest})
}

func (m *Machine) prepared(e *Prepared) {
	if e.Failure != nil {
		m.phase = placing
		m.fail(*e.Failure)
		return
	}
	m.restore, m.restored = e.Restore, e.Epoch
	at := 0
	for _, v := range m.vertices {
		if v.Source() != nil {
			m.sources = append(m.sources, newEnumerator(m.attempt, &e.Sources[at], v.First, v.Parallelism))
			at++
		}
	}
	if m.phase = placing; m.settings.SlotTimeout > 0 {
		m.setTimer(slotTimer, m.settings.SlotTimeout)
	}
	m.place()
}

// place deploys the attempt if there are slots enough. They are taken of one TaskManager after the
// other, so that each has about the same share.
func (m *Machine) place() {
	if m.phase != placing || m.offered() < m.slots {
		return
	}
	var slots []string
	for round := 0; len(slots) < m.slots; round++ {
		for _, name := range slices.Sorted(maps.Keys(m.managers)) {
			if round < m.managers[name].slots && len(slots) < m.slots {
				slots = append(slots, name)
			}
		}
	}
	m.stopTimer(slotTimer)
	m.phase = running
	n := len(m.tasks)
	m.run = &execution{
		parts: map[string]*part{}, building: map[int]bool{}, finished: make([]bool, n), snapshots: make([]*checkpoint.File, n),
		follows: make([][]checkpoint.File, n), files: make([][]checkpoint.File, n), begun: m.now,
		coordinator: checkpoint.NewCoordinator(n, m.restored, m.tolerable()),
	}
	for i, t := range m.tasks {
		name := slots[t.sub]
		m.run.places = append(m.run.places, name)
		if m.run.parts[name] == nil {
			m.run.parts[name] = &part{tasks: map[int]bool{}, figures: map[int]rpc.TaskFigures{}}
		}
		m.run.parts[name].tasks[i] = true
	}
	settings := m.settings
	settings.Restore = m.restore
	for _, name := range m.run.names() {
		m.send(name, &rpc.Deploy{Attempt: m.attempt, Job: m.job, Settings: settings, Slots: slots})
	}
	for i, e := range m.sources {
		if e.every > 0 {
			m.setTimer(growTimer(i), e.every)
		}
	}
}

// names are the TaskManagers of the attempt.
func (x *execution) names() []string { return slices.Sorted(maps.Keys(x.parts)) }

// receive deals with a message of a TaskManager's part. What it says of a task that is placed elsewhere
// is not believed.
func (x *execution) receive(m *Machine, p *part, msg rpc.Message) {
	active := m.phase == running
	switch msg := msg.(type) {
	case *rpc.Deployed:
		if active && msg.Attempt == m.attempt && !p.deployed {
			p.deployed = true
			for _, t := range msg.Building {
				x.building[t] = true
			}
		}
	case *rpc.Built:
		if msg.Attempt == m.attempt {
			delete(x.building, msg.Task)
		}
	case *rpc.Request:
		if active && msg.Attempt == m.attempt && p.tasks[msg.Task] && m.tasks[msg.Task].source >= 0 {
			e := m.sources[m.tasks[msg.Task].source]
			m.tell(e.request(msg.Task - e.first))
		}
	case *rpc.Mark:
		if active && msg.Attempt == m.attempt && p.tasks[msg.Task] && m.tasks[msg.Task].source >= 0 {
			m.tell(m.sources[m.tasks[msg.Task].source].mark(msg))
		}
	case *rpc.Acknowledge:
		if active && msg.Attempt == m.attempt && p.tasks[msg.Task] {
			m.acknowledged(msg)
		}
	case *rpc.Finished:
		if active && msg.Attempt == m.attempt && p.tasks[msg.Task] && !x.finished[msg.Task] {
			m.finished(msg)
		}
	case *rpc.Failed:
		if active && msg.Attempt == m.attempt {
			m.fail(msg.Failure)
		}
	case *rpc.Stopped:
		if msg.Attempt == m.attempt {
			p.stopped = true
			p.note(msg.Tasks)
			m.settle()
		}
	case *rpc.Figures:
		if msg.Attempt == m.attempt {
			p.note(msg.Tasks)
			m.shown(p)
		}
	}
}

// tell sends messages to tasks where they run.
func (m *Machine) tell(list []rpc.ToTask) {
	for _, msg := range list {
		_, to := msg.To()
		m.send(m.run.places[to], msg)
	}
}

// end makes the job end without a further attempt.
func (m *Machine) end(f rpc.Failure) {
	if m.asked != nil {
		return
	}
	m.asked = &f
	switch m.phase {
	case running, preparing, placing:
		m.fail(f)
	case delaying:
		m.finish([]rpc.Failure{*m.failure})
	case ending, cleaning, over:
	}
}

// stop makes the job end after a checkpoint, if one can be taken.
func (m *Machine) stop() {
	if m.phase != running || m.settings.Checkpoint == nil || m.building() {
		m.end(rpc.Failure{Class: rpc.Stopping, Text: rpc.ErrStopped.Error()})
		return
	}
	m.stopping = true
	m.handle(checkpoint.Event{Kind: checkpoint.Due})
}

// fail ends the attempt.
func (m *Machine) fail(f rpc.Failure) {
	if m.phase == running && m.run.coordinator.Ended() && f.Class == rpc.Stopping || m.phase >= ending {
		return
	}
	m.failure = &f
	m.phase = ending
	for _, t := range slices.Sorted(maps.Keys(m.timers)) {
		if t != beatTimer {
			m.stopTimer(t)
		}
	}
	if m.run != nil {
		for _, name := range m.run.names() {
			if !m.run.parts[name].stopped {
				m.send(name, &rpc.Cancel{Attempt: m.attempt})
			}
		}
	}
	m.settle()
}

// settle goes on when nothing is left of the attempt.
func (m *Machine) settle() {
	if m.run != nil {
		for _, p := range m.run.parts {
			if !p.stopped {
				return
			}
		}
	}
	switch {
	case m.phase == ending && m.settings.Checkpoint == nil:
		m.phase = cleaning
		m.do(Clean{m.attempt})
	case m.phase == ending:
		m.phase = cleaning
		m.cleaned(nil)
	case m.phase == running && m.run.done:
		m.finish(nil)
	}
}

// cleaned decides whether there is a next attempt. An error that the rows themselves cause is met again
// by every start.
func (m *Machine) cleaned(more *rpc.Failure) {
	delay, again := time.Duration(0), false
	if m.asked == nil && !m.stopping && more == nil && m.failure.Class == rpc.Transient {
		delay, again = m.restarts.failed(m.now)
	}
	if more != nil {
		m.do(Note{"what sinks had prepared is not all removed: " + more.Text})
	}
	if !again {
		m.finish([]rpc.Failure{*m.failure})
		return
	}
	m.phase = delaying
	m.do(Note{fmt.Sprintf("the job has failed: %s; start %d from its newest checkpoint, if there is one, in %s", m.failure.Text, m.attempt, delay.Round(time.Millisecond))})
	m.setTimer(restartTimer, delay)
}

// finish ends the job.
func (m *Machine) finish(list []rpc.Failure) {
	p := m.state()
	p.Final = true
	m.do(Report{p})
	m.do(End{list})
	m.phase = over
}
