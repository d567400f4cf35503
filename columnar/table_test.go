package columnar

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTableAgreesWithMap(t *testing.T) {
	tableAgreesWithMap(t, []Type{TypeBigInt, TypeString, DecimalOf(30, 2), TypeInteger})
}

// Null flags beyond those of the header are in words of their own; here two of them.
func TestTableOfManyKeyColumns(t *testing.T) {
	for _, some := range [][]Type{{TypeBigInt}, {TypeBigInt, TypeString}} {
		tableAgreesWithMap(t, slices.Repeat(some, 100/len(some)))
	}
}

// The nulls alone tell these keys apart.
func TestNullsOfManyKeyColumns(t *testing.T) {
	for _, last := range []Type{TypeBigInt, TypeString} {
		types := append(slices.Repeat([]Type{TypeBigInt}, 89), last)
		tab, err := NewTable(types, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		cols := make([]*Vector, len(types))
		for c, typ := range types {
			cols[c] = NewVector(typ)
			cols[c].Reset(len(types))
			for i := range types {
				if typ.Kind == TypeBigInt.Kind {
					Values[int64](cols[c])[i] = 0
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

func tableAgreesWithMap(t *testing.T, types []Type) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	tab, err := NewTable(types, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint32{}
	var hashes []uint64
	for range 50 {
		n := 1 + rng.IntN(700)
		cols, texts := randomKeys(rng, types, n)
		hashes = HashRows(hashes, cols, nil, n)
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
	out := make([]*Vector, len(types))
	for c, typ := range types {
		out[c] = NewVector(typ)
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

func randomKeys(rng *rand.Rand, types []Type, n int) (cols []*Vector, texts []string) {
	for _, typ := range types {
		v := NewVector(typ)
		v.Reset(n)
		for i := range n {
			x := rng.Int64N(40)
			switch v.Phys {
			case PhysInt64:
				Values[int64](v)[i] = x
			case PhysInt32:
				Values[int32](v)[i] = int32(x % 3)
			case PhysInt128:
				Values[Int128](v)[i] = MulInt64(x, 1<<60)
			case PhysView:
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

func keyText(cols []*Vector, i int) string {
	s := ""
	for _, v := range cols {
		if v.IsNull(i) {
			s += "|null"
			continue
		}
		switch v.Phys {
		case PhysInt64:
			s += fmt.Sprint("|", Values[int64](v)[i])
		case PhysInt32:
			s += fmt.Sprint("|", Values[int32](v)[i])
		case PhysInt128:
			s += fmt.Sprint("|", Values[Int128](v)[i])
		case PhysView:
			s += "|" + string(v.Bytes(i))
		}
	}
	return s
}

func TestHashIsTheSameForEveryEncoding(t *testing.T) {
	flat := NewVector(TypeString)
	flat.Reset(4)
	for i, s := range []string{"a", "a string that is long", "", "a"} {
		flat.SetString(i, s)
	}
	dict := NewVector(TypeString)
	values := NewVector(TypeString)
	values.Reset(3)
	for i, s := range []string{"", "a", "a string that is long"} {
		values.SetString(i, s)
	}
	copy(dict.SetDictionary(values, 4), []int32{1, 2, 0, 1})
	a := HashRows(nil, []*Vector{flat}, nil, 4)
	b := HashRows(nil, []*Vector{dict}, nil, 4)
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("row %d: %x flat, %x dictionary", i, a[i], b[i])
		}
	}
	narrow, wide := NewVector(DecimalOf(10, 2)), NewVector(DecimalOf(30, 2))
	narrow.Reset(1)
	wide.Reset(1)
	Values[int64](narrow)[0], Values[Int128](wide)[0] = -5, Int128Of(-5)
	if HashRows(nil, []*Vector{narrow}, nil, 1)[0] != HashRows(nil, []*Vector{wide}, nil, 1)[0] {
		t.Error("narrow and wide decimals hash differently")
	}
}

func benchmarkUpsert(b *testing.B, groups int) {
	const n = BatchRows
	rng := rand.New(rand.NewPCG(1, 2))
	v := NewVector(TypeBigInt)
	v.Reset(n)
	ids := make([]uint32, n)
	hashes := make([]uint64, n)
	tab, err := NewTable([]Type{TypeBigInt}, 2, nil)
	if err != nil {
		b.Fatal(err)
	}
	cols := []*Vector{v}
	for b.Loop() {
		b.StopTimer()
		for i := range n {
			Values[int64](v)[i] = rng.Int64N(int64(groups))
		}
		b.StartTimer()
		hashes = HashRows(hashes, cols, nil, n)
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
