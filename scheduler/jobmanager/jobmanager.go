package jobmanager

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// Options are what a JobManager is made of beside its job.
type Options struct {
	Backing *Backing
	// Send sends a message to a TaskManager without waiting.
	Send func(manager string, m rpc.Message)
	// Interval is that between two checkpoints, ShowEvery that of reports; 0: none.
	Interval, ShowEvery time.Duration
	// Tick makes their tickers.
	Tick func(time.Duration) (<-chan time.Time, func())
	// Stop, when it delivers, ends the job after one more checkpoint.
	Stop <-chan struct{}
	// Progress, Completed and Note, if set, are told what they say.
	Progress  func(Progress)
	Completed func(Completed)
	Note      func(text string)
}

// JobManager does what its machine decides. Make it with New, then Run it.
type JobManager struct {
	opts    Options
	machine *Machine
	started clock.Stopwatch
	timers  map[int]func() // stop those that run
	ended   *End

	mu     sync.Mutex
	inbox  []Event
	notify chan struct{}
	work   chan Action // for the worker
	queue  []Action    // that wait for it
	busy   bool
	others sync.WaitGroup
}

// New makes the JobManager of a job.
func New(opts Options) (*JobManager, error) {
	m, err := NewMachine(opts.Backing.Submit)
	if err != nil {
		return nil, err
	}
	return &JobManager{opts: opts, machine: m, timers: map[int]func(){}, notify: make(chan struct{}, 1), work: make(chan Action)}, nil
}

// Receive takes a message of a TaskManager in. It does not wait; any goroutine may call it.
func (j *JobManager) Receive(manager string, m rpc.Message) { j.post(From{manager, m}) }

// Fail ends the job: its messages do not come through.
func (j *JobManager) Fail(err error) {
	j.post(Cancel{j.opts.Backing.Causes.Failure(rpc.Transient, err)})
}

func (j *JobManager) post(e Event) {
	j.mu.Lock()
	j.inbox = append(j.inbox, e)
	j.mu.Unlock()
	select {
	case j.notify <- struct{}{}:
	default:
	}
}

// Run runs the job to its end; a failure is that of a canceled ctx too.
func (j *JobManager) Run(ctx context.Context) *rpc.Ended {
	j.started = clock.Start()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make(chan Event)
	var worker sync.WaitGroup
	worker.Go(func() {
		for a := range j.work {
			answers <- j.world(inner, a)
		}
	})
	due, stopDue := j.ticker(j.opts.Interval)
	defer stopDue()
	show, stopShow := j.ticker(j.opts.ShowEvery)
	defer stopShow()
	stop, canceled := j.opts.Stop, ctx.Done()
	j.act(inner, j.machine.Start(0))
	for j.ended == nil || j.busy { // what is being written is not left half done
		var e Event
		select {
		case <-j.notify:
			j.drain(inner)
			continue
		case e = <-answers:
			j.busy = false
			j.next()
			if e == nil {
				continue
			}
		case <-due:
			e = Due{}
		case <-show:
			e = Show{}
		case <-stop:
			stop, e = nil, Stop{}
		case <-canceled:
			canceled, e = nil, Cancel{j.opts.Backing.Causes.Failure(rpc.Canceled, context.Cause(ctx))}
		}
		j.step(inner, e)
	}
	close(j.work)
	worker.Wait()
	for _, stop := range j.timers {
		stop()
	}
	cancel(nil)
	j.others.Wait()
	return &rpc.Ended{Failures: j.ended.Failures}
}

// ticker is one of the options; without it, nothing ever comes.
func (j *JobManager) ticker(every time.Duration) (<-chan time.Time, func()) {
	if every <= 0 || j.opts.Tick == nil {
		return nil, func() {}
	}
	return j.opts.Tick(every)
}

// drain handles what was posted.
func (j *JobManager) drain(ctx context.Context) {
	j.mu.Lock()
	list := j.inbox
	j.inbox = nil
	j.mu.Unlock()
	for _, e := range list {
		if n, ok := e.(noted); ok {
			j.note(n.text)
			continue
		}
		if t, ok := e.(Fired); ok {
			delete(j.timers, t.Timer)
		}
		j.step(ctx, e)
	}
}

func (j *JobManager) step(ctx context.Context, e Event) {
	j.act(ctx, j.machine.Step(j.started.Elapsed(), e))
}

// act does what the machine says.
func (j *JobManager) act(ctx context.Context, list []Action) {
	for _, a := range list {
		switch a := a.(type) {
		case Send:
			j.opts.Send(a.Manager, a.Message)
		case SetTimer:
			j.timers[a.Timer] = clock.Call(a.After, func() { j.post(Fired{a.Timer}) })
		case StopTimer:
			if stop, ok := j.timers[a.Timer]; ok {
				stop()
				delete(j.timers, a.Timer)
			}
		case List:
			j.others.Go(func() {
				if e := j.world(ctx, a); e != nil {
					j.post(e)
				}
			})
		case Tell:
			if j.opts.Completed != nil {
				j.opts.Completed(a.Completed)
			}
		case Report:
			if j.opts.Progress != nil {
				j.opts.Progress(a.Progress)
			}
		case Note:
			j.note(a.Text)
		case End:
			j.ended = &a
		default:
			j.queue = append(j.queue, a)
			j.next()
		}
	}
}

// next gives the worker something to do if it is idle.
func (j *JobManager) next() {
	if j.busy || len(j.queue) == 0 {
		return
	}
	a := j.queue[0]
	j.queue = j.queue[1:]
	j.busy = true
	j.work <- a
}

// world does an action of the world outside.
func (j *JobManager) world(ctx context.Context, a Action) (e Event) {
	defer func() {
		if r := recover(); r != nil {
			f := j.opts.Backing.Causes.Failure(rpc.Transient, fmt.Errorf("%T: panic: %v\n%s", a, r, debug.Stack()))
			e = Cancel{f}
		}
	}()
	e, err := j.opts.Backing.Do(ctx, a)
	if err != nil {
		// The newest checkpoint stands; the next one tries again.
		text := err.Error()
		if r, ok := a.(Retain); ok {
			text = fmt.Sprintf("older checkpoints than %d cannot be deleted yet: %v", r.Epoch, err)
		}
		j.post(noted{text})
	}
	return e
}

// noted is a note of the worker.
type noted struct{ text string }

func (noted) event() {}

func (j *JobManager) note(text string) {
	if j.opts.Note != nil {
		j.opts.Note(text)
	}
}
