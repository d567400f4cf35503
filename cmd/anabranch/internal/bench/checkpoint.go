package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler"
)

// Checkpoint measures checkpoints of much state of which little changes.
type Checkpoint struct {
	Keys     int64
	Changed  float64 // share of the keys that changes in an interval
	Interval time.Duration
	Count    int // checkpoints to measure
}

// Validate reports what is wrong with the options.
func (c Checkpoint) Validate() error {
	if c.Keys <= 0 || c.Changed <= 0 || c.Changed > 1 || c.Interval < time.Millisecond || c.Count <= 0 {
		return errors.New("keys, the interval and the number of checkpoints must be positive, and the share that changes above 0 and at most 1")
	}
	return nil
}

// checkpointResult is one checkpoint.
type checkpointResult struct {
	Epoch   uint64  `json:"epoch"`
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"`
	// Changes are the rows that arrived at the sink since the checkpoint before.
	Changes       int     `json:"changes"`
	DelayMedianMS float64 `json:"delay_ms_median"`
	DelayP99MS    float64 `json:"delay_ms_p99"`
	DelayMaxMS    float64 `json:"delay_ms_max"`
}

// checkpointTables count the changes of each key.
const checkpointTables = `
CREATE TABLE changes (k BIGINT NOT NULL, due BIGINT NOT NULL) WITH ('connector' = 'changes');
CREATE TABLE arrivals (k BIGINT NOT NULL, n BIGINT NOT NULL, due BIGINT NOT NULL) WITH ('connector' = 'arrivals');
`

const checkpointQuery = `INSERT INTO arrivals SELECT k, count(*), max(due) FROM changes GROUP BY k`

// Run fills the state, lets the first checkpoint pass and measures those after it.
func (c Checkpoint) Run(ctx context.Context, o Options) (report *Report, err error) {
	dir, err := os.MkdirTemp("", "anabranch-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &Report{
		Benchmark: "checkpoint", Machine: describe(),
		Parameters: map[string]any{
			"parallelism": o.Parallelism, "keys": c.Keys, "changed": c.Changed, "interval_seconds": c.Interval.Seconds(),
		},
		Measures: []string{
			"SELECT k, count(*), max(due) FROM changes GROUP BY k: all keys are there, and their changes come at an even pace",
			"seconds: from asking the sources for the checkpoint until it is durable; bytes: its snapshots; both of each checkpoint, the first one with all keys left out",
			"delay: from when a change was due at the source until its result arrived at the sink, over the changes that arrived since the checkpoint before; the greatest has in it what the checkpoint adds",
		},
		head: []string{"epoch", "seconds", "bytes", "changes", "delay", "p99", "most"},
	}
	var results []checkpointResult
	stop := make(chan struct{})
	pace := &pace{keys: c.Keys, perSecond: float64(c.Keys) * c.Changed / c.Interval.Seconds(), watch: clock.Start()}
	skipped := false
	e, err := o.engine(engine.Options{
		Name: "checkpoint", Stop: stop, Settings: streaming(dir, c.Interval),
		Connectors: catalog.NewRegistry(changes{pace}, arrivals{pace}),
		Completed: func(done scheduler.Completed) {
			delays, filled := pace.take()
			switch {
			case !filled || len(results) == c.Count:
				return
			case !skipped:
				skipped = true
				return
			}
			results = append(results, checkpointResult{
				Epoch: uint64(done.Epoch), Seconds: done.Took.Seconds(), Bytes: done.Bytes, Changes: len(delays),
				DelayMedianMS: median(delays), DelayP99MS: quantile(delays, 0.99), DelayMaxMS: quantile(delays, 1),
			})
			o.note(fmt.Sprintf("checkpoint %d of %d", len(results), c.Count))
			if len(results) == c.Count {
				close(stop)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	o.note("checkpoint: making the state")
	usage, err := measure(func() error {
		_, err := e.Script(ctx, checkpointTables+checkpointQuery, &answer{})
		return err
	})
	if err != nil && !errors.Is(err, scheduler.ErrStopped) {
		return nil, err
	}
	r.Parameters["cpu_seconds"], r.Parameters["peak_memory_bytes"] = usage.CPUSeconds, usage.PeakMemoryBytes
	for _, x := range results {
		r.row(strconv.FormatUint(x.Epoch, 10), seconds(x.Seconds), mem.FormatBytes(x.Bytes), strconv.Itoa(x.Changes),
			seconds(x.DelayMedianMS/1e3), seconds(x.DelayP99MS/1e3), seconds(x.DelayMaxMS/1e3))
	}
	r.Results = results
	return r, nil
}

// pace is what the source and the sink of a run share.
type pace struct {
	keys      int64
	perSecond float64 // changes, of all readers
	watch     clock.Stopwatch

	mu     sync.Mutex
	fills  int       // readers that have not made all their keys
	opened int       // readers
	delays []float64 // in milliseconds, since the last take
}

// now is the time since the start in microseconds, from 1 on.
func (p *pace) now() int64 { return p.watch.Elapsed().Microseconds() + 1 }

// take takes the delays gathered and tells whether all keys are there.
func (p *pace) take() (delays []float64, filled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delays, p.delays = p.delays, nil
	return delays, p.opened > 0 && p.fills == 0
}
