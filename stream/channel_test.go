package stream

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestFromChannel sends rows one by one and sees each come out before it sends the next.
func TestFromChannel(t *testing.T) {
	defer goleak.VerifyNone(t)
	rows, seen := make(chan int), make(chan int, 100)
	env := NewEnv(WithParallelism(2))
	doubled := Map(FromChannel(env, rows), func(i int) (int, error) { return 2 * i, nil })
	ForEach(doubled, func(i int) error { seen <- i; return nil })
	done := make(chan error, 1)
	go func() { done <- env.Execute(t.Context()) }()
	for i := range 10 {
		rows <- i
		if got := <-seen; got != 2*i {
			t.Errorf("row %d: %d", i, got)
		}
	}
	close(rows)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFromChannelKeepsUp sends more than fits anywhere, with small pauses of the receiver.
func TestFromChannelKeepsUp(t *testing.T) {
	defer goleak.VerifyNone(t)
	const n = 200_000
	rows := make(chan int)
	go func() {
		for i := range n {
			rows <- i
		}
		close(rows)
	}()
	got, err := Collect(t.Context(), FromChannel(NewEnv(), rows))
	if err != nil || len(got) != n || !slices.IsSorted(got) {
		t.Errorf("%d rows, sorted %t, %v", len(got), slices.IsSorted(got), err)
	}
}

// TestFromChannelEndsWithTheJob lets a job fail whose channel is never closed.
func TestFromChannelEndsWithTheJob(t *testing.T) {
	defer goleak.VerifyNone(t)
	rows := make(chan int, 1)
	rows <- 1
	wrong := errors.New("wrong")
	_, err := Collect(t.Context(), Map(FromChannel(NewEnv(), rows), func(int) (int, error) { return 0, wrong }))
	if !errors.Is(err, wrong) {
		t.Error(err)
	}
}

// TestHop counts the rides of each city in overlapping windows, and in ones with gaps, and compares with
// a plain loop.
func TestHop(t *testing.T) {
	rows := rides(5_000)
	for _, c := range []struct{ size, slide time.Duration }{
		{time.Minute, 20 * time.Second}, {time.Minute, 25 * time.Second}, {10 * time.Second, time.Minute}, {time.Minute, time.Minute},
	} {
		counts := map[string]int{}
		for _, r := range rows {
			first := r.At.Truncate(c.slide).Add(-10 * c.slide)
			for start := first; !start.After(r.At); start = start.Add(c.slide) {
				if start.Add(c.size).After(r.At) {
					counts[fmt.Sprint(r.City, "|", start.UnixMicro(), "|", start.Add(c.size).UnixMicro())]++
				}
			}
		}
		var want []string
		for k, n := range counts {
			want = append(want, fmt.Sprint(k, " ", n))
		}
		slices.Sort(want)
		for _, p := range []int{1, 3} {
			env := NewEnv(WithParallelism(p))
			timed := AssignTimestamps(FromSlice(env, rows), func(r ride) time.Time { return r.At }, time.Second)
			windows := Hop(KeyBy(timed, func(r ride) string { return r.City }), c.size, c.slide)
			got, err := Collect(t.Context(), AggregateWindow(windows, func(n int, _ ride) int { return n + 1 }, func(w Window, city string, n int) string {
				return fmt.Sprint(city, "|", w.Start.UnixMicro(), "|", w.End.UnixMicro(), " ", n)
			}, Named("counts")))
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%v, parallelism %d: %d windows, want %d", c, p, len(got), len(want))
			}
		}
	}
}
