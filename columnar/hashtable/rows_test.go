package hashtable

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// rowModel is a Rows beside the rows it should hold, by key.
type rowModel struct {
	t     *testing.T
	table *Rows
	types []columnar.Type
	keys  []int
	rows  map[string][]string
	live  int
}

func newRowModel(t *testing.T, types []columnar.Type, keys []int) *rowModel {
	t.Helper()
	table, err := NewRows(types, keys, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &rowModel{t: t, table: table, types: types, keys: keys, rows: map[string][]string{}}
}

func textOf(cols []*columnar.Vector, columns []int, i int) string {
	var parts []string
	for _, c := range columns {
		parts = append(parts, string(columnar.AppendText(nil, cols[c], i, time.UTC)))
	}
	return strings.Join(parts, "|")
}

func (m *rowModel) all() []int {
	var all []int
	for c := range m.types {
		all = append(all, c)
	}
	return all
}

// batch has values out of few, nulls and strings short and long among them, and a selection.
func (m *rowModel) batch(rng *rand.Rand) *columnar.Batch {
	n := 1 + rng.IntN(300)
	s := &columnar.Schema{}
	for _, typ := range m.types {
		s.Fields = append(s.Fields, columnar.Field{Type: typ})
	}
	b := columnar.NewBatch(s)
	b.Reset(n)
	for _, v := range b.Cols {
		fillFew(rng, v, n)
	}
	b.SetLen(n)
	if rng.IntN(2) == 0 {
		b.Sel = []int32{}
		for i := range int32(n) {
			if rng.IntN(3) > 0 {
				b.Sel = append(b.Sel, i)
			}
		}
	}
	return b
}

func fillFew(rng *rand.Rand, v *columnar.Vector, n int) {
	for i := range n {
		x := rng.IntN(6)
		switch v.Phys {
		case columnar.PhysView:
			v.SetString(i, strings.Repeat(fmt.Sprint(x), x*x*3))
		case columnar.PhysFloat64:
			columnar.Values[float64](v)[i] = float64(x) * -0.5
		case columnar.PhysInt128:
			columnar.Values[columnar.Int128](v)[i] = columnar.Int128{Lo: uint64(x), Hi: int64(x % 3)}
		case columnar.PhysStruct:
		default:
			columnar.Values[int64](v)[i] = int64(x)
		}
		if x == 5 && v.Phys != columnar.PhysStruct {
			v.SetNull(i)
		}
	}
	if v.Phys == columnar.PhysStruct {
		for _, c := range v.Children {
			fillFew(rng, c, n)
		}
	}
}

func (m *rowModel) add(b *columnar.Batch) {
	ids, err := m.table.Add(nil, b)
	if err != nil {
		m.t.Fatal(err)
	}
	for k, id := range ids {
		if x := m.table.Extra(id); x[0] != 0 {
			m.t.Fatalf("the owner's word of a new row is %d", x[0])
		}
		m.table.Extra(id)[0] = 1
		key := textOf(b.Cols, m.keys, b.Row(k))
		m.rows[key] = append(m.rows[key], textOf(b.Cols, m.all(), b.Row(k)))
		m.live++
	}
}

func (m *rowModel) remove(b *columnar.Batch) {
	ids := m.table.Remove(nil, b)
	for k, id := range ids {
		key, row := textOf(b.Cols, m.keys, b.Row(k)), textOf(b.Cols, m.all(), b.Row(k))
		at := slices.Index(m.rows[key], row)
		if (at >= 0) != (id != NoRow) {
			m.t.Fatalf("removed row %d of %q, which is at %d", id, row, at)
		}
		if at >= 0 {
			m.rows[key] = slices.Delete(m.rows[key], at, at+1)
			m.live--
		}
	}
}

// check compares the rows of the keys of b, and now and then all rows.
func (m *rowModel) check(b *columnar.Batch) {
	keys := make([]*columnar.Vector, len(m.keys))
	for i, c := range m.keys {
		keys[i] = b.Cols[c]
	}
	seen := map[string]bool{}
	for k, id := range m.table.Find(nil, keys, b.Sel, b.Len()) {
		key := textOf(b.Cols, m.keys, b.Row(k))
		if seen[key] {
			continue
		}
		seen[key] = true
		var ids []uint32
		for ; id != NoRow; id = m.table.Next(id) {
			ids = append(ids, id)
		}
		m.same(key, ids, slices.Clone(m.rows[key]))
	}
	if m.table.Live() != m.live {
		m.t.Fatalf("%d rows, want %d", m.table.Live(), m.live)
	}
}

func (m *rowModel) same(what string, ids []uint32, want []string) {
	cols := make([]*columnar.Vector, len(m.types))
	for c, typ := range m.types {
		cols[c] = columnar.NewVector(typ)
		m.table.Gather(cols[c], c, append(ids, NoRow))
		if !cols[c].IsNull(len(ids)) {
			m.t.Fatalf("column %d of no row is not null", c)
		}
	}
	var got []string
	for i := range ids {
		got = append(got, textOf(cols, m.all(), i))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.t.Fatalf("rows of %q:\n got %q\nwant %q", what, got, want)
	}
	for _, v := range cols {
		v.Release()
	}
}

func (m *rowModel) checkAll() {
	var ids []uint32
	err := m.table.Each(func(some []uint32) error {
		ids = append(ids, some...)
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	var want []string
	for _, rows := range m.rows {
		want = append(want, rows...)
	}
	m.same("all", ids, want)
}

func TestRowsAgreeWithModel(t *testing.T) {
	row := columnar.Type{Kind: columnar.Row, Fields: []columnar.Field{{Name: "a", Type: columnar.TypeBigInt}, {Name: "b", Type: columnar.TypeString}}}
	for _, c := range []struct {
		types []columnar.Type
		keys  []int
	}{
		{[]columnar.Type{columnar.TypeBigInt, columnar.TypeString}, []int{0}},
		{[]columnar.Type{columnar.TypeString, columnar.TypeDouble, columnar.TypeBigInt}, []int{1, 0}},
		{[]columnar.Type{columnar.DecimalOf(30, 2), columnar.TypeString, columnar.TypeBigInt}, []int{0, 1, 2}},
		{[]columnar.Type{columnar.TypeBigInt, row, columnar.TypeString}, []int{0}},
		{slices.Repeat([]columnar.Type{columnar.TypeBigInt}, 20), []int{18, 1}},
	} {
		rng := rand.New(rand.NewPCG(3, uint64(len(c.types))))
		m := newRowModel(t, c.types, c.keys)
		for step := range 60 {
			b := m.batch(rng)
			// Phases of growth and of decline.
			if rng.IntN(4) > 0 == (step/15%2 == 0) {
				m.add(b)
			} else {
				m.remove(b)
			}
			m.check(b)
			b.Release()
		}
		m.checkAll()
		var all []uint32
		_ = m.table.Each(func(ids []uint32) error { all = append(all, ids...); return nil }) // never fails
		m.table.RemoveIDs(all)
		if m.table.Live() != 0 {
			t.Errorf("%d rows are left", m.table.Live())
		}
		for p := range m.table.parts {
			if m.table.parts[p].used != 0 {
				t.Errorf("%d keys are left", m.table.parts[p].used)
			}
		}
		m.table.Release()
	}
}

// Rows that come and go must not make the table grow.
func TestRowsReuseMemory(t *testing.T) {
	table, err := NewRows([]columnar.Type{columnar.TypeBigInt, columnar.TypeString}, []int{0}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := columnar.NewBatch(&columnar.Schema{Fields: []columnar.Field{{Type: columnar.TypeBigInt}, {Type: columnar.TypeString}}})
	var size int64
	for round := range 50 {
		b.Reset(5000)
		for i := range 5000 {
			columnar.Values[int64](b.Cols[0])[i] = int64(round*5000 + i)
			b.Cols[1].SetString(i, strings.Repeat("x", 20+i%50))
		}
		b.SetLen(5000)
		ids, err := table.Add(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		table.RemoveIDs(ids)
		if round == 10 {
			size = table.SizeBytes()
		}
	}
	if now := table.SizeBytes(); now > size*5/4 {
		t.Errorf("%d bytes, %d after the first rounds", now, size)
	}
}

func BenchmarkRows(b *testing.B) {
	for _, keys := range []int{1 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("add-find-remove/keys=%d", keys), func(b *testing.B) {
			table, err := NewRows([]columnar.Type{columnar.TypeBigInt, columnar.TypeBigInt, columnar.TypeBigInt}, []int{0}, 1, nil)
			if err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			var queue [][]uint32
			in := columnar.NewBatch(&columnar.Schema{Fields: []columnar.Field{{Type: columnar.TypeBigInt}, {Type: columnar.TypeBigInt}, {Type: columnar.TypeBigInt}}})
			var found []uint32
			b.ResetTimer()
			for range b.N {
				in.Reset(columnar.BatchRows)
				for i := range columnar.BatchRows {
					columnar.Values[int64](in.Cols[0])[i] = int64(rng.Uint64() % uint64(keys))
				}
				in.SetLen(columnar.BatchRows)
				ids, err := table.Add(nil, in)
				if err != nil {
					b.Fatal(err)
				}
				found = table.Find(found, in.Cols[:1], nil, columnar.BatchRows)
				if queue = append(queue, ids); len(queue) > keys/columnar.BatchRows {
					table.RemoveIDs(queue[0])
					queue = queue[1:]
				}
			}
			b.ReportMetric(float64(b.N)*columnar.BatchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
