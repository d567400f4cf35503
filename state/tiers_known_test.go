package state

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// TestKnown enters keys some of which go to disk: these and few others are known, and asking for one does not enter it.
func TestKnown(t *testing.T) {
	for _, typ := range []columnar.Type{columnar.TypeBigInt, columnar.TypeDouble} {
		backend := NewBackend(t.TempDir(), 0)
		store, schema := backend.Store(), columnar.NewSchema(columnar.Field{Name: "k", Type: typ})
		tiers, err := NewTiers(TiersOptions[*Lists]{
			Store: store, Keys: 1, Dead: EmptyList, Account: mem.NewBudget(0).Account("test"),
			Make: func() (*Lists, error) { return NewLists(schema, []int{0}, 0) },
		})
		if err != nil {
			t.Fatal(err)
		}
		rng, there, b := rand.New(rand.NewPCG(1, 1)), map[int64]bool{}, columnar.NewBatch(schema)
		for range 40 {
			fillKeys(b, rng, 100)
			lists, err := tiers.Begin(b.Len())
			if err == nil {
				_, err = lists.Enter(b, []int{0})
			}
			if err == nil {
				err = tiers.Touch(nil)
			}
			if err == nil {
				_, err = lists.Table().Add(nil, b)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Len() {
				there[keyOf(b, i)] = true
			}
			checkKnown(t, tiers, b, rng, there)
		}
		for _, err := range []error{tiers.Close(), store.Close(), backend.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		b.Release()
	}
}

func fillKeys(b *columnar.Batch, rng *rand.Rand, n int) {
	b.Reset(n)
	for i := range n {
		k := rng.Int64N(10_000)
		if b.Cols[0].Phys == columnar.PhysFloat64 {
			columnar.Values[float64](b.Cols[0])[i] = float64(k)
		} else {
			columnar.Values[int64](b.Cols[0])[i] = k
		}
	}
}

func keyOf(b *columnar.Batch, i int) int64 {
	if b.Cols[0].Phys == columnar.PhysFloat64 {
		return int64(columnar.Values[float64](b.Cols[0])[i])
	}
	return columnar.Values[int64](b.Cols[0])[i]
}

func checkKnown(t *testing.T, tiers *Tiers[*Lists], b *columnar.Batch, rng *rand.Rand, there map[int64]bool) {
	t.Helper()
	fillKeys(b, rng, 200)
	var sel, want []int32
	for i := int32(0); int(i) < b.Len(); i += 1 + rng.Int32N(3) {
		sel = append(sel, i)
		if there[keyOf(b, int(i))] {
			want = append(want, i)
		}
	}
	entries := tiers.hot().Rows()
	got := tiers.Known(nil, b.Cols, sel, b.Len())
	others := len(got) - len(want)
	for _, i := range want {
		if !slices.Contains(got, i) {
			t.Fatalf("known are %v, want %v", got, want)
		}
	}
	if others > len(sel)/10 {
		t.Fatalf("%d of %d keys are known that are not there", others, len(sel))
	}
	if n := tiers.hot().Rows(); n != entries {
		t.Fatalf("%d entries were made", n-entries)
	}
}
