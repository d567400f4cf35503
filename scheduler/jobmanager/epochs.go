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

func (m *Machine) tolerable() int {
	if o := m.settings.Checkpoint; o != nil {
		return o.Tolerable
	}
	return 0
}

// due starts an epoch unless the pause since the last one is too short.
func (m *Machine) due() {
	if _, waits := m.timers[pauseTimer]; waits || m.settings.Checkpoint == nil || m.building() {
		return
	}
	if left := m.settings.Checkpoint.MinPause - (m.now - m.run.since); m.run.paused && left > 0 {
		m.setTimer(pauseTimer, left)
		return
	}
	m.handle(checkpoint.Event{Kind: checkpoint.Due})
}

// building reports that some task is not there yet or reads one input before another. A barrier would
// arrive on the one and wait for that of the other, which is behind rows nobody reads: no epoch starts
// before all such inputs have ended.
func (m *Machine) building() bool {
	for _, p := range m.run.parts {
		if !p.deployed {
			return true
		}
	}
	return len(m.run.building) > 0
}

// expire gives the epoch in progress up.
func (m *Machine) expire() {
	if epoch := m.run.coordinator.Epoch(); m.run.coordinator.Waits(epoch) {
		m.run.why = &rpc.Failure{Text: fmt.Sprintf("checkpoint %d is not complete after %s; see 'execution.checkpointing.timeout'", epoch, m.settings.Checkpoint.Timeout)}
		m.handle(checkpoint.Event{Kind: checkpoint.TimedOut, Epoch: epoch})
		m.stopIfIdle()
	}
}

// acknowledged takes a task's snapshot.
func (m *Machine) acknowledged(a *rpc.Acknowledge) {
	x := m.run
	// What sinks have prepared for an epoch that was given up goes with the next one.
	x.committable = append(x.committable, a.Committable...)
	if !x.coordinator.Waits(a.Epoch) {
		return
	}
	if a.Failure != nil {
		x.why = a.Failure
		m.handle(checkpoint.Event{Kind: checkpoint.StoreFailed, Epoch: a.Epoch})
		m.stopIfIdle()
		return
	}
	x.snapshots[a.Task], x.follows[a.Task] = a.File, nil
	if a.Follows {
		x.follows[a.Task] = x.files[a.Task]
	}
	m.handle(checkpoint.Event{Kind: checkpoint.Acked, Task: a.Task, Epoch: a.Epoch})
	m.stopIfIdle()
}

// finished notes that a task has ended well.
func (m *Machine) finished(f *rpc.Finished) {
	x := m.run
	x.finished[f.Task] = true
	if x.snapshots[f.Task] != nil {
		// Restored from this epoch the task would write that output again.
		x.later = append(x.later, f.Committable...)
	} else {
		x.committable = append(x.committable, f.Committable...)
	}
	m.handle(checkpoint.Event{Kind: checkpoint.Finished, Task: f.Task})
	m.stopIfIdle()
}

// stopIfIdle ends a job that was asked to stop once no epoch is in progress. It has failed if its last
// checkpoint did.
func (m *Machine) stopIfIdle() {
	if !m.stopping || m.phase != running || !m.run.coordinator.Idle() || m.run.coordinator.Ended() {
		return
	}
	if m.run.why != nil {
		m.fail(*m.run.why)
		return
	}
	m.end(rpc.Failure{Class: rpc.Stopping, Text: rpc.ErrStopped.Error()})
}

// handle asks the coordinator and does what it says.
func (m *Machine) handle(e checkpoint.Event) {
	for _, cmd := range m.run.coordinator.Handle(e) {
		if m.phase != running {
			return
		}
		switch cmd.Kind {
		case checkpoint.Trigger:
			m.trigger(cmd.Epoch)
		case checkpoint.Persist:
			m.persist(cmd.Epoch)
		case checkpoint.Abort:
			m.forget()
		case checkpoint.Fail:
			m.fail(*m.run.why)
		}
	}
}

// trigger starts an epoch: first the splits nobody has taken, then the sources.
func (m *Machine) trigger(epoch dataflow.Epoch) {
	m.run.begun = m.now
	m.run.splits, m.run.seen = map[string]json.RawMessage{}, map[string][]string{}
	for _, e := range m.sources {
		text, err := json.Marshal(e.snapshot())
		if err != nil {
			m.fail(rpc.Failure{Text: fmt.Sprintf("splits of %s: %v", e.uid, err)})
			return
		}
		m.run.splits[e.uid] = text
		if len(e.seen) > 0 {
			m.run.seen[e.uid] = slices.Sorted(maps.Keys(e.seen))
		}
	}
	m.setTimer(epochTimer, m.settings.Checkpoint.Timeout)
	for i, t := range m.tasks {
		if t.source >= 0 {
			m.send(m.run.places[i], &rpc.Trigger{Attempt: m.attempt, Task: i, Epoch: epoch})
		}
	}
}

