package windowing

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
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
	var sections []state.Section // newest first
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
	for epoch := range dataflow.Epoch(60) {
		for range rng.IntN(4) {
			feed(a)
		}
		full := epoch == 0 || rng.IntN(7) == 0
		want := rowsOf(t, a)
		var snapshot state.Writer
		if err := a.Freeze(epoch+1, full, &snapshot); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			if rng.IntN(2) == 0 {
				feed(a)
			}
			var err error
			if done, err = a.Copy(1 + rng.IntN(100)); err != nil {
				t.Fatal(err)
			}
		}
		if full {
			sections = nil
		}
		for i := range sections {
			sections[i].Age++
		}
		sections = append(parsed(t, &snapshot), sections...)
		b := countOf(t, w, backend)
		if err := b.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
			t.Fatal(err)
		}
		if got := rowsOf(t, b); !slices.Equal(got, want) {
			t.Fatalf("slide %d, epoch %d, full %t: restored %d rows, want %d", w.Slide, epoch+1, full, len(got), len(want))
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func parsed(t *testing.T, w *state.Writer) []state.Section {
	t.Helper()
	blob, err := w.Blob()
	if err != nil {
		t.Fatal(err)
	}
	sections, err := state.Parse(bytes.Join(blob, nil))
	if err != nil {
		t.Fatal(err)
	}
	return sections
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
