package stream

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/columnar/govalue"
)

// TestAllowLateness emits windows again for rows that come late but not too late.
func TestAllowLateness(t *testing.T) {
	defer goleak.VerifyNone(t)
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	env, rows, late := NewEnv(WithParallelism(2)), make(chan ride), NewSide[ride]("late")
	timed := AssignTimestamps(FromChannel(env, rows), func(r ride) time.Time { return r.At }, 0)
	windows := Tumble(KeyBy(timed, func(r ride) string { return r.City }), 10*time.Second)
	sums := AggregateWindow(windows, func(n int64, r ride) int64 { return n + r.Fare },
		func(w Window, city string, n int64) string { return fmt.Sprint(city, " ", w.Start.Unix(), " ", n) },
		Named("sums"), LateTo(late), AllowLateness(20*time.Second))
	texts := make(chan string, 100)
	ForEach(Union(sums, Map(SideOutput(sums, late), func(r ride) (string, error) {
		return fmt.Sprint("late ", r.At.Unix(), " ", r.Fare), nil
	})), func(text string) error { texts <- text; return nil })
	var got []string
	go func() {
		defer close(rows)
		step := func(n int, sent ...ride) {
			for _, r := range sent {
				rows <- r
			}
			for range n {
				got = append(got, <-texts)
			}
		}
		step(0, ride{"Rome", at(5), 1, nil})
		step(1, ride{"Rome", at(12), 2, nil})   // ends the first window
		step(1, ride{"Rome", at(7), 4, nil})    // changes it
		step(1, ride{"Oslo", at(8), 8, nil})    // a new key of it
		step(1, ride{"Rome", at(25), 16, nil})  // ends the second
		step(1, ride{"Rome", at(9), 32, nil})   // the first is still there
		step(1, ride{"Bern", at(-20), 64, nil}) // late: its window never was
		step(1, ride{"Rome", at(31), 128, nil}) // ends the third; the first is gone
		step(1, ride{"Rome", at(6), 256, nil})
	}()
	if err := env.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(texts)
	for text := range texts {
		got = append(got, text)
	}
	want := []string{
		"Rome 0 1", "Rome 0 5", "Oslo 0 8", "Rome 10 2", "Rome 0 37", "late -20 64", "Rome 20 16", "late 6 256", "Rome 30 128",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestAllowedLatenessIsRestored kills a job whose windows are emitted early and again: the last result of
// each is that of all its rows.
func TestAllowedLatenessIsRestored(t *testing.T) {
	defer goleak.VerifyNone(t)
	shuffled := func(r ride) time.Time { // rows come up to two minutes late
		return r.At.Add(-time.Duration(r.Fare%5) * 30 * time.Second)
	}
	want := map[string]int64{}
	for _, r := range rides(60_000) {
		want[fmt.Sprint(shuffled(r).Truncate(time.Minute).Unix(), " ", r.City)] += r.Fare + 1
	}
	for _, p := range [][2]int{{1, 3}, {3, 1}} {
		got := restored(t, p[0], p[1], func(s *Stream[ride]) *Stream[fares] {
			timed := AssignTimestamps(s, shuffled, 0)
			windows := Tumble(KeyBy(timed, func(r ride) string { return r.City }), time.Minute)
			return AggregateWindow(windows, func(n int64, r ride) int64 { return n + r.Fare + 1 },
				func(w Window, city string, n int64) fares { return fares{Start: w.Start, City: city, Sum: n} },
				Named("sums"), AllowLateness(time.Hour))
		})
		sums := map[string]int64{}
		for _, f := range got {
			k := fmt.Sprint(f.Start.Unix(), " ", f.City)
			sums[k] = max(sums[k], f.Sum)
		}
		if !maps.Equal(sums, want) {
			t.Errorf("%v: %d windows, want %d", p, len(sums), len(want))
		}
	}
}

// TestLateRowsStayLate has a first row that is ahead of all others by far: those behind its batch are late,
// also after a restart, when the watermark rises anew.
func TestLateRowsStayLate(t *testing.T) {
	defer goleak.VerifyNone(t)
	first := rides(1)[0].At
	sums := map[string]int64{}
	for _, f := range restored(t, 1, 1, func(s *Stream[ride]) *Stream[fares] {
		timed := AssignTimestamps(s, func(r ride) time.Time {
			if r.At.Equal(first) {
				return r.At.Add(time.Hour * 100)
			}
			return r.At
		}, 0)
		return AggregateWindow(Tumble(KeyBy(timed, func(r ride) string { return r.City }), time.Minute), func(n int64, _ ride) int64 { return n + 1 },
			func(w Window, city string, n int64) fares { return fares{Start: w.Start, City: city, Sum: n} }, Named("counts"))
	}) {
		sums[fmt.Sprint(f.Start, f.City)] = f.Sum
	}
	n := int64(0)
	for _, sum := range sums {
		n += sum
	}
	if n != 500 {
		t.Errorf("%d rows are in windows, not the 500 of the first batch", n)
	}
}

func TestNegativeLateness(t *testing.T) {
	env := NewEnv()
	timed := AssignTimestamps(FromSlice(env, []int{1}), func(int) time.Time { return govalue.TimeOf(0) }, 0)
	windows := Tumble(KeyBy(timed, func(n int) int { return n }), time.Second)
	_, err := Collect(t.Context(), ReduceWindow(windows, func(a, _ int) int { return a }, AllowLateness(-1), Named("sums")))
	if err == nil || !strings.Contains(err.Error(), "it is at least 0") {
		t.Errorf("error %v", err)
	}
}
