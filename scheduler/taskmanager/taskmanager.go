// Package taskmanager runs the tasks that a JobManager deploys to it.
//
// Invariants:
//   - An attempt is canceled here before its failure is told: no task takes the end of another for the
//     end of its input.
//   - Stopped is the last message of an attempt: its tasks are closed and nothing of them is left.
//   - At most one attempt runs; a deployment waits until what is left of the one before has ended.
package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/scheduler/task"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/state/spill"
)

// Options are what a TaskManager is made of.
type Options struct {
	Name     string
	Slots    int
	Bindings *binding.Set
	Budget   *mem.Budget
	State    *state.Backend    // nil: state is in memory
	Spill    *spill.Area       // nil: batch operators put nothing aside
	Exchange *shuffle.Exchange // with other TaskManagers
	Causes   *rpc.Causes
	// Load reads the checkpoint that a deployment names.
	Load func(name string) (*checkpoint.Snapshot, error)
	// Send sends a message to the JobManager without waiting. Any goroutine calls it.
	Send func(rpc.Message)
	// Runner is who runs what takes long; nil: goroutines.
	Runner Runner
	// Create begins a task's snapshot; nil: as a file.
	Create func(dir string, epoch dataflow.Epoch, name string) (Snapshot, error)
}

// Snapshot is a task's snapshot in the making.
type Snapshot interface {
	Append(b state.Blob) error
	Commit() (checkpoint.File, error)
	Abort() error
}

// Runner runs what takes long. It does so after the call, not within.
type Runner interface {
	Go(f func())
	// Run steps a task and calls ended, once, with what Task.Run would return.
	Run(ctx context.Context, t *task.Task, ended func(error))
}

// goroutines is a Runner with one for each.
type goroutines struct{ *sync.WaitGroup }

func (g goroutines) Run(ctx context.Context, t *task.Task, ended func(error)) {
	g.Go(func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				err = t.Left()
			}
			ended(err)
		}()
		err = t.Run(ctx)
		returned = true
	})
}

// TaskManager is one; make it with New.
type TaskManager struct {
	opts    Options
	mu      sync.Mutex
	current *attempt // nil: none
	newest  rpc.Attempt
	closed  bool
	running sync.WaitGroup
	outbox  outbox
}

// attempt is what of an execution is here.
type attempt struct {
	number  rpc.Attempt
	ctx     context.Context // as long as the attempt is wanted
	cancel  context.CancelCauseFunc
	tasks   map[int]*task.Task // once they are built
	left    int                // tasks that have not ended
	failed  bool
	reached atomic.Uint64 // the newest epoch of which a task has a snapshot
	then    func()        // starts the next one when nothing is left of this
	// pending are the snapshots that are being written, by task. The outbox alone looks at them.
	pending map[int]*pending
}

// errCanceled ends tasks whose attempt is not wanted any more.
var errCanceled = errors.New("the attempt is canceled")

// New makes a TaskManager; Offer makes it known.
func New(opts Options) *TaskManager {
	m := &TaskManager{opts: opts}
	if m.opts.Runner == nil {
		m.opts.Runner = goroutines{&m.running}
	}
	if m.opts.Create == nil {
		m.opts.Create = func(dir string, epoch dataflow.Epoch, name string) (Snapshot, error) {
			return checkpoint.NewPending(dir, epoch, name)
		}
	}
	m.outbox.run = m.opts.Runner.Go
	return m
}

// Offer tells the JobManager of the slots.
func (m *TaskManager) Offer() { m.opts.Send(&rpc.Offer{Slots: m.opts.Slots}) }

// Close cancels what runs and waits until it has ended.
func (m *TaskManager) Close() {
	m.mu.Lock()
	m.closed = true
	if m.current != nil {
		m.current.failed = true
		m.current.cancel(errCanceled)
	}
	m.mu.Unlock()
	m.running.Wait()
}

