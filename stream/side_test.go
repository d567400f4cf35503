package stream

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// alert is a row of a side output with a part of its own.
type alert struct {
	City string
	Ride struct {
		Fare int64
		Note *string
	}
}

// watched sums fares by city; each hundredth ride of a city, and each dear one, goes to a side output. The
// outputs come as texts of one stream.
func watched(s *Stream[ride]) *Stream[string] {
	hundredth, dear := NewSide[alert]("hundredth"), NewSide[int64]("dear")
	type seen struct {
		Rides, Sum int64
	}
	keyed := KeyBy(s, func(r ride) string { return r.City })
	main := Process(keyed, func(ctx *Ctx[seen], city string, r ride, emit func(fares)) error {
		v := ctx.Value()
		v.Rides++
		v.Sum += r.Fare
		ctx.Set(v)
		if v.Rides%100 == 0 {
			a := alert{City: city}
			a.Ride.Fare = r.Fare
			note := fmt.Sprint(v.Rides)
			a.Ride.Note = &note
			hundredth.Emit(ctx, a)
		}
		if r.Fare > 90 {
			dear.Emit(ctx, r.Fare)
			dear.Emit(ctx, -r.Fare)
		}
		emit(fares{City: city, Sum: v.Sum})
		return nil
	}, Named("watched"), Sides(hundredth, dear))
	return Union(
		Map(main, func(f fares) (string, error) { return fmt.Sprint("sum ", f.City, " ", f.Sum), nil }),
		Map(SideOutput(main, hundredth), func(a alert) (string, error) {
			return fmt.Sprint("hundredth ", a.City, " ", a.Ride.Fare, " ", *a.Ride.Note), nil
		}),
		Map(SideOutput(main, dear), func(n int64) (string, error) { return fmt.Sprint("dear ", n), nil }),
	)
}

// watchedRows is what watched makes, without engine.
func watchedRows(rows []ride) map[string]int {
	want := map[string]int{}
	count, sum := map[string]int64{}, map[string]int64{}
	for _, r := range rows {
		count[r.City]++
		sum[r.City] += r.Fare
		want[fmt.Sprint("sum ", r.City, " ", sum[r.City])]++
		if n := count[r.City]; n%100 == 0 {
			want[fmt.Sprint("hundredth ", r.City, " ", r.Fare, " ", n)]++
		}
		if r.Fare > 90 {
			want[fmt.Sprint("dear ", r.Fare)]++
			want[fmt.Sprint("dear ", -r.Fare)]++
		}
	}
	return want
}

func counted(texts []string) map[string]int {
	got := map[string]int{}
	for _, text := range texts {
		got[text]++
	}
	return got
}

func TestSideOutputs(t *testing.T) {
	rows := rides(30_000)
	want := watchedRows(rows)
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		// Rows of a key stay in order: no function lies between the source and KeyBy.
		got, err := Collect(t.Context(), watched(FromSlice(env, rows)))
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(counted(got), want) {
			t.Errorf("parallelism %d: %d texts, want those of %d", p, len(counted(got)), len(want))
		}
	}
}

// TestSideOutputsAreRestored kills a job with side outputs: what came before the checkpoint is neither
// lost nor, but for what came between it and the kill, seen twice.
func TestSideOutputsAreRestored(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, p := range [][2]int{{1, 3}, {3, 1}} {
		texts := restored(t, p[0], p[1], watched)
		got, want := counted(texts), watchedRows(rides(60_000))
		for text, n := range want {
			// Rows of a key pass each other before KeyBy, so that other sums are seen and other rides are the
			// hundredth; of the dear ones none may be lost.
			if strings.HasPrefix(text, "dear ") && got[text] < n {
				t.Errorf("%v: %q %d times, want %d", p, text, got[text], n)
			}
		}
		alerts := func(texts map[string]int) []string {
			var list []string
			for text := range texts {
				if words := strings.Fields(text); words[0] == "hundredth" {
					list = append(list, words[len(words)-3]+" "+words[len(words)-1]) // city and number
				}
			}
			slices.Sort(list)
			return slices.Compact(list)
		}
		if a, b := alerts(got), alerts(want); !slices.Equal(a, b) {
			t.Errorf("%v: %d alerts, want %d", p, len(a), len(b))
		}
	}
}

