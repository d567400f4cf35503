package hashtable

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// wordKeys draws keys of one shape; the shapes move a table between its array and its directory.
var wordKeys = map[string]func(rng *rand.Rand, batch, i int) int64{
	"dense ascending":  func(_ *rand.Rand, batch, i int) int64 { return int64(batch*500 + i) },
	"dense descending": func(_ *rand.Rand, batch, i int) int64 { return int64(-batch*500 - i) },
	"dense shuffled":   func(rng *rand.Rand, _, _ int) int64 { return 1<<40 + rng.Int64N(200_000) },
	"sparse":           func(rng *rand.Rand, _, _ int) int64 { return int64(rng.Uint64N(5000) * 0x9e3779b97f4a7c15) },
	"sparse, then dense": func(rng *rand.Rand, batch, _ int) int64 {
		return rng.Int64N(100_000 >> max(0, 4-batch))
	},
	"dense, then far": func(rng *rand.Rand, batch, i int) int64 {
		if batch > 20 && i == 77 {
			return math.MinInt64 + rng.Int64N(3)
		}
		return int64(batch*100 + i)
	},
	"the ends": func(rng *rand.Rand, _, i int) int64 {
		if i%2 == 0 {
			return math.MaxInt64 - rng.Int64N(100)
		}
		return math.MinInt64 + rng.Int64N(100)
	},
}

func TestWordTableAgreesWithMap(t *testing.T) {
	for name, draw := range wordKeys {
		for _, withNulls := range []bool{false, true} {
			for _, withSel := range []bool{false, true} {
				rng := rand.New(rand.NewPCG(3, 4))
				tab, err := New([]columnar.Type{columnar.TypeBigInt}, 1, nil)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					checkWords(t, name, tab, rng, draw, withNulls, withSel)
					tab.Reset()
				}
			}
		}
	}
}

type wordKey struct {
	x    int64
	null bool
}

func checkWords(t *testing.T, name string, tab *Table, rng *rand.Rand, draw func(*rand.Rand, int, int) int64, withNulls, withSel bool) {
	t.Helper()
	want := map[wordKey]uint32{}
	v, missing := columnar.NewVector(columnar.TypeBigInt), columnar.NewVector(columnar.TypeBigInt)
	var order []wordKey
	for batch := range 60 {
		const n = 700
		v.Reset(n)
		keys := make([]wordKey, n)
		for i := range keys {
			keys[i].x = draw(rng, batch, i)
			columnar.Values[int64](v)[i] = keys[i].x
			if withNulls && rng.IntN(50) == 0 {
				v.SetNull(i)
				keys[i] = wordKey{null: true}
			}
		}
		var sel []int32
		if withSel {
			sel = []int32{}
			for i := range int32(n) {
				if rng.IntN(3) > 0 {
					sel = append(sel, i)
				}
			}
		}
		cols := []*columnar.Vector{v}
		hashes := columnar.HashRows(nil, cols, sel, n)
		ids := make([]uint32, len(hashes))
		if batch%2 == 0 {
			if _, err := tab.Upsert(ids, hashes, cols, sel); err != nil {
				t.Fatal(err)
			}
		} else if _, err := tab.UpsertRows(ids, cols, sel, n); err != nil {
			t.Fatal(err)
		}
		for k, id := range ids {
			key := keys[columnar.RowAt(sel, k)]
			known, ok := want[key]
			if !ok {
				known = uint32(len(want))
				want[key] = known
				order = append(order, key)
			}
			if id != known {
				t.Fatalf("%s: batch %d: key %v is row %d, want %d", name, batch, key, id, known)
			}
			if tab.Hash(id) != hashes[k]&headerHash {
				t.Fatalf("%s: key %v is stored with another hash", name, key)
			}
			tab.Payload(id)[0]++
		}
		found := tab.FindRows(nil, cols, sel, n)
		for k, id := range ids {
			if found[k] != id {
				t.Fatalf("%s: batch %d: found row %d of key %v, want %d", name, batch, found[k], keys[columnar.RowAt(sel, k)], id)
			}
		}
		missing.Reset(1)
		x := int64(rng.Uint64())
		columnar.Values[int64](missing)[0] = x
		if id := tab.FindRows(nil, []*columnar.Vector{missing}, nil, 1)[0]; id != NoRow {
			if known, ok := want[wordKey{x: x}]; !ok || known != id {
				t.Fatalf("%s: found row %d of key %d, which was not entered", name, id, x)
			}
		}
	}
	if tab.Rows() != len(want) {
		t.Fatalf("%s: %d rows, want %d", name, tab.Rows(), len(want))
	}
	out := columnar.NewVector(columnar.TypeBigInt)
	tab.KeyColumn(out, 0, 0, tab.Rows())
	for i, key := range order {
		if out.IsNull(i) != key.null || !key.null && columnar.Values[int64](out)[i] != key.x {
			t.Fatalf("%s: stored key %d is not %v", name, i, key)
		}
	}
}

