package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/progress"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/io/generator"
	"github.com/anabranch/anabranch/scheduler"
)

// Nexmark says which queries of Nexmark to run and for how long.
type Nexmark struct {
	Queries []string
	Seconds float64 // for each query, unless Events are given
	Events  int64   // for each query; 0 is as many as there is time for
	Rate    int64   // events a second of event time
	// Interval is that of checkpoints.
	Interval time.Duration
}

// Validate reports what is wrong with the options.
func (n Nexmark) Validate() error {
	var errs []error
	for _, q := range n.Queries {
		if _, ok := nexmarkQueries[q]; !ok {
			errs = append(errs, fmt.Errorf("unknown query %q (known: %s)", q, strings.Join(NexmarkQueries(), ", ")))
		}
	}
	if n.Seconds <= 0 || n.Events < 0 || n.Rate <= 0 || n.Interval <= 0 {
		errs = append(errs, errors.New("seconds, rate and the interval of checkpoints must be positive, and events must not be negative"))
	}
	return errors.Join(errs...)
}

// NexmarkQueries lists the names of the queries.
func NexmarkQueries() []string { return slices.Sorted(maps.Keys(nexmarkQueries)) }

// nexmarkResult is one query, or the generator alone.
type nexmarkResult struct {
	Query string `json:"query"`
	// Scans is how often the plan reads the table: each scan makes all events anew.
	Scans           int     `json:"scans"`
	Events          int64   `json:"events"` // of one scan
	EventsPerSecond float64 `json:"events_per_second"`
	Usage
	StateBytes      int64 `json:"peak_state_bytes"`
	Checkpoints     int   `json:"checkpoints"`
	CheckpointBytes int64 `json:"last_checkpoint_bytes"`
}

// Run measures the generator and then each query.
func (n Nexmark) Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{
		Benchmark: "nexmark", Machine: describe(),
		Parameters: map[string]any{
			"parallelism": o.Parallelism, "seconds": n.Seconds, "events": n.Events,
			"event_time_rate": n.Rate, "checkpoint_interval_seconds": n.Interval.Seconds(),
		},
		Measures: []string{
			"events: persons, auctions and bids of one scan, the mean over the scans of the plan, each of which makes its events anew; seconds: from the statement until it has ended, its last checkpoint included",
			"generator: the events are made, whole, by as many readers, and nothing reads them: the ceiling of the queries",
			"memory: the process at its largest; state: what operators say they hold, at its largest",
		},
		head: []string{"query", "events/s", "events", "scans", "seconds", "CPU-s", "memory", "state", "checkpoints", "last"},
	}
	var results []nexmarkResult
	for _, q := range append([]string{"generator"}, n.Queries...) {
		o.note("nexmark " + q)
		var result nexmarkResult
		var err error
		if q == "generator" {
			result, err = n.generator(ctx, o)
		} else {
			result, err = n.query(ctx, o, q)
		}
		if err != nil {
			return nil, fmt.Errorf("nexmark %s: %w", q, err)
		}
		result.Query, result.EventsPerSecond = q, float64(result.Events)/result.Seconds
		results = append(results, result)
		r.row(q, progress.Count(result.EventsPerSecond), strconv.FormatInt(result.Events, 10), strconv.Itoa(result.Scans), fmt.Sprintf("%.2f", result.Seconds),
			fmt.Sprintf("%.2f", result.CPUSeconds), mem.FormatBytes(result.PeakMemoryBytes), mem.FormatBytes(result.StateBytes),
			strconv.Itoa(result.Checkpoints), mem.FormatBytes(result.CheckpointBytes))
	}
	r.Results = results
	return r, nil
}

// query runs one query into 'blackhole' in streaming mode with checkpoints.
func (n Nexmark) query(ctx context.Context, o Options, query string) (result nexmarkResult, err error) {
	dir, err := os.MkdirTemp("", "anabranch-bench-")
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stop := make(chan struct{})
	var mu sync.Mutex
	e, err := o.engine(engine.Options{
		Name: query, Stop: stop, Settings: streaming(dir, n.Interval),
		Watch: func(_ string, p scheduler.Progress) {
			mu.Lock()
			defer mu.Unlock()
			result.Scans, result.StateBytes = p.Sources, max(result.StateBytes, p.StateBytes)
			result.Events = p.RowsRead / int64(max(p.Sources, 1))
		},
		Completed: func(c scheduler.Completed) {
			mu.Lock()
			defer mu.Unlock()
			result.Checkpoints++
			result.CheckpointBytes = c.Bytes
		},
	})
	if err != nil {
		return result, err
	}
	if _, err := e.Script(ctx, n.tables(), &answer{}); err != nil {
		return result, err
	}
	result.Usage, err = measure(func() error {
		if n.Events == 0 {
			timer := time.AfterFunc(n.duration(), func() { close(stop) })
			defer timer.Stop()
		}
		_, err := e.Script(ctx, nexmarkQueries[query], &answer{})
		if errors.Is(err, scheduler.ErrStopped) {
			return nil
		}
		return err
	})
	return result, err
}

func (n Nexmark) duration() time.Duration { return time.Duration(n.Seconds * float64(time.Second)) }

// streaming are the settings of a job whose checkpoints lie in dir.
func streaming(dir string, interval time.Duration) []engine.Setting {
	return []engine.Setting{
		{Key: "execution.runtime-mode", Value: "streaming"},
		{Key: "execution.checkpointing.interval", Value: fmt.Sprintf("%d ms", max(interval.Milliseconds(), 1))},
		{Key: "execution.checkpointing.dir", Value: dir},
	}
}

// generator reads the events without a job.
func (n Nexmark) generator(ctx context.Context, o Options) (result nexmarkResult, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	connector := generator.Nexmark{}
	schema, err := connector.Infer(ctx, nil)
	if err != nil {
		return result, err
	}
	source, err := connector.Source(&catalog.TableSpec{Name: "nexmark", Connector: connector.Name(), Schema: schema, Options: n.options()})
	if err != nil {
		return result, err
	}
	splits, err := source.Splits(ctx, o.Parallelism)
	if err != nil {
		return result, err
	}
	var events atomic.Int64
	result.Usage, err = measure(func() error {
		watch := clock.Start()
		var readers sync.WaitGroup
		for _, s := range splits {
			readers.Go(func() {
				r, err := source.Open(ctx, s, dataflow.ReadRequest{Columns: []int{0, 1, 2, 3}})
				if err != nil {
					cancel(err)
					return
				}
				for ctx.Err() == nil && (n.Events > 0 || watch.Elapsed() < n.duration()) {
					b, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						cancel(err)
						break
					}
					events.Add(int64(b.Live()))
				}
				if err := r.Close(); err != nil {
					cancel(err)
				}
			})
		}
		readers.Wait()
		return context.Cause(ctx)
	})
	result.Events, result.Scans = events.Load(), 1
	return result, err
}

// options are those of the connector that differ from its defaults.
func (n Nexmark) options() map[string]string {
	rate := strconv.FormatInt(n.Rate, 10)
	o := map[string]string{"connector": "nexmark", "first-event.rate": rate, "next-event.rate": rate}
	if n.Events > 0 {
		o["events.num"] = strconv.FormatInt(n.Events, 10)
	}
	return o
}

// tables declares what the queries read and write.
func (n Nexmark) tables() string {
	var options []string
	for k, v := range n.options() {
		options = append(options, fmt.Sprintf("'%s' = '%s'", k, v))
	}
	return fmt.Sprintf(nexmarkTables, strings.Join(options, ", "))
}
