package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/columnar/govalue"
)

// sessions counts the rides of a city until none has come for a gap: each ride moves the city's timer.
// Time may come to a timer only after rides beyond it, which then end the session.
func sessions(s *Stream[ride]) *Stream[string] {
	const gap = 3 * time.Second
	type open struct {
		N    int
		From time.Time
		Till time.Time
	}
	keyed := KeyBy(s, func(r ride) string { return r.City })
	return ProcessWithTimers(keyed, func(ctx *Ctx[open], city string, r ride, emit func(string)) error {
		v := ctx.Value()
		if ctx.Exists() {
			ctx.DeleteTimer(v.Till.Add(gap))
		}
		if ctx.Exists() && r.At.Sub(v.Till) > gap {
			emit(fmt.Sprint(city, "|", v.From.UnixMicro(), "|", v.N))
			v = open{}
		}
		if v.N == 0 {
			v.From, v.Till = r.At, r.At
		}
		v.N++
		if r.At.Before(v.From) {
			v.From = r.At
		}
		if r.At.After(v.Till) {
			v.Till = r.At
		}
		ctx.Set(v)
		ctx.SetTimer(v.Till.Add(gap))
		ctx.SetTimer(v.Till.Add(gap)) // once is enough
		return nil
	}, func(ctx *Ctx[open], city string, at time.Time, emit func(string)) error {
		v := ctx.Value()
		if !ctx.Exists() || !at.Equal(v.Till.Add(gap)) || !ctx.Time().Equal(at) {
			return fmt.Errorf("%s: timer at %s, open till %s", city, at, v.Till)
		}
		emit(fmt.Sprint(city, "|", v.From.UnixMicro(), "|", v.N))
		ctx.Clear()
		return nil
	}, Named("sessions"))
}

// busy are rides of cities that come and go.
func busy(n int) []ride {
	rows := rides(n)
	for i := range rows {
		k := i ^ 5
		rows[i].City = fmt.Sprint("city ", (k/40)%17)
	}
	return rows
}

func wantSessions(rows []ride) []string {
	byCity := map[string][]ride{}
	for _, r := range rows {
		byCity[r.City] = append(byCity[r.City], r)
	}
	var want []string
	for city, list := range byCity {
		slices.SortFunc(list, func(a, b ride) int { return a.At.Compare(b.At) })
		from, n := list[0].At, 0
		for i, r := range list {
			if n++; i+1 == len(list) || list[i+1].At.Sub(r.At) > 3*time.Second {
				want = append(want, fmt.Sprint(city, "|", from.UnixMicro(), "|", n))
				if i+1 < len(list) {
					from, n = list[i+1].At, 0
				}
			}
		}
	}
	slices.Sort(want)
	return want
}

func TestTimers(t *testing.T) {
	rows := busy(20_000)
	want := wantSessions(rows)
	if len(want) < 400 {
		t.Fatalf("%d sessions are too few for a test", len(want))
	}
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		timed := AssignTimestamps(FromSlice(env, rows), func(r ride) time.Time { return r.At }, time.Second)
		got, err := Collect(t.Context(), sessions(timed))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("parallelism %d: %d sessions, want %d", p, len(got), len(want))
		}
	}
}

// TestTimersAreRestored kills the job at an epoch and goes on at another parallelism. What was emitted
// between the two comes again.
func TestTimersAreRestored(t *testing.T) {
	defer goleak.VerifyNone(t)
	total := map[string]int64{}
	for _, r := range rides(60_000) {
		total[r.City]++
	}
	for _, p := range [][2]int{{1, 3}, {3, 1}, {2, 2}} {
		got := restored(t, p[0], p[1], func(s *Stream[ride]) *Stream[string] {
			timed := AssignTimestamps(s, func(r ride) time.Time { return r.At }, time.Second)
			// Each city has one timer, far behind its last ride.
			return ProcessWithTimers(KeyBy(timed, func(r ride) string { return r.City }),
				func(ctx *Ctx[int64], _ string, _ ride, _ func(string)) error {
					ctx.Set(ctx.Value() + 1)
					ctx.SetTimer(govalue.TimeOf(1e15))
					return nil
				}, func(ctx *Ctx[int64], city string, _ time.Time, emit func(string)) error {
					emit(fmt.Sprint(city, "|", ctx.Value()))
					return nil
				}, Named("counts"))
		})
		slices.Sort(got)
		var want []string
		for city, n := range total {
			want = append(want, fmt.Sprint(city, "|", n))
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v: %d timers, want %d", p, len(got), len(want))
		}
	}
}

func TestTimersWithoutTimes(t *testing.T) {
	env := NewEnv()
	keyed := KeyBy(FromSlice(env, []int{1}), func(i int) int { return i })
	none := func(*Ctx[int], int, int, func(int)) error { return nil }
	_, err := Collect(t.Context(), ProcessWithTimers(keyed, none, func(*Ctx[int], int, time.Time, func(int)) error { return nil }, Named("x")))
	if err == nil || !strings.Contains(err.Error(), "AssignTimestamps") {
		t.Errorf("rows without times: %v", err)
	}
	env = NewEnv()
	keyed = KeyBy(FromSlice(env, []int{1}), func(i int) int { return i })
	_, err = Collect(t.Context(), Process(keyed, func(ctx *Ctx[int], _ int, _ int, _ func(int)) error {
		ctx.SetTimer(time.Now())
		return nil
	}, Named("x")))
	if err == nil || !strings.Contains(err.Error(), "ProcessWithTimers only") {
		t.Errorf("a timer of Process: %v", err)
	}
}

// TestTimerSet sets and takes back at random and compares with a plain set; nothing is held twice.
func TestTimerSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	due, want := timers[int]{set: map[timer[int]]bool{}}, map[timer[int]]bool{}
	for mark := range int64(2000) {
		for range 5 {
			x, set := timer[int]{mark + rng.Int64N(20), rng.IntN(4)}, rng.IntN(3) > 0
			due.put(x, set)
			if delete(want, x); set {
				want[x] = true
			}
		}
		if n := len(due.heap); n != len(due.set) || n > 20*4 {
			t.Fatalf("%d timers in the heap, %d in the set", n, len(due.set))
		}
		last := int64(0)
		for {
			x, ok := due.take(mark)
			if !ok {
				break
			}
			if !want[x] || x.at < last {
				t.Fatalf("at %d: %v, which is not set or too late", mark, x)
			}
			delete(want, x)
			last = x.at
		}
		for x := range want {
			if x.at <= mark {
				t.Fatalf("at %d: %v has not come", mark, x)
			}
		}
	}
}
