package scheduler

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/scheduler/jobmanager"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/scheduler/taskmanager"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/state/spill"
)

// Options are what a run needs beside the job.
type Options struct {
	// Parallelism of nodes that name none; default 1.
	Parallelism int
	Connectors  binding.Registry
	Bindings    Bindings
	Sources     SourceBindings
	Committers  CommitterBindings
	// Budget is the memory the operators share; default unlimited.
	Budget *mem.Budget
	Env    *expr.Env
	// State is the tier of state on disk; nil keeps state in memory.
	State *state.Backend
	// Spill is where batch operators put rows aside that memory has no room for; nil is nowhere: a job
	// that needs more than the budget fails.
	Spill *spill.Area
	// Checkpoint says where and how often to take checkpoints; nil takes none, and what sinks
	// prepare is committed when the job has succeeded.
	Checkpoint *Checkpointing
	// Restore is the checkpoint to go on from; nil starts afresh.
	Restore *checkpoint.Snapshot
	// Stop, when it delivers, ends the job after one more checkpoint; Run returns ErrStopped.
	Stop <-chan struct{}
	// TaskManagers is how many share the tasks; default 1. Rows travel between them as bytes.
	TaskManagers int
	// EncodeExchanges makes rows travel between all tasks as bytes, as they would between processes.
	EncodeExchanges bool
	// EncodeMessages makes messages between JobManager and TaskManagers travel as bytes.
	EncodeMessages bool
	// BatchRows is the largest batch sources make; 0 leaves it to them.
	BatchRows int
	// Progress, if set, is called every ProgressEvery (default one second) and at the end.
	Progress      func(Progress)
	ProgressEvery time.Duration
	// IdleAfter is how long a split of an endless source has to be silent in order not to hold the
	// watermark back, where the source does not say; 0 is never.
	IdleAfter time.Duration
	// Note, if set, is told in a line what a run goes on in spite of.
	Note func(text string)
	// Tick makes the tickers of Progress and Checkpoint; without it there are none.
	Tick func(time.Duration) (<-chan time.Time, func())
}

// Checkpointing says where and how often a run takes checkpoints.
type Checkpointing struct {
	Store *checkpoint.Store
	// Interval between two starts; default 10 s.
	Interval time.Duration
	// Retained is how many complete checkpoints are kept; default 1.
	Retained int
	// Timeout is how long one may take before it is given up; default 10 minutes.
	Timeout time.Duration
	// MinPause is how long after one, complete or given up, the next starts at the earliest.
	MinPause time.Duration
	// Tolerable is how many may fail in a row without failing the job.
	Tolerable int
	// Completed, if set, is told of each checkpoint that is durable and committed.
	Completed func(Completed)
}

const (
	defaultInterval      = 10 * time.Second
	defaultTimeout       = 10 * time.Minute
	defaultProgressEvery = time.Second
)

// What a run is told and tells, and what its nodes are bound to.
type (
	// Progress is how far a job has come.
	Progress = jobmanager.Progress
	// CheckpointStats are figures of a run's checkpoints.
	CheckpointStats = jobmanager.CheckpointStats
	// Completed is a checkpoint that has been taken.
	Completed = jobmanager.Completed
	// Bindings give the operators of nodes that live in the submitting process, by uid.
	Bindings = binding.Operators
	// SourceBindings give the sources of nodes that live in the submitting process, by uid.
	SourceBindings = binding.Sources
	// CommitterBindings give the committers of bound operators that prepare output, by uid.
	CommitterBindings = binding.Committers
	// Collector is the operator of a collect node: it hands each batch, borrowed, to Take.
	Collector = binding.Collector
	// RestartStrategy decides whether and when a failed job starts again.
	RestartStrategy = rpc.RestartStrategy
)

// The restart strategies.
const (
	NoRestart        = rpc.NoRestart
	FixedDelay       = rpc.FixedDelay
	FailureRate      = rpc.FailureRate
	ExponentialDelay = rpc.ExponentialDelay
)

// ErrStopped says that the job ended because it was asked to, after a last checkpoint.
var ErrStopped = rpc.ErrStopped

// DefaultRestart is the strategy of jobs with checkpoints.
func DefaultRestart() RestartStrategy { return rpc.DefaultRestart() }

// Digest names the graph of a job, so that a checkpoint is not restored into another one.
func Digest(job *graph.Job) (string, error) { return jobmanager.Digest(job) }

// Run executes a job in this process and returns when it has ended; the error is that of the
// first task that failed.
func Run(ctx context.Context, job *graph.Job, opts Options) error {
	return RunRestarting(ctx, job, opts, RestartStrategy{Kind: NoRestart})
}

// RunRestarting is Run of a job that starts again when it fails, from the newest checkpoint if it takes
// some. An error that the rows themselves cause is met again by every start, so it ends the job at once.
// Options.Note is told why and when the job starts again.
func RunRestarting(ctx context.Context, job *graph.Job, opts Options, strategy RestartStrategy) error {
	submit, err := submission(job, &opts, strategy)
	if err != nil {
		return err
	}
	l, err := newLocal(submit, &opts)
	if err != nil {
		return err
	}
	for _, m := range l.managers {
		m.Offer()
	}
	ended := l.job.Run(ctx)
	for _, m := range l.managers {
		m.Close()
	}
	return l.result(ended)
}

