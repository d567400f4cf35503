package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler"
)

// State measures a running aggregation over many keys, with its state in memory and on disk.
type State struct {
	Keys     int64
	Seconds  float64   // how long updates are counted, once all keys are there
	Zipf     []float64 // exponents of the keys' distribution; 0 is uniform
	Backends []string
	Share    float64 // memory of state on disk, as a part of what it takes in memory
}

// Validate reports what is wrong with the options.
func (s State) Validate() error {
	var errs []error
	if s.Keys <= 1 || s.Seconds <= 0 || s.Share <= 0 {
		errs = append(errs, errors.New("keys, seconds and the share of memory must be positive"))
	}
	for _, z := range s.Zipf {
		if z != 0 && z <= 1 {
			errs = append(errs, fmt.Errorf("--zipf %g: exponents are greater than 1, or 0 for uniform keys", z))
		}
	}
	for _, b := range s.Backends {
		if b != "memory" && b != "pebble" {
			errs = append(errs, fmt.Errorf("--backends %s: backends are memory and pebble", b))
		}
	}
	return errors.Join(errs...)
}

// stateResult is one run.
type stateResult struct {
	Backend  string  `json:"backend"`
	Zipf     float64 `json:"zipf"`
	Updates  int64   `json:"updates"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu_seconds"`
	PerCPU   float64 `json:"updates_per_cpu_second"`
	State    int64   `json:"state_bytes"`
	Memory   int64   `json:"memory_bytes"`      // allowed
	PeakRSS  int64   `json:"peak_memory_bytes"` // of the process
	FillTime float64 `json:"fill_seconds"`
}

const stateTables = `
CREATE TABLE updates (k BIGINT NOT NULL, v BIGINT NOT NULL) WITH ('connector' = 'updates');
CREATE TABLE results (k BIGINT NOT NULL, n BIGINT NOT NULL, s BIGINT) WITH ('connector' = 'blackhole');
`

const stateQuery = `INSERT INTO results SELECT k, count(*), sum(v) FROM updates GROUP BY k`

// Run fills the state and counts the updates that follow.
func (s State) Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{
		Benchmark: "state", Machine: describe(),
		Parameters: map[string]any{"parallelism": o.Parallelism, "keys": s.Keys, "seconds": s.Seconds, "share": s.Share},
		Measures: []string{
			"SELECT k, count(*), sum(v) FROM updates GROUP BY k, whose changes go to 'blackhole'; all keys are there before anything is counted",
			"updates a CPU second: rows read by all processors together, making the rows among it",
			fmt.Sprintf("memory: what state on disk may take in memory, %g of what the state takes in memory", s.Share),
		},
		head: []string{"backend", "keys", "updates/s", "updates/CPU s", "state", "memory", "peak"},
	}
	var results []stateResult
	inMemory := s.Keys * 100
	for _, zipf := range s.Zipf {
		for _, backend := range s.Backends {
			o.note(fmt.Sprintf("state: %s, zipf %g", backend, zipf))
			x, err := s.one(ctx, o, backend, zipf, inMemory)
			if err != nil {
				return nil, err
			}
			if backend == "memory" {
				inMemory, x.Memory = x.State, x.State
			}
			results = append(results, x)
			keys := "uniform"
			if zipf > 0 {
				keys = fmt.Sprintf("zipf(%g)", zipf)
			}
			r.row(backend, keys, millions(float64(x.Updates)/x.Seconds), millions(x.PerCPU),
				mem.FormatBytes(x.State), mem.FormatBytes(x.Memory), mem.FormatBytes(x.PeakRSS))
		}
	}
	r.Results = results
	return r, nil
}

func millions(n float64) string { return strconv.FormatFloat(n/1e6, 'f', 2, 64) + " M" }

// one is a run with one backend.
func (s State) one(ctx context.Context, o Options, backend string, zipf float64, inMemory int64) (x stateResult, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x = stateResult{Backend: backend, Zipf: zipf}
	if backend == "pebble" {
		x.Memory = int64(float64(inMemory) * s.Share)
		o.MemoryBytes = 2 * x.Memory // half of it is for state
	}
	u := &updateCount{keys: s.Keys, zipf: zipf, filled: make(chan struct{})}
	var state atomic.Int64
	e, err := o.engine(engine.Options{
		Name: "state", Connectors: catalog.NewRegistry(updates{u}, blackhole()),
		Settings: []engine.Setting{
			{Key: "execution.runtime-mode", Value: "streaming"}, {Key: "state.backend.type", Value: backend},
		},
		Watch: func(_ string, p scheduler.Progress) { state.Store(max(p.StateBytes, state.Load())) },
	})
	if err != nil {
		return x, err
	}
	started := clock.Start()
	u.counted = make(chan struct{})
	go func() {
		defer close(u.counted)
		select {
		case <-u.filled:
		case <-ctx.Done():
			return
		}
		x.FillTime = started.Elapsed().Seconds()
		rows, cpu, watch := u.rows.Load(), cpuSeconds(), clock.Start()
		timer := time.NewTimer(time.Duration(s.Seconds * float64(time.Second)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		x.Updates, x.CPU, x.Seconds = u.rows.Load()-rows, cpuSeconds()-cpu, watch.Elapsed().Seconds()
		cancel()
	}()
	usage, err := measure(func() error {
		_, err := e.Script(ctx, stateTables+stateQuery, &answer{})
		return err
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return x, err
	}
	if <-u.counted; x.Seconds == 0 { // before all keys were there
		return x, context.Canceled
	}
	x.PerCPU, x.PeakRSS, x.State = float64(x.Updates)/x.CPU, usage.PeakMemoryBytes, state.Load()
	return x, nil
}