// Receive deals with a message of the JobManager. It does not wait; one goroutine at a time calls it.
func (m *TaskManager) Receive(msg rpc.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.current
	switch msg := msg.(type) {
	case *rpc.Deploy:
		if msg.Attempt > m.newest && !m.closed {
			m.newest = msg.Attempt
			m.deploy(msg, a)
		}
	case rpc.ToTask:
		number, to := msg.To()
		if a != nil && a.number == number && a.tasks[to] != nil {
			a.tasks[to].Deliver(msg)
		}
	case *rpc.Complete:
		if a != nil && a.number == msg.Attempt {
			for _, t := range a.tasks {
				t.Complete(msg.Epoch)
			}
		}
	case *rpc.Cancel:
		switch {
		case a != nil && a.number == msg.Attempt:
			a.failed = true
			a.cancel(errCanceled)
		case msg.Attempt > m.newest:
			m.newest = msg.Attempt // should its deployment still come
			m.opts.Send(&rpc.Stopped{Attempt: msg.Attempt})
		}
	case *rpc.Ask:
		f := &rpc.Figures{Attempt: msg.Attempt}
		if a != nil && a.number == msg.Attempt {
			f.Tasks = a.figures()
		}
		m.opts.Send(f)
	case *rpc.Forgotten:
		if a != nil {
			a.failed = true
			a.cancel(errCanceled)
		}
		m.opts.Send(&rpc.Offer{Slots: m.opts.Slots})
	}
}

func (a *attempt) figures() []rpc.TaskFigures {
	var list []rpc.TaskFigures
	for _, t := range a.tasks {
		list = append(list, t.Figures())
	}
	return list
}

// deploy starts an attempt behind the one before, which is canceled.
func (m *TaskManager) deploy(d *rpc.Deploy, before *attempt) {
	a := &attempt{number: d.Attempt}
	a.ctx, a.cancel = context.WithCancelCause(context.Background())
	m.current = a
	start := func() {
		m.opts.Runner.Go(func() {
			tasks, err := m.build(a, d)
			m.start(a, tasks, err)
		})
	}
	if before == nil {
		start()
		return
	}
	before.failed, before.then = true, start
	before.cancel(errCanceled)
}

func (m *TaskManager) build(a *attempt, d *rpc.Deploy) ([]*task.Task, error) {
	env := task.Environment{
		Name: m.opts.Name, Bindings: m.opts.Bindings, Budget: m.opts.Budget, State: m.opts.State, Spill: m.opts.Spill, Exchange: m.opts.Exchange, Send: m.opts.Send,
		Store: func(ack *rpc.Acknowledge, b state.Blob) {
			a.reach(ack.Epoch)
			m.outbox.put(func() { m.store(a, &d.Settings, ack, b) })
		},
		Append: func(task int, epoch dataflow.Epoch, b state.Blob, written func()) {
			m.outbox.put(func() {
				m.append(a, &d.Settings, task, epoch, b)
				written()
			})
		},
	}
	if d.Settings.Restore != "" {
		var err error
		if env.Restore, err = m.opts.Load(d.Settings.Restore); err != nil {
			return nil, err
		}
	}
	return task.Build(d, env)
}

// start lets the tasks of an attempt run.
func (m *TaskManager) start(a *attempt, tasks []*task.Task, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.fail(a, err)
	} else {
		told := &rpc.Deployed{Attempt: a.number}
		a.tasks, a.left = map[int]*task.Task{}, len(tasks)
		for _, t := range tasks {
			a.tasks[t.Number()] = t
			if t.Building() {
				told.Building = append(told.Building, t.Number())
			}
		}
		m.opts.Send(told)
	}
	if a.left == 0 {
		m.outbox.put(func() { m.stopped(a) })
		return
	}
	for _, t := range tasks {
		m.opts.Runner.Run(a.ctx, t, func(err error) { m.ended(a, t, err) })
	}
}

