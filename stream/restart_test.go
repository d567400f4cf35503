package stream

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestRestart lets a function fail now and then. The job starts again from a checkpoint, and state counts
// each row once.
func TestRestart(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, p := range []int{1, 3} {
		dir := t.TempDir()
		var notes []string
		env := NewEnv(
			WithName("sums"), WithParallelism(p), WithCheckpoints(dir, time.Millisecond), WithNote(func(text string) { notes = append(notes, text) }),
			WithRestart(map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "2", "restart-strategy.fixed-delay.delay": "1 ms"}),
		)
		env.batchRows = 500
		rows := rides(60_000)
		var seen atomic.Int64
		failing := Map(FromSlice(env, rows), func(r ride) (ride, error) {
			if n := seen.Add(1); n == gateRows+1 || n == 2*gateRows {
				return r, errKilled
			}
			return r, nil
		})
		env.nodes[0].source = &gated{env.nodes[0].source, func() bool { n, err := checkpointsIn(dir); return n > 0 || err != nil }}
		var sum int64
		ForEach(Reduce(KeyBy(failing, func(ride) bool { return true }), func(a, b ride) ride { a.Fare += b.Fare; return a }, Named("sums")),
			func(r ride) error { sum = r.Fare; return nil })
		if err := env.Execute(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		for _, r := range rows {
			want += r.Fare
		}
		if sum != want {
			t.Errorf("parallelism %d: sum %d, want %d", p, sum, want)
		}
		if n := strings.Count(strings.Join(notes, "\n"), errKilled.Error()); n != 2 {
			t.Errorf("parallelism %d: notes %q", p, notes)
		}
		if n := seen.Load(); n >= 3*int64(len(rows)) {
			t.Errorf("parallelism %d: %d rows were read, as if there were no checkpoints", p, n)
		}
	}
}

func TestRestartGivesUp(t *testing.T) {
	settings := map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "3", "restart-strategy.fixed-delay.delay": "1 ms"}
	for _, restarts := range []bool{true, false} {
		env := NewEnv()
		if restarts {
			env = NewEnv(WithRestart(settings))
		}
		calls := 0
		ForEach(FromSlice(env, []int{1}), func(int) error { calls++; return errKilled })
		if err := env.Execute(t.Context()); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 4, false: 1}[restarts]; calls != want {
			t.Errorf("%d calls, want %d", calls, want)
		}
	}
	env := NewEnv(WithRestart(map[string]string{"restart-strategy.tries": "3"}))
	ForEach(FromSlice(env, []int{1}), func(int) error { return nil })
	if err := env.Execute(t.Context()); err == nil || !strings.Contains(err.Error(), "unknown setting 'restart-strategy.tries'") {
		t.Errorf("error %v", err)
	}
}
