package aggregate

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// StateSchema is that of the rows EachState makes: keys, then partial states.
func (g *Grouping) StateSchema() (*columnar.Schema, error) {
	s := g.keySchema()
	var calls []*expr.Aggregate
	for i := range g.calls {
		calls = append(calls, g.calls[i].call)
	}
	types, err := StateTypes(calls)
	for i, t := range types {
		s.Fields = append(s.Fields, columnar.Field{Name: fmt.Sprintf("state%d", i), Type: t})
	}
	return s, err
}

func (g *Grouping) keySchema() *columnar.Schema {
	s := &columnar.Schema{}
	for i, t := range g.keys {
		s.Fields = append(s.Fields, columnar.Field{Name: fmt.Sprintf("key%d", i), Type: t})
	}
	return s
}

// EachState calls each with the partial states of all groups, batch by batch.
func (g *Grouping) EachState(each func(b *columnar.Batch)) error {
	schema, err := g.StateSchema()
	if err != nil {
		return err
	}
	b := columnar.NewBatch(schema)
	defer b.Release()
	for first := 0; first < g.Rows(); first += columnar.BatchRows {
		if err := g.Emit(b, first, min(columnar.BatchRows, g.Rows()-first), true); err != nil {
			return err
		}
		each(b)
	}
	return nil
}

// ValueCalls are the positions of the calls that keep the values they have seen: those over distinct
// values, extremes and ordered values whose rows may be taken back.
func (g *Grouping) ValueCalls() []int {
	var list []int
	for i := range g.calls {
		switch g.calls[i].acc.(type) {
		case *retractExtreme, *retractOrdered:
			list = append(list, i)
		default:
			if g.calls[i].distinct != nil {
				list = append(list, i)
			}
		}
	}
	return list
}

// ValueSchema is that of the rows EachValue makes for a call: keys, value, how often and, of ordered ones,
// its number.
func (g *Grouping) ValueSchema(call int) *columnar.Schema {
	s := g.keySchema()
	s.Fields = append(
		s.Fields,
		columnar.Field{Name: "value", Type: g.calls[call].call.Args[0].Type},
		columnar.Field{Name: "count", Type: columnar.TypeBigInt.Required()},
	)
	if _, ok := g.calls[call].acc.(*retractOrdered); ok {
		s.Fields = append(s.Fields, columnar.Field{Name: "number", Type: columnar.TypeBigInt.Required()})
	}
	return s
}

// EachValue calls each with the values a call keeps.
func (g *Grouping) EachValue(call int, each func(b *columnar.Batch)) {
	b := columnar.NewBatch(g.ValueSchema(call))
	emit := func(groups []uint32, fill func()) {
		b.Reset(0)
		for c := range g.keys {
			g.table.KeyColumnOf(b.Cols[c], c, groups)
		}
		fill()
		b.SetLen(len(groups))
		each(b)
	}
	values := b.Cols[len(g.keys):]
	switch x := g.calls[call].acc.(type) {
	case *retractExtreme:
		x.each(func(groups []uint32, fill func(value, count *columnar.Vector)) {
			emit(groups, func() { fill(values[0], values[1]) })
		})
	case *retractOrdered:
		x.each(func(groups []uint32, fill func(value, count, number *columnar.Vector)) {
			emit(groups, func() { fill(values[0], values[1], values[2]) })
		})
	default:
		g.eachDistinct(call, b, each)
	}
	b.Release()
}

// eachDistinct is EachValue for the values of a call of distinct ones.
func (g *Grouping) eachDistinct(call int, b *columnar.Batch, each func(b *columnar.Batch)) {
	t := g.calls[call].distinct
	group := columnar.NewVector(columnar.TypeBigInt.Required())
	defer group.Release()
	for first := 0; first < t.Rows(); first += columnar.BatchRows {
		n := min(columnar.BatchRows, t.Rows()-first)
		b.Reset(0)
		group.Reset(0)
		t.KeyColumn(group, 0, first, n)
		ids := make([]uint32, n)
		for k, id := range columnar.Values[int64](group)[:n] {
			ids[k] = uint32(id)
		}
		for c := range g.keys {
			g.table.KeyColumnOf(b.Cols[c], c, ids)
		}
		t.KeyColumn(b.Cols[len(g.keys)], 1, first, n)
		counts := columnar.Grow[int64](b.Cols[len(g.keys)+1], n)
		cells := t.Cells(0)
		for k := range counts {
			counts[k] = int64(*cells.At(uint32(first + k)))
		}
		b.SetLen(n)
		each(b)
	}
}

