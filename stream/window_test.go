package stream

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestReduceWindow keeps the dearest ride of each city and minute, at two parallelisms, and
// compares with a plain loop.
func TestReduceWindow(t *testing.T) {
	rows := rides(20_000)
	dearer := func(a, b ride) ride {
		if b.Fare > a.Fare {
			return b
		}
		return a
	}
	best := map[string]int64{}
	for _, r := range rows {
		k := fmt.Sprint(r.City, "|", r.At.Truncate(time.Minute).Unix())
		best[k] = max(best[k], r.Fare)
	}
	var want []string
	for k, fare := range best {
		want = append(want, fmt.Sprint(k, " ", fare))
	}
	slices.Sort(want)
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		timed := AssignTimestamps(FromSlice(env, rows), func(r ride) time.Time { return r.At }, time.Second)
		windows := Tumble(KeyBy(timed, func(r ride) string { return r.City }), time.Minute)
		top, err := Collect(t.Context(), ReduceWindow(windows, dearer, Named("dearest")))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range top {
			got = append(got, fmt.Sprint(r.City, "|", r.At.Truncate(time.Minute).Unix(), " ", r.Fare))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("parallelism %d: %d windows, want %d; first %q, want %q", p, len(got), len(want), got[:min(2, len(got))], want[:2])
		}
	}
}
