package scheduler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
)

// RestartStrategy decides whether and when a failed job starts again. The strategies and their options
// are Flink's (https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/task_failure_recovery/).
type RestartStrategy struct {
	Kind RestartKind
	// Attempts is how often a job starts again with FixedDelay; of ExponentialDelay, 0 is no limit.
	Attempts int
	// Delay is the time before a start with FixedDelay and FailureRate.
	Delay time.Duration
	// FailureRate: no start after more than MaxFailures within Interval.
	MaxFailures int
	Interval    time.Duration
	// ExponentialDelay: the delay begins with Initial and grows by Multiplier up to Max; it begins anew
	// after ResetAfter without a failure. Jitter changes it by up to this part of it.
	Initial, Max, ResetAfter time.Duration
	Multiplier, Jitter       float64
}

// RestartKind is one of the strategies.
type RestartKind string

// The strategies.
const (
	NoRestart        RestartKind = "none"
	FixedDelay       RestartKind = "fixed-delay"
	FailureRate      RestartKind = "failure-rate"
	ExponentialDelay RestartKind = "exponential-delay"
)

// DefaultRestart is the strategy of jobs with checkpoints.
func DefaultRestart() RestartStrategy {
	return RestartStrategy{
		Kind: ExponentialDelay, Initial: time.Second, Max: time.Minute, ResetAfter: time.Hour, Multiplier: 1.5, Jitter: 0.1,
	}
}

// restarts is a strategy at work. It has no clock: times are given as those since the job's start.
type restarts struct {
	RestartStrategy
	count    int             // starts so far, of ExponentialDelay since the delay began anew
	failures []time.Duration // within the interval of FailureRate
	delay    time.Duration
	last     time.Duration // end of the last delay
	random   *rand.Rand
}

// failed says after which delay to start again; ok is false if the job has failed for good.
func (r *restarts) failed(now time.Duration) (delay time.Duration, ok bool) {
	switch r.Kind {
	case FixedDelay:
		delay, ok = r.Delay, r.count < r.Attempts
	case FailureRate:
		r.failures = slices.DeleteFunc(r.failures, func(at time.Duration) bool { return now-at > r.Interval })
		r.failures = append(r.failures, now)
		delay, ok = r.Delay, len(r.failures) <= r.MaxFailures
	case ExponentialDelay:
		if r.delay == 0 || now-r.last > r.ResetAfter {
			r.delay, r.count = r.Initial, 0
		} else {
			r.delay = time.Duration(min(float64(r.delay)*r.Multiplier, float64(r.Max)))
		}
		spread := 1 + r.Jitter*(2*r.random.Float64()-1)
		delay, ok = time.Duration(math.Round(float64(r.delay)*spread)), r.Attempts == 0 || r.count < r.Attempts
	}
	r.count++
	r.last = now + delay
	return delay, ok
}

// RunRestarting is Run of a job with checkpoints that starts again from the newest one when it fails.
// An error that the rows themselves cause is met again by every start, so it ends the job at once.
// Options.Note is told why and when the job starts again.
func RunRestarting(ctx context.Context, job *graph.Job, opts Options, strategy RestartStrategy) error {
	started := clock.Start()
	seed := uint64(clock.Micros())
	r := &restarts{RestartStrategy: strategy, random: rand.New(rand.NewPCG(seed, 0))}
	report := opts.Progress
	for attempt := 1; ; attempt++ {
		var last Progress
		if report != nil {
			opts.Progress = func(p Progress) {
				p.Restarts = attempt - 1
				if last = p; !p.Final {
					report(p)
				}
			}
		}
		err := Run(ctx, job, opts)
		var rows *dataflow.RowError
		delay, again := time.Duration(0), false
		if err != nil && !errors.Is(err, ErrStopped) && ctx.Err() == nil && !errors.As(err, &rows) {
			delay, again = r.failed(started.Elapsed())
		}
		if again {
			opts.note("the job has failed: %v; start %d from its newest checkpoint, if there is one, in %s", err, attempt, delay.Round(time.Millisecond))
			again = wait(ctx, opts.Stop, delay)
		}
		if again {
			var failure error
			if opts.Restore, failure = newestOr(opts); failure != nil {
				err, again = errors.Join(err, failure), false
			}
		}
		if !again {
			if report != nil {
				last.Final = true
				report(last)
			}
			return err
		}
	}
}

// note tells what the run goes on in spite of.
func (o *Options) note(format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
}

// newestOr is the newest complete checkpoint of the job, or what it was started from if there is none.
func newestOr(opts Options) (*checkpoint.Snapshot, error) {
	store := opts.Checkpoint.Store
	newest, err := store.Newest()
	if err != nil || newest == 0 || opts.Restore != nil && newest <= opts.Restore.Epoch {
		return opts.Restore, err
	}
	return store.Read(newest)
}

// wait waits for the next start; false if the job is to end instead.
func wait(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	after, cancel := clock.After(d)
	defer cancel()
	select {
	case <-after:
		return true
	case <-stop:
	case <-ctx.Done():
	}
	return false
}
