package optest

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// TestFold folds rows that come and go, and notices one that goes without having come.
func TestFold(t *testing.T) {
	emit := func(f *Fold, kind columnar.RowKind, rows ...Row) {
		kinds := make([]columnar.RowKind, len(rows))
		for i := range kinds {
			kinds[i] = kind
		}
		b := Batch(rows, kinds, rand.New(rand.NewPCG(1, 2)))
		defer b.Release()
		Must(t, f.Emit(b))
	}
	f := NewFold()
	a, b := Row{Key: "a", Value: 1, Price: 250}, Row{Key: "b", Value: -1}
	emit(f, columnar.Insert, a, a, b)
	emit(f, columnar.UpdateBefore, a)
	if f.Err != nil || f.Moves != 4 || len(Differing(f.Rows, map[string]int{" a 1 2.50": 1, " b NULL 0.00": 1})) > 0 {
		t.Errorf("%v, %d rows came, left %v", f.Err, f.Moves, f.Rows)
	}
	emit(f, columnar.Retract, b, b)
	if f.Err == nil {
		t.Error("a row went twice and came once")
	}
}

func TestDiffering(t *testing.T) {
	got, want := map[string]int{"same": 1, "more": 2, "new": 1}, map[string]int{"same": 1, "more": 1, "gone": 3}
	if d := Differing(got, want); len(d) != 3 {
		t.Errorf("%q", d)
	}
}

// TestBatchesHaveDeadRows makes batches until both forms have come: the live rows are those asked for.
func TestBatchesHaveDeadRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var live []Row
	forms := map[bool]bool{}
	for range 50 {
		rows, kinds := Changes(&live, true, rng)
		b := Batch(rows, kinds, rng)
		forms[b.Sel != nil] = true
		if b.Live() != len(rows) {
			t.Fatalf("%d rows are live of %d", b.Live(), len(rows))
		}
		for k, r := range rows {
			i := b.Row(k)
			if string(b.Cols[0].Bytes(i)) != r.Key || b.Kind(i) != kinds[k] || b.Cols[1].IsNull(i) != (r.Value < 0) {
				t.Fatalf("row %d is%s", k, Text(b, i))
			}
		}
		b.Release()
	}
	if len(forms) != 2 {
		t.Errorf("forms %v", forms)
	}
}