// AddValues takes rows of EachValue in; their groups' states must be merged already.
func (g *Grouping) AddValues(call int, b *columnar.Batch) error {
	rows, err := g.locate(b, b.Cols[:len(g.keys)])
	if err != nil {
		return err
	}
	counts := columnar.Values[int64](b.Cols[len(g.keys)+1])
	if x, ok := g.calls[call].acc.(*retractExtreme); ok {
		return x.take(g.table.Cells(g.calls[call].word), rows, b.Cols[len(g.keys)], func(i int) int64 { return counts[i] })
	}
	if x, ok := g.calls[call].acc.(*retractOrdered); ok {
		numbers := columnar.Values[int64](b.Cols[len(g.keys)+2])
		return x.take(g.table.Cells(g.calls[call].word), rows, b.Cols[len(g.keys)], func(i int, in *orderedGroup, id uint32) {
			x.add(in, id, uint64(numbers[i]), uint64(counts[i]))
		})
	}
	group := columnar.NewVector(columnar.TypeBigInt.Required())
	defer group.Release()
	group.Reset(b.Len())
	ids := columnar.Values[int64](group)
	clear(ids)
	if rows.Group != nil {
		rows.each(nil, func(i int, id uint32, _ int64) { ids[i] = int64(id) })
	}
	t := g.calls[call].distinct
	cols := []*columnar.Vector{group, b.Cols[len(g.keys)]}
	hashes := columnar.HashRows(nil, cols, b.Sel, b.Len())
	entries := make([]uint32, len(hashes))
	if _, err := t.Upsert(entries, hashes, cols, b.Sel); err != nil {
		return err
	}
	cells := t.Cells(0)
	for k, id := range entries {
		*cells.At(id) += uint64(counts[b.Row(k)])
	}
	return nil
}

// Track has t told of groups before they are changed.
func (g *Grouping) Track(t Tracker) { g.changes = t }

// Made is the number of groups; together with Held and Fill it shows them to a state.Delta.
func (g *Grouping) Made() int { return g.Rows() }

// Held is true: no group is ever removed.
func (g *Grouping) Held(uint32) bool { return true }

// Fill makes out the partial states of the groups ids, as EachState makes them.
func (g *Grouping) Fill(out *columnar.Batch, ids []uint32) error {
	g.emitKeys(out, ids)
	g.states(out.Cols[len(g.keys):], ids)
	return nil
}

// Hash is the part of the hash of a group's key that the table keeps.
func (g *Grouping) Hash(id uint32) uint64 { return g.table.Hash(id) }

// Keys makes the first columns of out the keys of the groups ids.
func (g *Grouping) Keys(out *columnar.Batch, ids []uint32) { g.emitKeys(out, ids) }

// Find writes the group of each of n keys, or of those at sel, into ids, NoRow where there is none.
func (g *Grouping) Find(ids []uint32, cols []*columnar.Vector, sel []int32, n int) []uint32 {
	return g.table.FindRows(ids, cols, sel, n)
}

// Load merges the states of b, rows of the schema StateSchema, into the groups ids, a row each.
func (g *Grouping) Load(ids []uint32, b *columnar.Batch) error {
	return g.mergeAll(Rows{Len: len(ids), Group: ids}, b.Cols[len(g.keys):])
}

// Refill makes the live rows of b, of the schema StateSchema, the groups in place of all others.
func (g *Grouping) Refill(b *columnar.Batch) error {
	if err := g.Reset(); err != nil {
		return err
	}
	return g.Merge(b, b.Cols[:len(g.keys)], b.Cols[len(g.keys):])
}
