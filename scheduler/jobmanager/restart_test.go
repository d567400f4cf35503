package jobmanager

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/scheduler/rpc"
)

func TestFixedDelayCountsAttempts(t *testing.T) {
	r := &restarts{RestartStrategy: rpc.RestartStrategy{Kind: rpc.FixedDelay, Attempts: 2, Delay: time.Second}}
	for i, want := range []bool{true, true, false} {
		delay, ok := r.failed(time.Duration(i) * time.Hour)
		if ok != want || ok && delay != time.Second {
			t.Errorf("failure %d: %s %t", i+1, delay, ok)
		}
	}
	if _, ok := (&restarts{RestartStrategy: rpc.RestartStrategy{Kind: rpc.NoRestart}}).failed(0); ok {
		t.Error("none starts again")
	}
}

// A job may fail as often as it likes as long as no interval has more failures than allowed.
func TestFailureRateLooksAtTheInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rpc.RestartStrategy{Kind: rpc.FailureRate, MaxFailures: rapid.IntRange(1, 4).Draw(t, "max"), Interval: time.Minute, Delay: time.Second}
		r := &restarts{RestartStrategy: s}
		now := time.Duration(0)
		var at []time.Duration
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 60_000), 1, 20).Draw(t, "gaps") {
			now += time.Duration(gap) * time.Millisecond
			at = append(at, now)
			within := 0
			for _, a := range at {
				if now-a <= s.Interval {
					within++
				}
			}
			if _, ok := r.failed(now); ok != (within <= s.MaxFailures) {
				t.Fatalf("%d failures within the interval, at most %d: %t", within, s.MaxFailures, ok)
			}
		}
	})
}

// The delay grows to its limit and begins anew after a long time without failure.
func TestExponentialDelay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rpc.DefaultRestart()
		s.Jitter = rapid.Float64Range(0, 0.5).Draw(t, "jitter")
		r := &restarts{RestartStrategy: s, random: rand.New(rand.NewPCG(1, 2))}
		now, want := time.Duration(0), float64(s.Initial)
		near := func(d time.Duration) bool {
			return float64(d) >= want*(1-s.Jitter)-1 && float64(d) <= want*(1+s.Jitter)+1
		}
		for i := range 30 {
			delay, ok := r.failed(now)
			if !ok || !near(delay) {
				t.Fatalf("failure %d: %s, want about %s", i, delay, time.Duration(want))
			}
			now += delay + time.Duration(rapid.IntRange(0, int(time.Minute)).Draw(t, "ran"))
			want = min(want*s.Multiplier, float64(s.Max))
			if rapid.IntRange(0, 9).Draw(t, "calm") == 0 {
				now += s.ResetAfter + time.Second
				want = float64(s.Initial)
			}
		}
	})
}
