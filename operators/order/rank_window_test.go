package order

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// windowRow is a row of a window of ten seconds, which is told by its end.
type windowRow struct{ end, key, price, id int64 }

func windowSchema() *columnar.Schema {
	return columnar.NewSchema(
		columnar.Field{Name: "window_end", Type: columnar.Type{Kind: columnar.Timestamp, Precision: 3}}, columnar.Field{Name: "k", Type: columnar.TypeBigInt},
		columnar.Field{Name: "price", Type: columnar.TypeBigInt}, columnar.Field{Name: "id", Type: columnar.TypeBigInt},
	)
}

func windowBatch(rows []windowRow, rng *rand.Rand) *columnar.Batch {
	b := columnar.NewBatch(windowSchema())
	optest.Spread(b, len(rows), nil, rng, func(i, k int, _ bool) {
		for c, v := range []int64{rows[k].end, rows[k].key, rows[k].price, rows[k].id} {
			columnar.Values[int64](b.Cols[c])[i] = v
		}
	})
	return b
}

// windowWork is what is done to a WindowRank: rows come, then the watermark rises to mark, in milliseconds.
type windowWork struct {
	rows []windowRow
	mark int64
}

// windowRanks are the numbered rows of the windows that the work closes, and how many rows are late.
func windowRanks(spec RankSpec, work []windowWork) (want map[string]int, late int64) {
	var rows []windowRow
	mark := int64(0)
	for _, w := range work {
		for _, r := range w.rows {
			if r.end-1 <= mark {
				late++
				continue
			}
			rows = append(rows, r)
		}
		mark = w.mark
	}
	slices.SortFunc(rows, func(a, b windowRow) int {
		return cmp.Or(cmp.Compare(b.price, a.price), cmp.Compare(a.id, b.id))
	})
	want = map[string]int{}
	numbers := map[[2]int64]int64{}
	for _, r := range rows {
		part := [2]int64{r.end, r.key}
		numbers[part]++
		if n := numbers[part]; r.end-1 <= mark && n >= spec.From && (spec.To == 0 || n <= spec.To) {
			b := windowBatch([]windowRow{r}, rand.New(rand.NewPCG(1, 1)))
			want[optest.Text(b, b.Row(0))+fmt.Sprint(" ", n)]++
			b.Release()
		}
	}
	return want, late
}

// TestWindowRank numbers the rows of windows as they close, in memory and on disk, across snapshots of everything
// and of what has changed, while rows come and windows close.
func TestWindowRank(t *testing.T) {
	before := mem.AllocatedBytes()
	for i, spec := range []RankSpec{{From: 1, To: 1}, {From: 1, To: 3}, {From: 2, To: 2}, {From: 1, To: 100}, {From: 1}} {
		spec.Partition, spec.Keys, spec.Number = []int{0, 1}, []Key{{Column: 2, Desc: true}}, true
		spec.Closing = &Closing{Column: 0, After: -1000}
		for _, backend := range []*state.Backend{nil, state.NewBackend(t.TempDir(), 0), state.NewBackend(t.TempDir(), 200<<10)} {
			checkWindowRank(t, spec, backend, rand.New(rand.NewPCG(21, uint64(i))))
			if backend != nil {
				optest.Must(t, backend.Close())
			}
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

func openWindowRank(t *testing.T, spec RankSpec, backend *state.Backend) *WindowRank {
	t.Helper()
	s := windowSchema()
	out := columnar.NewSchema(append(slices.Clone(s.Fields), columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()})...)
	w := NewWindowRank(spec)
	optest.Must(t, w.Open(&dataflow.Context{
		Name: "rank", Inputs: []*columnar.Schema{s}, Output: out, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true, State: backend,
	}))
	return w
}

func checkWindowRank(t *testing.T, spec RankSpec, backend *state.Backend, rng *rand.Rand) {
	t.Helper()
	op, out := openWindowRank(t, spec, backend), optest.NewFold()
	var done []windowWork
	do := func(w windowWork) {
		b := windowBatch(w.rows, rng)
		defer b.Release()
		_, err := op.Process(0, b, out)
		optest.Must(t, err)
		status, err := op.Watermark(dataflow.Time(w.mark*1000), out)
		optest.Drain(t, op, status, err, out)
		done = append(done, w)
		want, late := windowRanks(spec, done)
		if out.Err != nil || !maps.Equal(out.Rows, want) || op.Counts()["late"] != late {
			t.Fatalf("%+v: %v, %d of %d late rows\n%q", spec, out.Err, op.Counts()["late"], late, optest.Differing(out.Rows, want))
		}
	}
	now := int64(100_000)
	draw := func() windowWork {
		now += rng.Int64N(4000)
		w := windowWork{mark: now - 1}
		for range rng.IntN(80) {
			w.rows = append(w.rows, windowRow{
				columnar.FloorDiv(now+rng.Int64N(25_000)-1000, 10_000)*10_000 + 10_000, rng.Int64N(20), rng.Int64N(50), rng.Int64N(1000),
			})
		}
		return w
	}
	var chain optest.Chain
	for full := true; len(done) < 50; full = rng.IntN(6) == 0 {
		for range rng.IntN(4) {
			do(draw())
		}
		at, emitted := len(done), maps.Clone(out.Rows)
		chain.Take(t, op, full, func() int { return 1 + rng.IntN(50) }, func() { do(draw()) })
		if rng.IntN(3) > 0 {
			continue
		}
		again := done[at:]
		optest.Must(t, op.Close())
		op, out, done = openWindowRank(t, spec, backend), optest.NewFold(), done[:at:at]
		out.Rows = emitted
		chain.Restore(t, op)
		for _, w := range again {
			do(w)
		}
		chain.Take(t, op, true, func() int { return 1000 }, func() {})
	}
	optest.Must(t, op.Close())
}
