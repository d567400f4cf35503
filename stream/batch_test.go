package stream

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
)

type fare struct {
	City  string
	Twice int64
	Tip   *int64
}

// doubled is what the rows with a fare of three or more are by batches, with windows behind to see that
// event times go along.
func doubled(s *Stream[ride]) *Stream[string] {
	timed := AssignTimestamps(s, func(r ride) time.Time { return r.At }, time.Second)
	some := FilterBatch(Filter(timed, func(r ride) bool { return r.Fare%7 != 0 }), func(in *columnar.Batch, keep []int32) ([]int32, error) {
		for i, n := range columnar.Values[int64](in.Cols[2])[:in.Len()] {
			if n >= 3 {
				keep = append(keep, int32(i))
			}
		}
		return keep, nil
	})
	fares := MapBatch[ride, fare](some, func(in, out *columnar.Batch) error {
		twice, src := columnar.Values[int64](out.Cols[1]), columnar.Values[int64](in.Cols[2])
		tips := columnar.Values[int64](out.Cols[2])
		for i := range in.Len() {
			out.Cols[0].SetBytes(i, in.Cols[0].Bytes(i))
			twice[i] = 2 * src[i]
			if in.Cols[3].IsNull(i) {
				out.Cols[2].SetNull(i)
			} else {
				tips[i] = columnar.Values[int64](in.Cols[3])[i]
			}
		}
		return nil
	})
	byCity := Tumble(KeyBy(fares, func(f fare) string { return f.City }), time.Minute)
	return AggregateWindow(byCity, func(acc fare, f fare) fare {
		acc.Twice += f.Twice
		if f.Tip != nil {
			acc.Twice += *f.Tip
		}
		return acc
	}, func(w Window, city string, acc fare) string {
		return fmt.Sprint(w.Start.Unix(), " ", city, " ", acc.Twice)
	}, Named("sums"))
}

func doubledRows(rows []ride) []string {
	sums := map[string]int64{}
	for _, r := range rows {
		if r.Fare%7 == 0 || r.Fare < 3 {
			continue
		}
		k := fmt.Sprint(r.At.Truncate(time.Minute).Unix(), " ", r.City)
		sums[k] += 2 * r.Fare
		if r.Tip != nil {
			sums[k] += *r.Tip
		}
	}
	var want []string
	for k := range maps.Keys(sums) {
		want = append(want, fmt.Sprint(k, " ", sums[k]))
	}
	slices.Sort(want)
	return want
}

func TestBatches(t *testing.T) {
	defer goleak.VerifyNone(t)
	rows := rides(60_000)
	want := doubledRows(rows)
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		got, err := Collect(t.Context(), doubled(FromSlice(env, rows)))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("parallelism %d: %d rows, want %d", p, len(got), len(want))
		}
		got = restored(t, p, 4-p, doubled)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("parallelism %d, restored: %d rows, want %d", p, len(got), len(want))
		}
	}
}

func TestBatchMistakes(t *testing.T) {
	wrong := errors.New("wrong")
	for want, f := range map[string]func(s *Stream[int]) *Stream[int]{
		wrong.Error(): func(s *Stream[int]) *Stream[int] {
			return MapBatch[int, int](s, func(_, _ *columnar.Batch) error { return wrong }, Named("mapper"))
		},
		"task mapper (1/1): column \"value\" of the function has 1 rows, not 3": func(s *Stream[int]) *Stream[int] {
			return MapBatch[int, int](s, func(_, out *columnar.Batch) error { out.Cols[0].Reset(1); return nil }, Named("mapper"))
		},
		"keeps row 3 of 3": func(s *Stream[int]) *Stream[int] {
			return FilterBatch(s, func(_ *columnar.Batch, keep []int32) ([]int32, error) { return append(keep, 3), nil })
		},
		"keeps row 1 of 3, behind row 2": func(s *Stream[int]) *Stream[int] {
			return FilterBatch(s, func(_ *columnar.Batch, keep []int32) ([]int32, error) { return append(keep, 2, 1), nil })
		},
	} {
		_, err := Collect(t.Context(), f(FromSlice(NewEnv(), []int{1, 2, 3})))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestFlatter shows batches of all encodings and selections alike.
func TestFlatter(t *testing.T) {
	s := FromSlice(NewEnv(), []ride{})
	rows := rides(6)
	b := columnar.NewBatch(s.node.schema)
	b.Reset(len(rows))
	govalue.NewCoder[ride](s.codec).Encode(b.Cols, rows)
	f := newFlatter(s)
	dict := columnar.NewVector(b.Cols[2].Type)
	copy(dict.SetDictionary(b.Cols[2], 6), []int32{5, 4, 3, 2, 1, 0})
	b.Cols[2] = dict
	b.Cols[0].SetConstant(6)
	for _, sel := range [][]int32{nil, {1, 4}} {
		_, shown := f.of(b.WithSel(sel))
		at := sel
		if at == nil {
			at = []int32{0, 1, 2, 3, 4, 5}
		}
		for i, r := range at {
			if got, want := columnar.Values[int64](shown.Cols[2])[i], rows[5-r].Fare; got != want || string(shown.Cols[0].Bytes(i)) != rows[0].City || shown.Len() != len(at) {
				t.Errorf("row %d of %v: %d, want %d", i, sel, got, want)
			}
		}
	}
}
