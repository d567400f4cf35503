package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar/govalue"
)

type order struct {
	Shop string
	At   time.Time
	ID   int64
}

type payment struct {
	Shop string
	Paid time.Time
	ID   int64
}

// orders and payments of few shops, at most a second out of order.
func ordersAndPayments(n int) ([]order, []payment) {
	rng := rand.New(rand.NewPCG(1, 2))
	var orders []order
	var payments []payment
	for i := range int64(n) {
		at := func() time.Time { return govalue.TimeOf(i*50_000 + rng.Int64N(900_000)) }
		shop := func() string { return fmt.Sprint("shop number ", rng.IntN(7)) }
		orders = append(orders, order{shop(), at(), i})
		payments = append(payments, payment{shop(), at(), i})
	}
	return orders, payments
}

// joined runs one of the joins and gives its pairs in order.
func joined(t *testing.T, p int, how func(l *KeyedStream[string, order], r *KeyedStream[string, payment]) *Stream[string], orders []order, payments []payment) []string {
	t.Helper()
	env := NewEnv(WithParallelism(p))
	left := KeyBy(AssignTimestamps(FromSlice(env, orders), func(o order) time.Time { return o.At }, time.Second), func(o order) string { return o.Shop })
	right := KeyBy(AssignTimestamps(FromSlice(env, payments), func(p payment) time.Time { return p.Paid }, time.Second), func(p payment) string { return p.Shop })
	got, err := Collect(t.Context(), how(left, right))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

func TestJoins(t *testing.T) {
	orders, payments := ordersAndPayments(1500)
	const size, slide = 3 * time.Second, time.Second
	text := func(shop string, o order, p payment) string { return fmt.Sprint(shop, " ", o.ID, " ", p.ID) }
	for _, c := range []struct {
		name string
		how  func(l *KeyedStream[string, order], r *KeyedStream[string, payment]) *Stream[string]
		want func(o order, p payment) []string
	}{
		{"join", func(l *KeyedStream[string, order], r *KeyedStream[string, payment]) *Stream[string] {
			return Join(l, r, text, Named("pairs"))
		}, func(o order, p payment) []string { return []string{text(o.Shop, o, p)} }},
		{"interval", func(l *KeyedStream[string, order], r *KeyedStream[string, payment]) *Stream[string] {
			return IntervalJoin(l, r, -time.Second, 2*time.Second, text, Named("pairs"))
		}, func(o order, p payment) []string {
			if d := p.Paid.Sub(o.At); d < -time.Second || d > 2*time.Second {
				return nil
			}
			return []string{text(o.Shop, o, p)}
		}},
		{"windows", func(l *KeyedStream[string, order], r *KeyedStream[string, payment]) *Stream[string] {
			return JoinWindows(Hop(l, size, slide), Hop(r, size, slide), func(w Window, shop string, o order, p payment) string {
				return fmt.Sprint(w.Start.UnixMilli(), w.End.Sub(w.Start), text(shop, o, p))
			}, Named("pairs"))
		}, func(o order, p payment) (all []string) {
			for start := o.At.Truncate(slide).Add(-size); !start.After(o.At); start = start.Add(slide) {
				in := func(at time.Time) bool { return !at.Before(start) && at.Before(start.Add(size)) }
				if in(o.At) && in(p.Paid) {
					all = append(all, fmt.Sprint(start.UnixMilli(), size, text(o.Shop, o, p)))
				}
			}
			return all
		}},
	} {
		var want []string
		for _, o := range orders {
			for _, p := range payments {
				if o.Shop == p.Shop {
					want = append(want, c.want(o, p)...)
				}
			}
		}
		slices.Sort(want)
		for _, p := range []int{1, 3} {
			if got := joined(t, p, c.how, orders, payments); !slices.Equal(got, want) {
				t.Errorf("%s, parallelism %d: %d pairs, want %d", c.name, p, len(got), len(want))
			}
		}
	}
}

// TestWindowsOfJoinedRows counts the pairs of an interval join by window: none may be late.
func TestWindowsOfJoinedRows(t *testing.T) {
	orders, payments := ordersAndPayments(3000)
	want := map[int64]int64{}
	for _, o := range orders {
		for _, p := range payments {
			if d := p.Paid.Sub(o.At); o.Shop == p.Shop && d >= 0 && d <= time.Second {
				want[p.Paid.Truncate(time.Minute).Unix()]++
			}
		}
	}
	counts := joined(t, 2, func(l *KeyedStream[string, order], r *KeyedStream[string, payment]) *Stream[string] {
		pairs := IntervalJoin(l, r, 0, time.Second, func(_ string, _ order, p payment) payment { return p }, Named("pairs"))
		byDay := Tumble(KeyBy(pairs, func(payment) int { return 0 }), time.Minute)
		return AggregateWindow(byDay, func(n int64, _ payment) int64 { return n + 1 },
			func(w Window, _ int, n int64) string { return fmt.Sprint(w.Start.Unix(), " ", n) }, Named("counts"))
	}, orders, payments)
	if len(counts) != len(want) {
		t.Errorf("%d windows, want %d", len(counts), len(want))
	}
	for _, text := range counts {
		var start, n int64
		if _, err := fmt.Sscan(text, &start, &n); err != nil || want[start] != n {
			t.Errorf("window %s, want %d", text, want[start])
		}
	}
}

func TestJoinsAreRestored(t *testing.T) {
	rows := rides(60_000)
	key := func(r ride) string { return fmt.Sprint(r.City, r.At.Unix()/60) }
	near := func(a, b ride) bool { return key(a) == key(b) && b.At.Sub(a.At) > 0 && b.At.Sub(a.At) <= 3*time.Second }
	want := map[string]bool{}
	for i, a := range rows {
		for _, b := range rows[max(0, i-50):min(len(rows), i+50)] {
			if near(a, b) {
				want[fmt.Sprint(a.At.UnixMicro(), " ", b.At.UnixMicro())] = true
			}
		}
	}
	for _, p := range [][2]int{{1, 3}, {3, 2}} {
		got := restored(t, p[0], p[1], func(s *Stream[ride]) *Stream[string] {
			timed := AssignTimestamps(s, func(r ride) time.Time { return r.At }, time.Second)
			keyed := KeyBy(timed, key)
			return IntervalJoin(keyed, keyed, time.Microsecond, 3*time.Second, func(_ string, a, b ride) string {
				return fmt.Sprint(a.At.UnixMicro(), " ", b.At.UnixMicro())
			}, Named("near"))
		})
		slices.Sort(got)
		// A pair emitted between the checkpoint and the kill comes again.
		if got = slices.Compact(got); len(got) != len(want) {
			t.Errorf("%v: %d pairs, want %d", p, len(got), len(want))
		}
		for _, pair := range got {
			if !want[pair] {
				t.Fatalf("%v: %s do not match", p, pair)
			}
		}
	}
}

func TestWrongJoins(t *testing.T) {
	env := NewEnv()
	keyed := KeyBy(FromSlice(env, []int{1}), func(i int) int { return i })
	timed := KeyBy(AssignTimestamps(FromSlice(env, []int{1}), func(int) time.Time { return govalue.TimeOf(0) }, 0), func(i int) int { return i })
	first := func(_, a, _ int) int { return a }
	IntervalJoin(keyed, timed, 0, time.Second, first, Named("one"))
	IntervalJoin(timed, timed, time.Second, 0, first, Named("two"))
	JoinWindows(Tumble(timed, time.Second), Hop(timed, time.Second, time.Minute), func(_ Window, _, a, _ int) int { return a }, Named("three"))
	s := Join(keyed, keyed, first)
	_, err := Collect(t.Context(), s)
	for _, want := range []string{"no event times", "before it begins", "different windows", "has state and no name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}