// Discard removes what the sinks of a job with checkpoints have prepared, which none will make visible as it
// does not go on.
func Discard(ctx context.Context, job *graph.Job, opts Options) error {
	submit, err := submission(job, &opts, RestartStrategy{Kind: NoRestart})
	if err != nil {
		return err
	}
	return (&jobmanager.Backing{Submit: submit, Bindings: bindings(&opts)}).Discard(ctx)
}

func bindings(opts *Options) *binding.Set {
	return &binding.Set{Connectors: opts.Connectors, Operators: opts.Bindings, Sources: opts.Sources, Committers: opts.Committers, Env: opts.Env}
}

// submission is what the client sends: it goes through its encoding also here, so that a job that has
// none is found.
func submission(job *graph.Job, opts *Options, strategy RestartStrategy) (*rpc.Submit, error) {
	s := &rpc.Submit{Job: job, Settings: rpc.Settings{
		Parallelism: max(opts.Parallelism, 1), Restart: strategy, Seed: uint64(clock.Micros()),
		EncodeExchanges: opts.EncodeExchanges, BatchRows: opts.BatchRows, IdleAfter: opts.IdleAfter,
	}}
	if o := opts.Checkpoint; o != nil {
		s.Settings.Checkpoint = &rpc.Checkpointing{
			Dir: o.Store.Dir(), Run: rand.Text(), Timeout: o.Timeout, MinPause: o.MinPause, Tolerable: o.Tolerable, Retained: o.Retained,
		}
		if o.Timeout <= 0 {
			s.Settings.Checkpoint.Timeout = defaultTimeout
		}
	} else {
		s.Settings.Salt = rand.Text()
	}
	if opts.Restore != nil {
		s.Settings.Restore = opts.Restore.Dir()
	}
	b, err := rpc.Encode(nil, s)
	if err != nil {
		return nil, err
	}
	m, err := rpc.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("the job cannot be encoded: %w", err)
	}
	return m.(*rpc.Submit), nil
}

// local is a JobManager with its TaskManagers in one process.
type local struct {
	job      *jobmanager.JobManager
	managers map[string]*taskmanager.TaskManager
	causes   *rpc.Causes
	encode   bool
}

func newLocal(s *rpc.Submit, opts *Options) (*local, error) {
	l := &local{managers: map[string]*taskmanager.TaskManager{}, causes: rpc.NewCauses(), encode: opts.EncodeMessages}
	set := bindings(opts)
	loads := &loader{}
	if opts.Restore != nil {
		loads.name, loads.newest = opts.Restore.Dir(), opts.Restore
	}
	backing := &jobmanager.Backing{Submit: s, Bindings: set, Load: loads.load, Causes: l.causes}
	jm := jobmanager.Options{Backing: backing, Send: l.toManager, Tick: opts.Tick, Stop: opts.Stop, Progress: opts.Progress, Note: opts.Note}
	if o := opts.Checkpoint; o != nil {
		backing.Store, jm.Completed = o.Store, o.Completed
		if jm.Interval = o.Interval; jm.Interval <= 0 {
			jm.Interval = defaultInterval
		}
	}
	if opts.Progress != nil {
		if jm.ShowEvery = opts.ProgressEvery; jm.ShowEvery <= 0 {
			jm.ShowEvery = defaultProgressEvery
		}
	}
	var err error
	if l.job, err = jobmanager.New(jm); err != nil {
		return nil, err
	}
	budget, exchange, n := opts.Budget, shuffle.NewExchange(), max(opts.TaskManagers, 1)
	if budget == nil {
		budget = mem.NewBudget(0)
	}
	for i := range n {
		name := fmt.Sprintf("local-%d", i+1)
		l.managers[name] = taskmanager.New(taskmanager.Options{
			Name: name, Slots: (jobmanager.Slots(s) + n - 1) / n, Bindings: set, Budget: budget, State: opts.State, Spill: opts.Spill, Exchange: exchange, Causes: l.causes,
			Load: loads.load, Send: func(m rpc.Message) { l.toJob(name, m) },
		})
	}
	return l, nil
}

func (l *local) toManager(name string, m rpc.Message) {
	if m = l.pass(m); m != nil {
		l.managers[name].Receive(m)
	}
}

func (l *local) toJob(name string, m rpc.Message) {
	if m = l.pass(m); m != nil {
		l.job.Receive(name, m)
	}
}

// pass carries a message, as bytes if that is asked for; nil if it has none, which ends the job.
func (l *local) pass(m rpc.Message) rpc.Message {
	if !l.encode {
		return m
	}
	b, err := rpc.Encode(nil, m)
	if err == nil {
		m, err = rpc.Decode(b)
	}
	if err != nil {
		l.job.Fail(err)
		return nil
	}
	return m
}

// result is the error that a job has ended with.
func (l *local) result(ended *rpc.Ended) error {
	var errs []error
	for _, f := range ended.Failures {
		errs = append(errs, l.causes.Error(&f))
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// loader reads checkpoints for all in the process and keeps the newest, so that each is read once.
type loader struct {
	mu     sync.Mutex
	name   string
	newest *checkpoint.Snapshot
}

func (l *loader) load(name string) (*checkpoint.Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newest != nil && l.name == name {
		return l.newest, nil
	}
	s, err := checkpoint.Read(name)
	if err == nil {
		l.name, l.newest = name, s
	}
	return s, err
}