// ended closes a task and tells how it has ended.
func (m *TaskManager) ended(a *attempt, t *task.Task, err error) {
	if err != nil {
		// The attempt is canceled before the task closes its inputs.
		m.mu.Lock()
		m.fail(a, err)
		m.mu.Unlock()
	}
	closed := guarded(func() error { return t.Close(err != nil) })
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil && closed != nil:
		m.fail(a, closed)
	case err == nil:
		m.outbox.put(func() { m.opts.Send(t.Finished()) })
	}
	if a.left--; a.left == 0 {
		m.outbox.put(func() { m.stopped(a) })
	}
}

// pending is the snapshot of a task that is being written.
type pending struct {
	epoch dataflow.Epoch
	to    Snapshot
	err   error // the first failure
}

// reach notes that a task has passed the barrier of an epoch.
func (a *attempt) reach(epoch dataflow.Epoch) {
	for old := a.reached.Load(); old < uint64(epoch) && !a.reached.CompareAndSwap(old, uint64(epoch)); {
		old = a.reached.Load()
	}
}

// append writes a piece of a task's snapshot, which may be its first, unless nobody waits for it any
// more. One of an older epoch is given up. It is called by the outbox only, as all that deals with
// pending ones.
func (m *TaskManager) append(a *attempt, s *rpc.Settings, number int, epoch dataflow.Epoch, b state.Blob) *pending {
	if a.ctx.Err() != nil || s.Checkpoint == nil {
		return nil
	}
	p := a.pending[number]
	if p == nil || p.epoch != epoch {
		p.abort()
		p = &pending{epoch: epoch}
		var to Snapshot
		to, p.err = m.opts.Create(s.Checkpoint.Dir, epoch, fmt.Sprintf("task-%d-%s-%d", number, s.Checkpoint.Run, a.number))
		if p.err == nil {
			p.to = to
		}
		if a.pending == nil {
			a.pending = map[int]*pending{}
		}
		a.pending[number] = p
	}
	if p.err == nil {
		p.err = p.to.Append(b)
	}
	return p
}

// abort gives a snapshot up.
func (p *pending) abort() {
	if p != nil && p.to != nil {
		_ = p.to.Abort() // what is left is removed with the checkpoint
		p.to = nil
	}
}

// store makes a snapshot durable, of which b is the last piece, and acknowledges it.
func (m *TaskManager) store(a *attempt, s *rpc.Settings, ack *rpc.Acknowledge, b state.Blob) {
	if a.ctx.Err() == nil && dataflow.Epoch(a.reached.Load()) > ack.Epoch {
		// The JobManager has begun another epoch, so it has given this one up, but for the output.
		a.pending[ack.Task].abort()
		delete(a.pending, ack.Task)
		ack.Failure = &rpc.Failure{Text: "a newer epoch has begun"}
		m.opts.Send(ack)
		return
	}
	p := m.append(a, s, ack.Task, ack.Epoch, b)
	if p == nil {
		return
	}
	delete(a.pending, ack.Task)
	var f checkpoint.File
	err := p.err
	if err == nil {
		f, err = p.to.Commit()
	} else {
		p.abort()
	}
	if err != nil {
		failure := m.opts.Causes.Failure(rpc.Transient, err)
		ack.Failure = &failure
	} else {
		ack.File = &f
	}
	m.opts.Send(ack)
}

// guarded is f with a panic turned into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("close: panic: %v", r)
		}
	}()
	return f()
}

// fail cancels an attempt and tells why, if it is the first failure and nobody has asked for the end.
func (m *TaskManager) fail(a *attempt, err error) {
	first := !a.failed
	a.failed = true
	a.cancel(err)
	if first {
		m.opts.Send(&rpc.Failed{Attempt: a.number, Failure: m.opts.Causes.Failure(rpc.Transient, err)})
	}
}

// stopped tells that nothing of an attempt is left.
func (m *TaskManager) stopped(a *attempt) {
	for _, p := range a.pending {
		p.abort()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if a.failed {
		m.opts.Exchange.Release(uint64(a.number))
	}
	m.opts.Send(&rpc.Stopped{Attempt: a.number, Tasks: a.figures()})
	a.cancel(nil)
	if m.current == a {
		m.current = nil
	}
	if a.then != nil {
		a.then()
	}
}