func TestWordTableHashesAsHashRows(t *testing.T) {
	for _, typ := range []columnar.Type{columnar.TypeBoolean, columnar.TypeTinyInt, columnar.TypeSmallInt, columnar.TypeInteger, columnar.TypeBigInt, columnar.TypeFloat, columnar.TypeDouble, columnar.DecimalOf(9, 2)} {
		v := columnar.NewVector(typ)
		v.Reset(2)
		switch v.Phys {
		case columnar.PhysBits:
			v.Bits().SetTo(0, true)
			v.Bits().SetTo(1, false)
		case columnar.PhysInt8:
			copy(columnar.Values[int8](v), []int8{-3, 9})
		case columnar.PhysInt16:
			copy(columnar.Values[int16](v), []int16{-3, 9})
		case columnar.PhysInt32:
			copy(columnar.Values[int32](v), []int32{-3, 9})
		case columnar.PhysInt64:
			copy(columnar.Values[int64](v), []int64{-3, 9})
		case columnar.PhysFloat32:
			copy(columnar.Values[float32](v), []float32{-1.5, float32(math.Inf(1))})
		case columnar.PhysFloat64:
			copy(columnar.Values[float64](v), []float64{math.NaN(), -1.5})
		}
		tab, err := New([]columnar.Type{typ}, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		cols := []*columnar.Vector{v}
		ids, err := tab.UpsertRows(nil, cols, nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range columnar.HashRows(nil, cols, nil, 2) {
			if got := tab.Hash(ids[i]); got != h&headerHash {
				t.Errorf("%s: row %d has hash %x, want %x", typ, i, got, h&headerHash)
			}
		}
	}
}

func benchmarkWords(b *testing.B, draw func(rng *rand.Rand) int64) {
	const n = columnar.BatchRows
	rng := rand.New(rand.NewPCG(1, 2))
	v := columnar.NewVector(columnar.TypeBigInt)
	v.Reset(1 << 22)
	for i := range columnar.Values[int64](v) {
		columnar.Values[int64](v)[i] = draw(rng)
	}
	tab, err := New([]columnar.Type{columnar.TypeBigInt}, 2, nil)
	if err != nil {
		b.Fatal(err)
	}
	part := columnar.NewVector(columnar.TypeBigInt)
	ids := make([]uint32, n)
	at := 0
	step := func() {
		part.SetShared(n, columnar.RawBytes(columnar.Values[int64](v)[at:at+n]), nil, nil)
		at = (at + n) % (1 << 22)
		if ids, err = tab.UpsertRows(ids, []*columnar.Vector{part}, nil, n); err != nil {
			b.Fatal(err)
		}
	}
	for range 1 << 22 / n {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

func BenchmarkWordsDense1500k(b *testing.B) {
	benchmarkWords(b, func(rng *rand.Rand) int64 { return rng.Int64N(1_500_000) })
}

func BenchmarkWordsSparse1500k(b *testing.B) {
	benchmarkWords(b, func(rng *rand.Rand) int64 { return int64(rng.Uint64N(1_500_000) * 0x9e3779b97f4a7c15) })
}
