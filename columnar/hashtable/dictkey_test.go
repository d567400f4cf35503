package hashtable

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// TestDictionaryKeys groups rows by two dictionary columns and, in a second table, by the same
// rows flat: the ids must be the same, also when dictionaries change between batches.
func TestDictionaryKeys(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	types := []columnar.Type{columnar.TypeString, columnar.TypeString}
	byCode, err := New(types, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := New(types, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []uint32
	for batch := range 40 {
		n := 1 + rng.IntN(300)
		cols := []*columnar.Vector{randomDictionary(rng, n, batch), randomDictionary(rng, n, batch+1)}
		var sel []int32
		if batch%3 == 0 {
			sel = []int32{}
			for i := range n {
				if rng.IntN(2) == 0 {
					sel = append(sel, int32(i))
				}
			}
		}
		if batch == 20 {
			sel = []int32{}
		}
		if ids, err = byCode.UpsertRows(ids, cols, sel, n); err != nil {
			t.Fatal(err)
		}
		spread := []*columnar.Vector{columnar.NewVector(columnar.TypeString), columnar.NewVector(columnar.TypeString)}
		for c := range spread {
			spread[c].Flatten(cols[c])
		}
		want := make([]uint32, len(ids))
		if _, err := flat.Upsert(want, columnar.HashRows(nil, spread, sel, n), spread, sel); err != nil {
			t.Fatal(err)
		}
		for k := range ids {
			if ids[k] != want[k] {
				t.Fatalf("batch %d, row %d: id %d by code, %d flat", batch, k, ids[k], want[k])
			}
		}
	}
}

func randomDictionary(rng *rand.Rand, n, seed int) *columnar.Vector {
	dict := columnar.NewVector(columnar.TypeString)
	dict.Reset(1 + seed%5)
	for i := range dict.Len() {
		dict.SetString(i, []string{"a", "b", "a longer string than inline", "", "e"}[(i+seed/7)%5])
	}
	v := columnar.NewVector(columnar.TypeString)
	codes := v.SetDictionary(dict, n)
	for i := range codes {
		codes[i] = int32(rng.IntN(dict.Len()))
	}
	if seed%2 == 0 {
		v.MakeValid()
		for i := range n {
			if rng.IntN(4) == 0 {
				v.Valid.Clear(i)
				codes[i] = 0
			}
		}
	}
	return v
}