// persist makes the epoch durable and then its output visible. The last checkpoint of a job that
// has ended stays: a process killed right after may be started again to resume, which must not
// do the work again.
func (m *Machine) persist(epoch dataflow.Epoch) {
	x := m.run
	ended := x.coordinator.Ended()
	if ended {
		x.begun = m.now // no source was asked: it follows from the end of the tasks
	}
	x.storing, x.committable = x.committable, nil
	if m.settings.Checkpoint == nil {
		m.do(Commit{m.attempt, epoch, x.storing})
		return
	}
	meta := &checkpoint.Metadata{Job: m.job.Name, Digest: m.digest, Epoch: epoch, Committable: x.storing, Splits: x.splits, Seen: x.seen, Ended: ended}
	x.bytes = 0
	for i, t := range m.tasks {
		task := checkpoint.Task{UIDs: t.uids, Subtask: t.sub, Finished: x.snapshots[i] == nil}
		if f := x.snapshots[i]; f != nil {
			x.bytes += int64(f.Bytes)
			task.Files = append([]checkpoint.File{*f}, x.follows[i]...)
		}
		meta.Tasks = append(meta.Tasks, task)
	}
	m.do(Persist{m.attempt, meta})
}

// stored goes on with an epoch that is durable, or could not be made so.
func (m *Machine) stored(e *Stored) {
	x := m.run
	if e.Failure != nil {
		x.why = e.Failure
		m.handle(checkpoint.Event{Kind: checkpoint.StoreFailed, Epoch: e.Metadata.Epoch})
		m.stopIfIdle()
		return
	}
	for i, t := range e.Metadata.Tasks {
		x.files[i] = t.Files
	}
	x.clear()
	x.committable, x.later = append(x.committable, x.later...), nil
	for _, name := range x.names() {
		if !x.parts[name].stopped {
			m.send(name, &rpc.Complete{Attempt: m.attempt, Epoch: e.Metadata.Epoch})
		}
	}
	m.do(Commit{m.attempt, e.Metadata.Epoch, x.storing})
}

// clear drops the snapshots of an epoch.
func (x *execution) clear() {
	clear(x.snapshots)
	clear(x.follows)
}

// committed ends an epoch whose output is visible.
func (m *Machine) committed(e *Committed) {
	x := m.run
	if e.Failure != nil {
		m.fail(*e.Failure)
		return
	}
	x.storing, x.why = nil, nil
	if m.settings.Checkpoint != nil {
		done := Completed{Epoch: e.Epoch, Took: m.now - x.begun, Bytes: x.bytes}
		m.figures.Complete++
		m.figures.Newest = done
		m.do(Tell{done})
		m.do(Retain{e.Epoch, max(m.settings.Checkpoint.Retained, 1)})
	}
	m.pause()
	if x.done = x.coordinator.Ended(); x.done {
		m.settle()
		return
	}
	m.handle(checkpoint.Event{Kind: checkpoint.Stored, Epoch: e.Epoch})
	m.stopIfIdle()
}

// forget drops what was gathered of an epoch that is given up, but for the output, which is committed
// with the next one.
func (m *Machine) forget() {
	x := m.run
	x.clear()
	x.committable = append(append(x.storing, x.committable...), x.later...)
	x.storing, x.later = nil, nil
	m.figures.Failed++
	m.pause()
}

// pause notes that an epoch has ended.
func (m *Machine) pause() {
	m.run.paused, m.run.since = true, m.now
	m.stopTimer(epochTimer)
	m.stopTimer(pauseTimer)
}

// growTimer is that of looking for further splits of a source.
func growTimer(source int) timer { return timer(fmt.Sprintf("grow %d", source)) }

// grow looks for further splits of the source of a timer.
func (m *Machine) grow(t timer) {
	for i, e := range m.sources {
		if growTimer(i) == t {
			m.do(List{m.attempt, i, e.uid, append([]dataflow.Split(nil), e.known...), e.seen})
		}
	}
}

// listed deals the splits that have come. Where nobody can tell, it is asked again later.
func (m *Machine) listed(e *Listed) {
	source := m.sources[e.Source]
	if e.Failure != nil {
		m.do(Note{"new splits cannot be listed now: " + e.Failure.Text})
	} else {
		m.tell(source.add(e.Splits, e.Names))
	}
	m.setTimer(growTimer(e.Source), source.every)
}

// Completed is a checkpoint that has been taken.
type Completed struct {
	Epoch dataflow.Epoch
	Took  time.Duration // from asking the sources until its output was visible
	Bytes int64         // of its snapshots
}

// CheckpointStats are figures of a run's checkpoints.
type CheckpointStats struct {
	Complete, Failed int64
	Newest           Completed
}
