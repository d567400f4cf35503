package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
)

// ride is a row whose time is a little out of order.
type ride struct {
	City string
	At   time.Time
	Fare int64
	Tip  *int64
}

type fares struct {
	Start time.Time
	City  string
	Sum   int64
	Tips  int64
}

func rides(n int) []ride {
	rows := make([]ride, n)
	for i := range rows {
		k := i ^ 5
		rows[i] = ride{City: fmt.Sprint("a city with a long name ", k*k%23), At: govalue.TimeOf(int64(k) * 100_000), Fare: int64(k % 97)}
		if k%3 == 0 {
			tip := int64(k % 5)
			rows[i].Tip = &tip
		}
	}
	return rows
}

func addRide(f fares, r ride) fares {
	f.Sum += r.Fare
	if r.Tip != nil {
		f.Tips += *r.Tip
	}
	return f
}

// windowed sums fares by city and minute.
func windowed(s *Stream[ride]) *Stream[fares] {
	timed := AssignTimestamps(s, func(r ride) time.Time { return r.At }, time.Second)
	some := Filter(Map(timed, func(r ride) (ride, error) { r.Fare++; return r, nil }), func(r ride) bool { return r.Fare%10 != 0 })
	return AggregateWindow(Tumble(KeyBy(some, func(r ride) string { return r.City }), time.Minute), addRide,
		func(w Window, city string, f fares) fares {
			return fares{Start: w.Start, City: city, Sum: f.Sum, Tips: f.Tips}
		}, Named("fares"))
}

func expected(rows []ride) []fares {
	type key struct {
		start time.Time
		city  string
	}
	sums := map[key]fares{}
	for _, r := range rows {
		if r.Fare++; r.Fare%10 != 0 {
			k := key{r.At.Truncate(time.Minute), r.City}
			f := addRide(sums[k], r)
			f.Start, f.City = k.start, k.city
			sums[k] = f
		}
	}
	var list []fares
	for _, f := range sums {
		list = append(list, f)
	}
	sortFares(list)
	return list
}

func sortFares(list []fares) {
	slices.SortFunc(list, func(a, b fares) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.City, b.City)) })
}

func TestResultsDoNotDependOnParallelism(t *testing.T) {
	defer goleak.VerifyNone(t)
	before := mem.AllocatedBytes()
	rows := rides(30_000)
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		got, err := Collect(t.Context(), windowed(FromSlice(env, rows)))
		if err != nil {
			t.Fatal(err)
		}
		sortFares(got)
		if want := expected(rows); !reflect.DeepEqual(got, want) {
			t.Errorf("parallelism %d: %d rows, not %d", p, len(got), len(want))
		}
	}
	if n := mem.AllocatedBytes() - before; n != 0 {
		t.Errorf("%d bytes are not given back", n)
	}
}

func TestReduceUnionAndFlatMap(t *testing.T) {
	type point struct{ X, Y int32 }
	type weight struct {
		At point
		N  int
	}
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		numbers := FromFunc(env, "numbers", func(_ context.Context, emit func(int) bool) error {
			for i := range 20_000 {
				emit(i)
			}
			return nil
		})
		many := FlatMap(Union(numbers, FromSlice(env, []int{7, 8, 9}), numbers), func(n int, emit func(weight)) error {
			for i := range n % 4 {
				emit(weight{point{int32(i), int32(n % 2)}, 1})
			}
			return nil
		})
		sums := Reduce(KeyBy(many, func(w weight) point { return w.At }), func(a, b weight) weight {
			a.N += b.N
			return a
		}, Named("sums"))
		got, err := Collect(t.Context(), sums)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b weight) int { return cmp.Or(cmp.Compare(a.At.X, b.At.X), cmp.Compare(a.At.Y, b.At.Y)) })
		// Of n mod 4 = 1, 2, 3 there are 10000 each, and 9 and 7.
		want := []weight{{point{0, 0}, 10_000}, {point{0, 1}, 20_002}, {point{1, 0}, 10_000}, {point{1, 1}, 10_001}, {point{2, 1}, 10_001}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("parallelism %d: %v", p, got)
		}
	}
}

// visits numbers the rows of each key and forgets a key after its third.
func visits(_ *testing.T, s *Stream[string], opts ...Option) *Stream[string] {
	return Process(KeyBy(s, func(k string) string { return k }), func(ctx *Ctx[int], key, _ string, emit func(string)) error {
		n := ctx.Value() + 1
		if ctx.Exists() != (n > 1) || !ctx.Time().IsZero() {
			return errors.New("wrong context")
		}
		emit(fmt.Sprint(key, n))
		if n == 3 {
			ctx.Clear()
		} else {
			ctx.Set(n)
		}
		return nil
	}, opts...)
}

