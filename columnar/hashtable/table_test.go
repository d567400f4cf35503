package hashtable

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

func TestTableAgreesWithMap(t *testing.T) {
	tableAgreesWithMap(t, []columnar.Type{columnar.TypeBigInt, columnar.TypeString, columnar.DecimalOf(30, 2), columnar.TypeInteger})
}

// Null flags beyond those of the header are in words of their own; here two of them.
func TestTableOfManyKeyColumns(t *testing.T) {
	for _, some := range [][]columnar.Type{{columnar.TypeBigInt}, {columnar.TypeBigInt, columnar.TypeString}} {
		tableAgreesWithMap(t, slices.Repeat(some, 100/len(some)))
	}
}

// The nulls alone tell these keys apart.
func TestNullsOfManyKeyColumns(t *testing.T) {
	for _, last := range []columnar.Type{columnar.TypeBigInt, columnar.TypeString} {
		types := append(slices.Repeat([]columnar.Type{columnar.TypeBigInt}, 89), last)
		tab, err := New(types, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		cols := make([]*columnar.Vector, len(types))
		for c, typ := range types {
			cols[c] = columnar.NewVector(typ)
			cols[c].Reset(len(types))
			for i := range types {
				if typ.Kind == columnar.TypeBigInt.Kind {
					columnar.Values[int64](cols[c])[i] = 0
				} else {
					cols[c].SetString(i, "")
				}
			}
			cols[c].SetNull(c)
		}
		ids := make([]uint32, len(types))
		if _, err := tab.Upsert(ids, make([]uint64, len(types)), cols, nil); err != nil {
			t.Fatal(err)
		}
		if tab.Rows() != len(types) {
			t.Errorf("%d rows of %d keys", tab.Rows(), len(types))
		}
	}
}

func tableAgreesWithMap(t *testing.T, types []columnar.Type) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	tab, err := New(types, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint32{}
	var hashes []uint64
	for range 50 {
		n := 1 + rng.IntN(700)
		cols, texts := randomKeys(rng, types, n)
		hashes = columnar.HashRows(hashes, cols, nil, n)
		ids := make([]uint32, n)
		if _, err := tab.Upsert(ids, hashes, cols, nil); err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			id, ok := want[text]
			if !ok {
				id = uint32(len(want))
				want[text] = id
			}
			if ids[i] != id {
				t.Fatalf("key %q: row %d, want %d", text, ids[i], id)
			}
			tab.Payload(id)[0]++
		}
		found := make([]uint32, n)
		tab.Find(found, hashes, cols, nil)
		for i := range found {
			if found[i] != ids[i] {
				t.Fatalf("find row %d: %d, want %d", i, found[i], ids[i])
			}
		}
	}
	if tab.Rows() != len(want) {
		t.Fatalf("%d rows, want %d", tab.Rows(), len(want))
	}
	out := make([]*columnar.Vector, len(types))
	for c, typ := range types {
		out[c] = columnar.NewVector(typ)
		out[c].ResetAs(typ.Physical(), 0)
		tab.KeyColumn(out[c], c, 0, tab.Rows())
	}
	for i := range tab.Rows() {
		text := keyText(out, i)
		if id, ok := want[text]; !ok || id != uint32(i) {
			t.Fatalf("stored key %d is %q (known %v as %d)", i, text, ok, id)
		}
	}
}

func randomKeys(rng *rand.Rand, types []columnar.Type, n int) (cols []*columnar.Vector, texts []string) {
	for _, typ := range types {
		v := columnar.NewVector(typ)
		v.Reset(n)
		for i := range n {
			x := rng.Int64N(40)
			switch v.Phys {
			case columnar.PhysInt64:
				columnar.Values[int64](v)[i] = x
			case columnar.PhysInt32:
				columnar.Values[int32](v)[i] = int32(x % 3)
			case columnar.PhysInt128:
				columnar.Values[columnar.Int128](v)[i] = columnar.MulInt64(x, 1<<60)
			case columnar.PhysView:
				v.SetString(i, fmt.Sprintf("%0*d", int(x), x%5))
			}
			if rng.IntN(10) == 0 {
				v.SetNull(i)
			}
		}
		cols = append(cols, v)
	}
	for i := range n {
		texts = append(texts, keyText(cols, i))
	}
	return cols, texts
}

func keyText(cols []*columnar.Vector, i int) string {
	s := ""
	for _, v := range cols {
		if v.IsNull(i) {
			s += "|null"
			continue
		}
		switch v.Phys {
		case columnar.PhysInt64:
			s += fmt.Sprint("|", columnar.Values[int64](v)[i])
		case columnar.PhysInt32:
			s += fmt.Sprint("|", columnar.Values[int32](v)[i])
		case columnar.PhysInt128:
			s += fmt.Sprint("|", columnar.Values[columnar.Int128](v)[i])
		case columnar.PhysView:
			s += "|" + string(v.Bytes(i))
		}
	}
	return s
}

func benchmarkUpsert(b *testing.B, groups int) {
	const n = columnar.BatchRows
	rng := rand.New(rand.NewPCG(1, 2))
	v := columnar.NewVector(columnar.TypeBigInt)
	v.Reset(n)
	ids := make([]uint32, n)
	hashes := make([]uint64, n)
	tab, err := New([]columnar.Type{columnar.TypeBigInt}, 2, nil)
	if err != nil {
		b.Fatal(err)
	}
	cols := []*columnar.Vector{v}
	for b.Loop() {
		b.StopTimer()
		for i := range n {
			columnar.Values[int64](v)[i] = rng.Int64N(int64(groups))
		}
		b.StartTimer()
		hashes = columnar.HashRows(hashes, cols, nil, n)
		if _, err := tab.Upsert(ids, hashes, cols, nil); err != nil {
			b.Fatal(err)
		}
		cells := tab.Cells(0)
		for _, id := range ids {
			*cells.At(id)++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

func BenchmarkUpsert4(b *testing.B)     { benchmarkUpsert(b, 4) }
func BenchmarkUpsert10k(b *testing.B)   { benchmarkUpsert(b, 10_000) }
func BenchmarkUpsert1500k(b *testing.B) { benchmarkUpsert(b, 1_500_000) }