// TestSideOutputOfTimers emits to a side when a timer is due, with the time of the timer.
func TestSideOutputOfTimers(t *testing.T) {
	for _, p := range []int{1, 2} {
		env := NewEnv(WithParallelism(p))
		ended := NewSide[string]("ended")
		timed := AssignTimestamps(FromSlice(env, rides(2000)), func(r ride) time.Time { return r.At }, time.Second)
		keyed := KeyBy(timed, func(r ride) string { return r.City })
		main := ProcessWithTimers(keyed, func(ctx *Ctx[bool], _ string, r ride, _ func(int)) error {
			ctx.SetTimer(r.At.Truncate(time.Minute).Add(time.Minute))
			return nil
		}, func(ctx *Ctx[bool], city string, at time.Time, _ func(int)) error {
			if !ctx.Time().Equal(at) {
				return fmt.Errorf("the time is %s at %s", ctx.Time(), at)
			}
			ended.Emit(ctx, city)
			return nil
		}, Named("minutes"), Sides(ended))
		perMinute := AggregateWindow(Tumble(KeyBy(SideOutput(main, ended), func(string) bool { return true }), time.Minute),
			func(n int, _ string) int { return n + 1 }, func(w Window, _ bool, n int) string { return fmt.Sprint(w.Start.Unix(), " ", n) }, Named("cities"))
		got, err := Collect(t.Context(), perMinute)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if want := []string{"120 12", "180 12", "240 12", "60 12"}; !slices.Equal(got, want) {
			t.Errorf("parallelism %d: %v, want %v", p, got, want)
		}
	}
}

// TestLateRows sends rows whose windows have been emitted to a side output; the others are in windows.
func TestLateRows(t *testing.T) {
	defer goleak.VerifyNone(t)
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	env, rows, late := NewEnv(WithParallelism(2)), make(chan ride), NewSide[ride]("late")
	timed := AssignTimestamps(FromChannel(env, rows), func(r ride) time.Time { return r.At }, 0)
	windows := Hop(KeyBy(timed, func(r ride) string { return r.City }), 10*time.Second, 5*time.Second)
	sums := AggregateWindow(windows, func(n int64, r ride) int64 { return n + r.Fare },
		func(w Window, _ string, n int64) string { return fmt.Sprint("window ", w.Start.Unix(), " ", n) }, Named("sums"), LateTo(late))
	texts := make(chan string, 100)
	ForEach(Union(sums, Map(SideOutput(sums, late), func(r ride) (string, error) {
		return fmt.Sprint("late ", r.At.Unix(), " ", r.Fare), nil
	})), func(text string) error { texts <- text; return nil })
	var got []string
	go func() {
		defer close(rows)
		rows <- ride{"Rome", at(12), 1, nil}
		rows <- ride{"Rome", at(31), 2, nil}
		got = append(got, <-texts, <-texts) // the windows of the first
		rows <- ride{"Rome", at(14), 4, nil}
		rows <- ride{"Rome", at(27), 8, nil} // late for one of its two windows
		rows <- ride{"Rome", at(19), 16, nil}
		got = append(got, <-texts, <-texts)
	}()
	if err := env.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(texts)
	for text := range texts {
		got = append(got, text)
	}
	slices.Sort(got)
	want := []string{"late 14 4", "late 19 16", "window 10 1", "window 25 10", "window 30 2", "window 5 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSideOutputMistakes(t *testing.T) {
	env := NewEnv()
	keyed := KeyBy(FromSlice(env, []int{1}), func(n int) int { return n })
	side, other := NewSide[string]("side"), NewSide[string]("other")
	f := func(ctx *Ctx[int], _ int, _ int, _ func(int)) error { other.Emit(ctx, "x"); return nil }
	main := Process(keyed, f, Named("main"), Sides(side))
	if _, err := Collect(t.Context(), main); err == nil || !strings.Contains(err.Error(), "side output other was not given") {
		t.Errorf("error %v", err)
	}
	SideOutput(main, other)
	SideOutput(FromSlice(env, []int{1}), side)
	Process(keyed, f, Named("twice"), Sides(side, side))
	_, err := Collect(t.Context(), main)
	for _, want := range []string{"side output other: the operator does not have it", "side output side: the operator", "is given twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	env = NewEnv()
	timed := AssignTimestamps(FromSlice(env, []int{1}), func(int) time.Time { return time.Time{} }, 0)
	windows := Tumble(KeyBy(timed, func(n int) int { return n }), time.Second)
	sums := ReduceWindow(windows, func(a, _ int) int { return a }, LateTo(side), Named("sums"))
	if _, err := Collect(t.Context(), sums); err == nil || !strings.Contains(err.Error(), "late rows go to a side output of their own type") {
		t.Errorf("error %v", err)
	}
}