func TestProcessKeepsAValueForEachKey(t *testing.T) {
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		got, err := Collect(t.Context(), visits(t, FromSlice(env, strings.Fields("a b a c a a b a")), Named("visits")))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if want := "a1 a1 a2 a2 a3 b1 b2 c1"; strings.Join(got, " ") != want {
			t.Errorf("parallelism %d: %v", p, got)
		}
	}
}

func TestLateRowsAreLeftOut(t *testing.T) {
	env := NewEnv()
	s := AssignTimestamps(FromSlice(env, []ride{}), func(r ride) time.Time { return r.At }, 20*time.Second)
	keyed := KeyBy(s, func(ride) bool { return true })
	var out kept
	sums := AggregateWindow(Tumble(keyed, time.Minute), addRide,
		func(w Window, _ bool, f fares) string { return fmt.Sprint(w.Start.Unix(), w.End.Unix(), f.Sum) }, Named("sums"))
	stamp := s.node.operator().(*timestamps[ride])
	key := keyed.node.operator().(*keyMaker[bool, ride])
	sum := sums.node.operator().(*fold[bool, ride, fares, string])
	if err := sum.Open(&dataflow.Context{Budget: mem.NewBudget(0)}); err != nil {
		t.Fatal(err)
	}
	for _, second := range []int64{10, 70, 59, 200, 20, 190} {
		b := columnar.NewBatch(columnar.NewSchema(s.codec.Columns("")...))
		b.Reset(1)
		govalue.NewCoder[ride](s.codec).Encode(b.Cols, []ride{{At: time.Unix(second, 0), Fare: 1}})
		for _, o := range []dataflow.Operator{stamp, key, sum} {
			if _, err := o.Process(0, b, &out); err != nil {
				t.Fatal(err)
			}
			if len(out.batches) > 0 {
				b, out.batches = out.batches[0], nil
			}
		}
		if _, err := sum.Watermark(stamp.MadeWatermark(), &out); err != nil {
			t.Fatal(err)
		}
		for _, b := range out.batches {
			out.lines = append(out.lines, govalue.NewCoder[string](sums.codec).Decode(b.Cols, []int32{0, 1}[:b.Len()])...)
		}
		out.batches = nil
	}
	if want := []string{"0 60 2", "60 120 1"}; !slices.Equal(out.lines, want) || sum.Counts()["late"] != 1 || sum.StateBytes() == 0 {
		t.Errorf("got %q, %v", out.lines, sum.Counts())
	}
}

// kept is an output that keeps batches.
type kept struct {
	batches []*columnar.Batch
	lines   []string
}

func (k *kept) Emit(b *columnar.Batch) error { k.batches = append(k.batches, b.Copy()); return nil }
func (k *kept) Room() bool                   { return true }
func (k *kept) Done() bool                   { return false }

func TestExecuteFeedsEverySink(t *testing.T) {
	env := NewEnv(WithParallelism(2), WithMemory(1<<20))
	s := FromSlice(env, []int{1, 2, 3})
	var all, odd int
	ForEach(s, func(n int) error { all += n; return nil })
	ForEach(Filter(s, func(n int) bool { return n%2 == 1 }), func(n int) error { odd += n; return nil })
	if err := env.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all != 6 || odd != 4 {
		t.Errorf("sums %d and %d", all, odd)
	}
}

