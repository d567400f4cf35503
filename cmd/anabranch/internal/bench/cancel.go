package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/anabranch/anabranch/internal/clock"
)

// cancelQueries are canceled while they run.
var cancelQueries = []struct{ name, sql string }{
	{"scan", "SELECT l_orderkey, l_comment FROM $lineitem WHERE l_quantity > 10"},
	{"sort", "SELECT l_shipdate, l_orderkey, l_partkey FROM $lineitem ORDER BY l_shipdate, l_orderkey, l_partkey"},
	{"join", "SELECT count(*), sum(l_quantity), sum(o_totalprice) FROM $lineitem JOIN $orders ON l_orderkey = o_orderkey"},
}

// Cancel measures how long a query takes to return once it is canceled.
type Cancel struct {
	Data
	Points int // for each query
	Seed   uint64
}

// Validate reports what is wrong with the options.
func (c Cancel) Validate() error {
	if c.Points <= 0 {
		return fmt.Errorf("%d points: at least 1 is needed", c.Points)
	}
	return c.Data.Validate()
}

// cancelResult is one query.
type cancelResult struct {
	Query        string  `json:"query"`
	WholeSeconds float64 `json:"whole_seconds"`
	Points       int     `json:"points"`
	Canceled     int     `json:"canceled"`
	MedianMillis float64 `json:"median_ms"`
	P99Millis    float64 `json:"p99_ms"`
	MaxMillis    float64 `json:"max_ms"`
}

// Run cancels each query at seeded points of its time.
func (c Cancel) Run(ctx context.Context, o Options) (*Report, error) {
	if err := c.prepare(ctx, o); err != nil {
		return nil, err
	}
	r := &Report{
		Benchmark: "cancel", Machine: describe(),
		Parameters: map[string]any{"parallelism": o.Parallelism, "points": c.Points, "seed": c.Seed, "scale_if_made": c.Scale},
		Measures: []string{
			"median, p99, most: from the cancellation until the run has returned, all its tasks ended; the points are drawn with the seed from the time a whole run took",
			"canceled: the runs that had not ended before their point; the others do not count",
		},
		head: []string{"query", "whole", "points", "canceled", "median", "p99", "most"},
	}
	var results []cancelResult
	for _, q := range cancelQueries {
		o.note("cancel: " + q.name)
		result, err := c.measure(ctx, o, c.sql(q.sql))
		if err != nil {
			return nil, fmt.Errorf("cancel: %s: %w", q.name, err)
		}
		result.Query = q.name
		results = append(results, result)
		r.row(q.name, seconds(result.WholeSeconds), strconv.Itoa(result.Points), strconv.Itoa(result.Canceled),
			seconds(result.MedianMillis/1e3), seconds(result.P99Millis/1e3), seconds(result.MaxMillis/1e3))
	}
	r.Results = results
	return r, nil
}

func (c Cancel) measure(ctx context.Context, o Options, sql string) (cancelResult, error) {
	result := cancelResult{Points: c.Points}
	// The first run warms the files up.
	for range 2 {
		watch := clock.Start()
		if _, err := o.query(ctx, sql); err != nil {
			return result, err
		}
		result.WholeSeconds = watch.Elapsed().Seconds()
	}
	random := rand.New(rand.NewPCG(c.Seed, 0))
	var millis []float64
	for range c.Points {
		at := time.Duration(random.Float64() * result.WholeSeconds * float64(time.Second))
		took, canceled, err := cancelAt(ctx, o, sql, at)
		if err != nil {
			return result, err
		}
		if canceled {
			millis = append(millis, took.Seconds()*1e3)
		}
	}
	result.Canceled = len(millis)
	result.MedianMillis, result.P99Millis, result.MaxMillis = median(millis), quantile(millis, 0.99), quantile(millis, 1)
	return result, nil
}

// cancelAt runs a query, cancels it after some time, and tells how long it took to return from then.
func cancelAt(ctx context.Context, o Options, sql string, at time.Duration) (took time.Duration, canceled bool, err error) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	since := make(chan clock.Stopwatch, 1)
	timer := time.AfterFunc(at, func() {
		since <- clock.Start()
		cancel()
	})
	_, err = o.query(run, sql)
	if timer.Stop() {
		return 0, false, err
	}
	took = (<-since).Elapsed()
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return took, true, nil
	}
	return 0, false, err // it had ended just before
}
