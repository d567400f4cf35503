package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
)

// Options are what a run needs beside the job.
type Options struct {
	// Parallelism of nodes that name none; default 1.
	Parallelism int
	Connectors  registry
	Bindings    Bindings
	Sources     SourceBindings
	// Budget is the memory the operators share; default unlimited.
	Budget *columnar.Budget
	Env    *expr.Env
	// Checkpoint says where and how often to take checkpoints; nil takes none, and what sinks
	// prepare is committed when the job has succeeded.
	Checkpoint *Checkpointing
	// Restore is the checkpoint to go on from; nil starts afresh.
	Restore *checkpoint.Snapshot
	// Stop, when it delivers, ends the job after one more checkpoint; Run returns ErrStopped.
	Stop <-chan struct{}
	// EncodeExchanges makes rows travel between tasks as bytes, as they would between processes.
	EncodeExchanges bool
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
	// Tick makes a ticker for Progress; without it there is none.
	Tick func(time.Duration) (<-chan time.Time, func())
}

// Progress is how far a job has come.
type Progress struct {
	RowsRead   int64         // by all sources
	Sources    int           // nodes that read
	Watermark  dataflow.Time // the smallest that has reached a last task; MinTime if none
	StateBytes int64
	// Skipped are the rows left out so far, by reason: late, null time, bad.
	Skipped map[string]int64
	// Restarts are the starts after failures.
	Restarts    int
	Checkpoints CheckpointStats // since the last start
	Final       bool
}

// CheckpointStats are figures of a run's checkpoints.
type CheckpointStats struct {
	Complete, Failed int64
	Newest           Completed
}

// Run executes a job in this process and returns when it has ended; the error is that of the
// first task that failed.
func Run(ctx context.Context, job *graph.Job, opts Options) error {
	if opts.Parallelism <= 0 {
		opts.Parallelism = 1
	}
	if opts.Budget == nil {
		opts.Budget = columnar.NewBudget(0)
	}
	x, err := guardedBuild(ctx, job, opts)
	if err != nil {
		if x != nil {
			err = errors.Join(err, x.abandon())
		}
		return err
	}
	if err := x.checkpoint.recover(ctx); err != nil {
		return errors.Join(err, x.abandon())
	}
	return x.run(ctx)
}

// guardedBuild is build with a panic of an operator turned into an error.
func guardedBuild(ctx context.Context, job *graph.Job, opts Options) (x *execution, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("start of the job: panic: %v\n%s", r, debug.Stack())
		}
	}()
	return build(ctx, job, opts)
}

// abandon closes tasks that never ran.
func (x *execution) abandon() error {
	var errs []error
	for _, t := range x.tasks {
		errs = append(errs, t.close())
	}
	return errors.Join(errs...)
}

func (x *execution) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	for _, t := range x.tasks {
		wg.Go(func() {
			err := t.run(ctx)
			fail := func(err error) {
				mu.Lock()
				if first == nil {
					first = err
				}
				mu.Unlock()
				cancel(err)
			}
			if err != nil {
				// The job is canceled before the task closes its inputs: to the tasks before it a closed
				// channel then means failure and not that enough was read.
				fail(err)
			}
			if closed := t.close(); err == nil && closed != nil {
				err = closed
				fail(err)
			}
			if err == nil {
				x.checkpoint.finish(t)
			}
		})
	}
	finished := make(chan struct{})
	var watcher sync.WaitGroup
	if x.opts.Progress != nil && x.opts.Tick != nil {
		watcher.Go(func() { x.watch(finished) })
	}
	discovering, found := context.WithCancel(ctx)
	defer found()
	x.discover(discovering, &watcher)
	var checkpoints sync.WaitGroup
	tasks := make(chan struct{})
	checkpoints.Go(func() { x.checkpoint.run(ctx, tasks, cancel) })
	wg.Wait()
	close(tasks)
	checkpoints.Wait()
	close(finished)
	found()
	watcher.Wait()
	if first == nil {
		first = x.checkpoint.err
	}
	if first != nil {
		first = errors.Join(first, x.checkpoint.abandon())
	}
	return first
}

// watch reports progress until the job ends, and once more then.
func (x *execution) watch(finished <-chan struct{}) {
	every := x.opts.ProgressEvery
	if every <= 0 {
		every = time.Second
	}
	tick, stop := x.opts.Tick(every)
	defer stop()
	for {
		select {
		case <-tick:
			x.opts.Progress(x.progress())
		case <-finished:
			p := x.progress()
			p.Final = true
			x.opts.Progress(p)
			return
		}
	}
}

func (x *execution) progress() Progress {
	p := Progress{Watermark: dataflow.MaxTime, Sources: len(x.sources), Skipped: map[string]int64{}, Checkpoints: x.checkpoint.figures()}
	for _, t := range x.tasks {
		p.StateBytes += t.stats.stateBytes.Load()
		if counts := t.stats.skipped.Load(); counts != nil {
			for reason, n := range *counts {
				p.Skipped[reason] += n
			}
		}
		if t.source != nil {
			p.RowsRead += t.stats.rowsIn.Load()
		}
		if len(t.tail.writers) == 0 {
			p.Watermark = min(p.Watermark, dataflow.Time(t.stats.watermark.Load()))
		}
	}
	return p
}
