package runner

import (
	"context"
	"errors"
	"strconv"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/state/spill"
)

// Options are what a runner needs beside the settings of its session.
type Options struct {
	Parallelism int // of jobs whose session sets none; default 1
	Budget      *mem.Budget
	// Name is that of jobs whose session sets no pipeline.name.
	Name string
	// Passing says that jobs whose session sets no pipeline.name are of this process only: their checkpoints
	// are in folders that no other has and go when the job ends, however it does.
	Passing  bool
	Recovery Recovery
	// Completed takes the checkpoints of jobs; nil takes none.
	Completed func(scheduler.Completed)
	// Stop, when closed, ends a job after one more checkpoint.
	Stop <-chan struct{}
	// Note tells the user something beside the results; nil drops it.
	Note func(text string)
}

// Runner runs the jobs of one session, one after the other.
type Runner struct {
	opts    Options
	session *session.Session
	jobs    map[string]int // those that write, started so far, by name
}

// New makes a runner.
func New(s *session.Session, opts Options) *Runner {
	return &Runner{opts: opts, session: s, jobs: map[string]int{}}
}

// Run runs a job to its end. The rows of a query, batches that are borrowed, go to take. Watch, if not
// nil, may change what the job is run with. An INSERT starts again when it fails, as the settings say.
func (r *Runner) Run(ctx context.Context, planned *session.Planned, take func(*columnar.Batch) error, watch func(*scheduler.Options)) (err error) {
	opts := scheduler.Options{
		Parallelism: r.Parallelism(), Connectors: r.session.Registry, Budget: r.opts.Budget,
		Env: r.environment(planned), Bindings: scheduler.Bindings{}, Stop: r.opts.Stop, Tick: clock.Tick,
		IdleAfter: r.duration("table.exec.source.idle-timeout", 0), Note: func(text string) { r.note("%s", text) },
	}
	if opts.State = r.stateBackend(); opts.State != nil {
		defer func() { err = errors.Join(err, opts.State.Close()) }()
	}
	opts.Spill = spill.NewArea(r.session.Setting("io.tmp.dirs"))
	defer func() { err = errors.Join(err, opts.Spill.Close()) }()
	if planned.CollectUID == "" {
		planned.Job.Name = r.jobName(r.passing(planned))
	}
	if watch != nil {
		watch(&opts)
	}
	if planned.CollectUID == "" {
		return planned.Located(r.write(ctx, planned, opts))
	}
	opts.Bindings[planned.CollectUID] = func() dataflow.Operator { return &scheduler.Collector{Take: take} }
	return planned.Located(scheduler.Run(ctx, planned.Job, opts))
}

// write runs a job that writes to tables.
func (r *Runner) write(ctx context.Context, planned *session.Planned, opts scheduler.Options) error {
	store, err := r.prepare(planned, &opts)
	if err != nil {
		return err
	}
	if store == nil {
		return scheduler.Run(ctx, planned.Job, opts)
	}
	restart, err := r.restart()
	if err == nil {
		err = scheduler.RunRestarting(ctx, planned.Job, opts, restart)
	}
	if !r.passing(planned) {
		return errors.Join(err, r.leave(store))
	}
	if err != nil {
		err = errors.Join(err, scheduler.Discard(context.WithoutCancel(ctx), planned.Job, opts))
	}
	return errors.Join(err, store.Remove(r.checkpointBase()))
}

// leave gives up a store. Where no checkpoint is complete nothing is left of it.
func (r *Runner) leave(store *checkpoint.Store) error {
	if newest, err := store.Newest(); err != nil || newest > 0 {
		return errors.Join(err, store.Close())
	}
	return store.Remove(r.checkpointBase())
}

// Parallelism is that of the session's settings if they tell one.
func (r *Runner) Parallelism() int {
	if n, err := strconv.Atoi(r.session.Setting("parallelism.default")); err == nil && n > 0 {
		return n
	}
	return r.opts.Parallelism
}

// Environment is what the expressions of a streaming job know of the outside.
func (r *Runner) Environment() *expr.Env {
	env := &expr.Env{Now: clock.Micros, Functions: r.session.Functions}
	if loc, err := r.session.Location(); err == nil { // SET has checked it
		env.Location = loc
	}
	return env
}

// environment is that of a job. A batch job sees one time, that of its start.
func (r *Runner) environment(p *session.Planned) *expr.Env {
	env := r.Environment()
	if !p.Job.Streaming {
		start := clock.Micros()
		env.Now = func() int64 { return start }
	}
	return env
}