func TestWhatIsWrongWithAJobIsSaid(t *testing.T) {
	for want, build := range map[string]func(e *Env){
		"the job has no sink":                  func(e *Env) { FromSlice(e, []int{1}) },
		"type uint: uint is not supported":     func(e *Env) { FromSlice(e, []uint{1}) },
		"(process) has state and no name":      func(e *Env) { ForEach(visits(t, FromSlice(e, []string{})), ignore) },
		`two operators are called "x"`:         func(e *Env) { ForEach(FromSlice(e, []string{}, Named("x")), ignore, Named("x")) },
		"tumble: the rows have no event times": func(e *Env) { Tumble(KeyBy(FromSlice(e, []int{1}), func(i int) int { return i }), time.Hour) },
		"key: type float64: float64 cannot be": func(e *Env) { KeyBy(FromSlice(e, []float64{1}), func(f float64) float64 { return f }) },
		"map: its inputs are of two environmen": func(e *Env) {
			e.add(&node{what: "map", inputs: []input{{from: FromSlice(NewEnv(), []int{}).node}}}, nil)
		},
	} {
		env := NewEnv()
		build(env)
		if _, err := env.plan(nil); err == nil || !strings.Contains(err.Error(), want) {
			if err := env.Execute(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, not %q", err, want)
			}
		}
	}
	for what, s := range map[string]*Stream[int]{
		"union": Union(FromSlice(NewEnv(), []int{1}), FromSlice(NewEnv(), []int{2})),
		"join": Join(KeyBy(FromSlice(NewEnv(), []int{1}), func(n int) int { return n }), KeyBy(FromSlice(NewEnv(), []int{2}), func(n int) int { return n }),
			func(_, a, _ int) int { return a }, Named("join")),
	} {
		if _, err := Collect(t.Context(), s); err == nil || !strings.Contains(err.Error(), what+": its inputs are of two environments") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b"} {
		err := NewEnv(WithName(name), WithCheckpoints(t.TempDir(), time.Second)).Execute(t.Context())
		if err == nil || !strings.Contains(err.Error(), "is not the name of a folder") {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := NewEnv(WithParallelism(0)).Execute(t.Context()); err == nil || !strings.Contains(err.Error(), "parallelism is 0") {
		t.Error(err)
	}
}

func ignore(string) error { return nil }

func TestFailuresNameTheOperator(t *testing.T) {
	defer goleak.VerifyNone(t)
	boom := errors.New("boom")
	for name, build := range map[string]func(e *Env) *Stream[int]{
		"my map": func(e *Env) *Stream[int] {
			return Map(FromSlice(e, []int{1}), func(int) (int, error) { return 0, boom }, Named("my map"))
		},
		"my source": func(e *Env) *Stream[int] {
			return FromFunc(e, "my source", func(context.Context, func(int) bool) error { return boom })
		},
	} {
		_, err := Collect(t.Context(), build(NewEnv()))
		if !errors.Is(err, boom) || strings.Count(err.Error(), name) != 1 || !strings.HasSuffix(err.Error(), ": boom") {
			t.Errorf("%s: %v", name, err)
		}
	}
	env := NewEnv()
	bad := Map(FromSlice(env, []int{0}), func(n int) (int, error) { return 1 / n, nil }, Named("division"))
	_, err := Collect(t.Context(), Map(bad, func(n int) (int, error) { return n, nil }))
	if err == nil || !strings.Contains(err.Error(), "division: panic: runtime error") || !strings.Contains(err.Error(), "stream_test.go") {
		t.Error(err)
	}
	if _, err := Collect(t.Context(), Filter(FromSlice(NewEnv(), []int{1}), func(int) bool { panic(boom) })); !errors.Is(err, boom) || !strings.Contains(err.Error(), "filter: panic: boom\n") {
		t.Error(err)
	}
	_, err = Collect(t.Context(), Map(FromSlice(NewEnv(), []int{1}), func(int) (int, error) {
		runtime.Goexit() // as the FailNow of a test does
		return 0, nil
	}, Named("leaving")))
	if err == nil || !strings.Contains(err.Error(), "task leaving (1/1): leaving: a function has ended its goroutine") {
		t.Error(err)
	}
	if _, err := Collect(t.Context(), FromFunc(NewEnv(), "endless", func(_ context.Context, _ func(int) bool) error { panic("no rows") })); err == nil || !strings.Contains(err.Error(), "endless: panic: no rows") {
		t.Error(err)
	}
}

// TestFunctionIsCanceledBetweenTwoRows has a source function that looks at nothing but what emit says, and may
// take long for each row.
func TestFunctionIsCanceledBetweenTwoRows(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows := 0
	_, err := Collect(ctx, FromFunc(NewEnv(), "slow", func(job context.Context, emit func(int) bool) error {
		for emit(rows) {
			if rows++; rows == 3 {
				cancel()
				<-job.Done()
			}
		}
		return nil
	}))
	if !errors.Is(err, context.Canceled) || rows != 3 {
		t.Errorf("%d rows, error %v", rows, err)
	}
}

func TestStateTakesMemoryFromTheBudget(t *testing.T) {
	env := NewEnv(WithMemory(10_000))
	numbers := FromFunc(env, "numbers", func(_ context.Context, emit func(int) bool) error {
		for i := 0; emit(i); i++ {
			continue
		}
		return nil
	})
	_, err := Collect(t.Context(), Reduce(KeyBy(numbers, func(n int) int { return n }), func(a, _ int) int { return a }, Named("large")))
	var full *mem.MemoryError
	if !errors.As(err, &full) || full.Owner != "large" {
		t.Error(err)
	}
}
