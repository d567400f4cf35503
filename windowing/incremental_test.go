package windowing

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/state"
)

// TestIncrementalSnapshots takes snapshots of windows while rows come and windows close: what is
// restored from one and those it follows on emits what the operator itself emits after the barrier.
func TestIncrementalSnapshots(t *testing.T) {
	for _, w := range []Window{{Size: 10e6, Slide: 10e6}, {Size: 10e6, Slide: 2e6}} {
		for _, backend := range []*state.Backend{nil, state.NewBackend(t.TempDir(), 0), state.NewBackend(t.TempDir(), 200<<10)} {
			checkSnapshots(t, w, backend)
			if backend != nil {
				if err := backend.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func checkSnapshots(t *testing.T, w Window, backend *state.Backend) {
	t.Helper()
	rng := rand.New(rand.NewPCG(8, uint64(w.Slide)))
	a, ignored := countOf(t, w, backend), &lines{room: true}
	var chain optest.Chain
	now := int64(0)
	feed := func(ops ...*Aggregate) {
		var rows []row
		for range rng.IntN(200) {
			rows = append(rows, row{rng.Int64N(300), rng.Int64N(100), now + rng.Int64N(1000)})
		}
		now += rng.Int64N(2000)
		b := batchOf(rows)
		defer b.Release()
		for _, op := range ops {
			if _, err := op.Process(0, b, ignored); err != nil {
				t.Fatal(err)
			}
			advance(t, op, dataflow.Time(now*1000-1), ignored)
		}
	}
	for n := range 60 {
		for range rng.IntN(4) {
			feed(a)
		}
		full := n == 0 || rng.IntN(7) == 0
		want := rowsOf(t, a)
		chain.Take(t, a, full, func() int { return 1 + rng.IntN(100) }, func() {
			if rng.IntN(2) == 0 {
				feed(a)
			}
		})
		b := countOf(t, w, backend)
		chain.Restore(t, b)
		if got := rowsOf(t, b); !slices.Equal(got, want) {
			t.Fatalf("slide %d, snapshot %d, full %t: restored %d rows, want %d", w.Slide, n, full, len(got), len(want))
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// rowsOf are the groups of all slices, sorted.
func rowsOf(t *testing.T, a *Aggregate) (rows []string) {
	t.Helper()
	var all lines
	for _, start := range a.starts {
		scan := state.NewScan(a.slices[start])
		b := columnar.NewBatch(a.schema)
		for {
			g, ids, err := scan.Next(100)
			if err != nil {
				t.Fatal(err)
			}
			if len(ids) == 0 {
				break
			}
			if err := errors.Join(g.Fill(b, ids), all.Emit(a.withStart(b, start))); err != nil {
				t.Fatal(err)
			}
		}
		b.Release()
		if err := scan.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all.got)
	return all.got
}
