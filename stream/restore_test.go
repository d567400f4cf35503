package stream

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler"
)

var errKilled = errors.New("killed")

// always is a ticker that never waits.
func always(time.Duration) (<-chan time.Time, func()) {
	c := make(chan time.Time)
	close(c)
	return c, func() {}
}

// gateRows is where a gated source waits.
const gateRows = 30_000

// gated is a source that does not go on after gateRows before open is true.
type gated struct {
	dataflow.Source
	open func() bool
}

func (g *gated) Open(ctx context.Context, s dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	r, err := g.Source.Open(ctx, s, req)
	return &gatedReader{Reader: r, open: g.open}, err
}

type gatedReader struct {
	dataflow.Reader
	open func() bool
	rows int
	wake func()
}

func (r *gatedReader) Next() (*columnar.Batch, error) {
	if r.rows >= gateRows && !r.open() {
		time.AfterFunc(time.Millisecond, r.wake)
		return nil, nil
	}
	b, err := r.Reader.Next()
	if b != nil {
		r.rows += b.Len()
	}
	return b, err
}

func (r *gatedReader) Notify(wake func()) { r.wake = wake }

// restored is what a job gives that is killed after a checkpoint at one parallelism and goes on
// at another. The rows before the kill and after the restart are both in it.
func restored[O any](t *testing.T, from, to int, build func(s *Stream[ride]) *Stream[O]) []O {
	t.Helper()
	dir := t.TempDir()
	rows := rides(60_000)
	var all []O
	for _, p := range []int{from, to} {
		store, err := checkpoint.Open(dir, "job")
		if err != nil {
			t.Fatal(err)
		}
		epoch, err := store.Newest()
		if err != nil {
			t.Fatal(err)
		}
		kill := epoch == 0
		var seen atomic.Int64
		env := NewEnv(WithParallelism(p))
		env.batchRows = 500
		passing := Map(FromSlice(env, rows), func(r ride) (ride, error) {
			n := seen.Add(1)
			if kill && n > gateRows {
				return r, errKilled
			}
			return r, nil
		})
		sink := forEach(build(passing), "collect", func(v O) error { all = append(all, v); return nil }, nil)
		planned, err := env.plan([]*node{sink})
		if err != nil {
			t.Fatal(err)
		}
		if kill {
			for uid, source := range planned.sources {
				planned.sources[uid] = &gated{source, func() bool { e, err := store.Newest(); return e > 2 || err != nil }}
			}
		}
		opts := scheduler.Options{
			Parallelism: p, Bindings: planned.bindings, Sources: planned.sources, Tick: always, BatchRows: env.batchRows,
			Checkpoint: &scheduler.Checkpointing{Store: store},
		}
		if !kill {
			if opts.Restore, err = newest(store, planned.job); err != nil {
				t.Fatal(err)
			}
		}
		err = scheduler.Run(t.Context(), planned.job, opts)
		if kill && !errors.Is(err, errKilled) || !kill && err != nil {
			t.Fatal(err)
		}
		if n := seen.Load(); !kill && n >= int64(len(rows)) {
			t.Errorf("%d rows were read again", n)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestStateIsRestored(t *testing.T) {
	defer goleak.VerifyNone(t)
	want := expected(rides(60_000))
	total := map[string]int64{}
	for _, r := range rides(60_000) {
		total[r.City] += r.Fare
	}
	for _, p := range [][2]int{{1, 3}, {3, 1}, {2, 2}} {
		got := restored(t, p[0], p[1], windowed)
		sortFares(got)
		// A window emitted between the checkpoint and the kill comes again, and must be equal.
		got = slices.Compact(got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %d rows, not %d", p, len(got), len(want))
		}
		sums := restored(t, p[0], p[1], func(s *Stream[ride]) *Stream[ride] {
			keyed := KeyBy(s, func(r ride) string { return r.City })
			return Reduce(keyed, func(a, b ride) ride { a.Fare += b.Fare; return a }, Named("sums"))
		})
		bySum := map[string]int64{}
		for _, r := range sums {
			bySum[r.City] = r.Fare
		}
		if !reflect.DeepEqual(bySum, total) {
			t.Errorf("%v: sums %v, not %v", p, bySum, total)
		}
		// The number of the last row of each key shows that none was counted twice or lost.
		counts := restored(t, p[0], p[1], func(s *Stream[ride]) *Stream[fares] {
			keyed := KeyBy(s, func(r ride) string { return r.City })
			return Process(keyed, func(ctx *Ctx[fares], city string, r ride, emit func(fares)) error {
				f := ctx.Value()
				f.City, f.Sum = city, f.Sum+r.Fare
				ctx.Set(f)
				emit(f)
				return nil
			}, Named("running"))
		})
		last := map[string]int64{}
		for _, f := range counts {
			last[f.City] = max(last[f.City], f.Sum)
		}
		if !reflect.DeepEqual(last, total) {
			t.Errorf("%v: running sums %v, not %v", p, last, total)
		}
	}
}

// stopping is a job of rides with checkpoints in dir, which fails behind the first of them if it is to stop.
func stopping(dir string, p int, stop bool) (*Env, *Stream[ride]) {
	env := NewEnv(WithName("sums"), WithParallelism(p), WithCheckpoints(dir, time.Millisecond))
	env.batchRows = 500
	seen := 0
	slow := Map(FromSlice(env, rides(60_000)), func(r ride) (ride, error) {
		if seen++; stop && seen > gateRows {
			return r, errKilled
		}
		return r, nil
	})
	if stop {
		env.nodes[0].source = &gated{env.nodes[0].source, func() bool { n, err := checkpointsIn(dir); return n > 0 || err != nil }}
	}
	return env, slow
}

func TestCheckpointsOfEnv(t *testing.T) {
	dir := t.TempDir()
	build := func(p int, stop bool) (*Env, *int64) {
		env, slow := stopping(dir, p, stop)
		var sum int64
		keyed := KeyBy(slow, func(r ride) bool { return r.Tip == nil })
		ForEach(Reduce(keyed, func(a, b ride) ride { a.Fare += b.Fare; return a }, Named("sums")), func(r ride) error {
			sum += r.Fare
			return nil
		})
		return env, &sum
	}
	env, _ := build(1, true)
	if err := env.Execute(t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	other := NewEnv(WithName("sums"), WithCheckpoints(dir, time.Second))
	ForEach(FromSlice(other, []int{1}), func(int) error { return nil })
	if err := other.Execute(t.Context()); err == nil {
		t.Error("the checkpoint of another job is restored")
	}
	env, sum := build(1, false)
	if err := env.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for _, r := range rides(60_000) {
		want += r.Fare
	}
	if *sum != want {
		t.Errorf("sum %d, not %d", *sum, want)
	}
	// The last one stays, to tell that the job has ended.
	if n, err := checkpointsIn(dir); n != 1 || err != nil {
		t.Errorf("%d checkpoints are left: %v", n, err)
	}
}

// counting counts the rows of each key in a field of state S.
func counting[S any](add func(*S)) func(s *Stream[ride]) *Stream[string] {
	return func(s *Stream[ride]) *Stream[string] {
		return Process(KeyBy(s, func(r ride) string { return r.City }), func(ctx *Ctx[S], _ string, _ ride, emit func(string)) error {
			v := ctx.Value()
			add(&v)
			ctx.Set(v)
			emit(fmt.Sprint(v))
			return nil
		}, Named("counts"))
	}
}

// hopping counts the rows of each key and window.
func hopping(size, slide time.Duration) func(s *Stream[ride]) *Stream[string] {
	return func(s *Stream[ride]) *Stream[string] {
		timed := AssignTimestamps(s, func(r ride) time.Time { return r.At }, 0)
		windows := Hop(KeyBy(timed, func(r ride) string { return r.City }), size, slide)
		return AggregateWindow(windows, func(n int, _ ride) int { return n + 1 }, func(w Window, _ string, n int) string { return fmt.Sprint(w, n) }, Named("counts"))
	}
}

// TestStateOfAnotherShapeIsRefused changes a program behind a checkpoint whose rows of state could be read as
// those of the new one.
func TestStateOfAnotherShapeIsRefused(t *testing.T) {
	type both struct{ Rows, Fares int }
	type swapped struct{ Fares, Rows int }
	type fewer struct{ Rows int }
	before := counting(func(b *both) { b.Rows++ })
	for _, c := range []struct {
		name          string
		before, after func(*Stream[ride]) *Stream[string]
		want          string
	}{
		{"fields change places", before, counting(func(s *swapped) { s.Rows++ }), "Rows BIGINT NOT NULL, Fares BIGINT NOT NULL), not ("},
		{"a field less", before, counting(func(f *fewer) { f.Rows++ }), "Fares BIGINT NOT NULL), not ("},
		{"other windows", hopping(time.Hour, time.Hour), hopping(90*time.Minute, time.Hour), "windows of 1h0m0s that begin every 1h0m0s, not of 1h30m0s and 1h0m0s"},
		{"other hops", hopping(2*time.Hour, time.Hour), hopping(2*time.Hour, 30*time.Minute), "not of 2h0m0s and 30m0s"},
		{"the same", before, before, ""},
	} {
		dir := t.TempDir()
		env, rows := stopping(dir, 1, true)
		ForEach(c.before(rows), ignore)
		if err := env.Execute(t.Context()); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		env, rows = stopping(dir, 1, false)
		WithRestart(map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "1 ms"})(env)
		WithNote(func(text string) { t.Errorf("%s: another start does not help: %s", c.name, text) })(env)
		ForEach(c.after(rows), ignore)
		err := env.Execute(t.Context())
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// checkpointsIn counts the complete checkpoints of the job "sums".
func checkpointsIn(dir string) (int, error) {
	list, err := filepath.Glob(filepath.Join(dir, "sums", "chk-*", "metadata.json"))
	return len(list), err
}
