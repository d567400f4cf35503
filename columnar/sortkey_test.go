package columnar

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSortAgreesWithCompare(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	types := []Type{TypeBoolean, TypeSmallInt, TypeDate, TypeBigInt, TypeDouble, TypeString, DecimalOf(30, 2)}
	for round := range 200 {
		s := &Schema{}
		var columns []SortColumn
		n := rng.IntN(2000)
		for c := range 1 + rng.IntN(3) {
			// The first rounds have only types that are sorted by radix.
			typ := types[rng.IntN(min(len(types), 4+round/20))]
			s.Fields = append(s.Fields, Field{Name: "c", Type: typ})
			columns = append(columns, SortColumn{Index: c, Desc: rng.IntN(2) == 0, NullsFirst: rng.IntN(2) == 0})
		}
		b := NewBatch(s)
		b.Reset(n)
		spread := int64(1) << (1 + rng.IntN(62))
		for _, v := range b.Cols {
			fillForSort(rng, v, n, spread, rng.IntN(2) == 0)
		}
		keyer, err := NewSortKeyer(s, columns)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int32, n)
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(i, j int32) int {
			for _, c := range columns {
				if d := compareForSort(b.Cols[c.Index], c, int(i), int(j)); d != 0 {
					return d
				}
			}
			return 0
		})
		if got := keyer.Sort(b, nil); !slices.Equal(got, want) {
			t.Fatalf("round %d: %d rows of %v by %v are in another order", round, n, s.Fields, columns)
		}
	}
}

// TestSortStops asks for a stop at every possible point: there is no order then.
func TestSortStops(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	for _, typ := range []Type{TypeBigInt, TypeString} {
		s := &Schema{Fields: []Field{{Name: "c", Type: typ}}}
		b := NewBatch(s)
		b.Reset(3*runEntries + 5)
		fillForSort(rng, b.Cols[0], b.Len(), 1<<40, true)
		keyer, err := NewSortKeyer(s, []SortColumn{{Index: 0}})
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int32, b.Len())
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(i, j int32) int { return compareForSort(b.Cols[0], SortColumn{}, int(i), int(j)) })
		for points := 0; ; points++ {
			left := points
			keyer.Stop = func() bool { left--; return left < 0 }
			got := keyer.Sort(b, nil)
			if left >= 0 {
				if points < 5 || !slices.Equal(got, want) {
					t.Errorf("%s: %d points, %d rows", typ, points, len(got))
				}
				break
			}
			if got != nil {
				t.Fatalf("%s: %d rows after a stop at point %d", typ, len(got), points)
			}
		}
	}
}

func fillForSort(rng *rand.Rand, v *Vector, n int, spread int64, nulls bool) {
	for i := range n {
		x := rng.Int64N(spread) - spread/2
		switch v.Phys {
		case PhysBits:
			v.Bits().SetTo(i, x&1 == 0)
		case PhysInt16:
			Values[int16](v)[i] = int16(x)
		case PhysInt32:
			Values[int32](v)[i] = int32(x)
		case PhysInt64:
			Values[int64](v)[i] = x
		case PhysFloat64:
			Values[float64](v)[i] = float64(x) / 3
		case PhysInt128:
			Values[Int128](v)[i] = MulInt64(x, 1<<40)
		case PhysView:
			v.SetString(i, string(rune('a'+x&7))+"\x00tail"[:x&3])
		}
		if nulls && rng.IntN(5) == 0 {
			v.SetNull(i)
		}
	}
}

func compareForSort(v *Vector, c SortColumn, i, j int) int {
	a, b := v.IsNull(i), v.IsNull(j)
	switch {
	case a && b:
		return 0
	case a == c.NullsFirst && a != b, b != c.NullsFirst && a != b:
		return -1
	case a != b:
		return 1
	}
	d := 0
	switch v.Phys {
	case PhysView:
		d = slices.Compare(v.Bytes(i), v.Bytes(j))
	case PhysInt128:
		d = Values[Int128](v)[i].Cmp(Values[Int128](v)[j])
	default:
		x, y := v.orderedAt(i), v.orderedAt(j)
		switch {
		case x < y:
			d = -1
		case x > y:
			d = 1
		}
	}
	if c.Desc {
		return -d
	}
	return d
}

// BenchmarkSortStrings orders strings whose first eight bytes are the same.
func BenchmarkSortStrings(b *testing.B) {
	const n = 1 << 20
	rng := rand.New(rand.NewPCG(11, 12))
	s := &Schema{Fields: []Field{{Name: "s", Type: TypeString}}}
	rows := NewBatch(s)
	rows.Reset(n)
	for i := range n {
		rows.Cols[0].SetString(i, fmt.Sprint("Customer#", rng.IntN(n)))
	}
	keyer, err := NewSortKeyer(s, []SortColumn{{Index: 0}})
	if err != nil {
		b.Fatal(err)
	}
	var order []int32
	for b.Loop() {
		order = keyer.Sort(rows, order)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

// BenchmarkSort orders rows as ORDER BY date, key does.
func BenchmarkSort(b *testing.B) {
	const n = 1 << 20
	rng := rand.New(rand.NewPCG(11, 12))
	s := &Schema{Fields: []Field{{Name: "d", Type: TypeDate}, {Name: "k", Type: TypeBigInt}}}
	rows := NewBatch(s)
	rows.Reset(n)
	for i := range n {
		Values[int32](rows.Cols[0])[i] = 8000 + rng.Int32N(2500)
		Values[int64](rows.Cols[1])[i] = rng.Int64N(6_000_000)
	}
	keyer, err := NewSortKeyer(s, []SortColumn{{Index: 0}, {Index: 1}})
	if err != nil {
		b.Fatal(err)
	}
	var order []int32
	for b.Loop() {
		order = keyer.Sort(rows, order)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}
