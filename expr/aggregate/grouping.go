package aggregate

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/expr"
)

// Grouping is a table of groups with the accumulators of aggregate calls beside each key. One
// goroutine uses it.
type Grouping struct {
	keys    []columnar.Type
	calls   []groupedCall
	table   *hashtable.Table
	words   int
	account *mem.Account
	env     *expr.Env
	changes Tracker // nil unless tracked

	ids     []uint32 // in live order
	byRow   []uint32 // by row position, when the batch has a selection
	touched []uint32 // by Change: each once
	seen    columnar.Bitmap
	run     []uint32
}

// Tracker is told of groups, new ones among them, before their accumulators are changed.
type Tracker interface {
	Touch(ids []uint32) error
}

type groupedCall struct {
	call     *expr.Aggregate
	arg      *expr.Program // nil for COUNT(*)
	filter   *expr.Program
	acc      Accumulator
	word     int // first word of its slot
	distinct *hashtable.Table
	sel      []int32
	states   int // number of its state columns
	apart    bool
}

// NewGrouping makes an empty grouping by keys, whose memory is reserved from account.
func NewGrouping(keys []columnar.Type, calls []*expr.Aggregate, env *expr.Env, account *mem.Account) (*Grouping, error) {
	g := &Grouping{keys: keys, account: account, env: env}
	for _, c := range calls {
		gc := groupedCall{call: c, word: g.words}
		var err error
		if gc.acc, err = NewAccumulator(c, env); err != nil {
			return nil, err
		}
		if len(c.Args) > 0 {
			if gc.arg, err = expr.Compile(c.Args[0], env); err != nil {
				return nil, err
			}
		}
		if c.Filter != nil {
			if gc.filter, err = expr.Compile(c.Filter, env); err != nil {
				return nil, err
			}
		}
		gc.states = len(gc.acc.StateTypes())
		g.words += gc.acc.Words()
		g.calls = append(g.calls, gc)
	}
	if err := g.Reset(); err != nil {
		return nil, err
	}
	return g, nil
}

// StateTypes are the types of the columns a partial grouping emits after its keys.
func StateTypes(calls []*expr.Aggregate) ([]columnar.Type, error) {
	var types []columnar.Type
	for _, c := range calls {
		if c.User != nil {
			types = append(types, c.User.State...)
			continue
		}
		acc, err := NewAccumulator(c, nil)
		if err != nil {
			return nil, err
		}
		types = append(types, acc.StateTypes()...)
	}
	return types, nil
}

// Reset forgets all groups.
func (g *Grouping) Reset() (err error) {
	for i := range g.calls {
		c := &g.calls[i]
		if c.acc != nil {
			c.acc.Release()
		}
		if c.acc, err = NewAccumulator(c.call, g.env); err != nil {
			return err
		}
		if _, ordered := c.acc.(*retractOrdered); ordered || !c.call.Distinct {
			continue
		}
		if c.distinct != nil {
			c.distinct.Release()
		}
		types := []columnar.Type{columnar.TypeBigInt.Required(), c.call.Args[0].Type}
		if c.distinct, err = hashtable.New(types, 1, nil); err != nil {
			return fmt.Errorf("%s: %w", c.call, err)
		}
	}
	if g.table != nil {
		g.table.Reset()
		return nil
	}
	g.table, err = hashtable.New(g.keys, g.words, g.account)
	return err
}

// Rows is the number of groups.
func (g *Grouping) Rows() int { return g.table.Rows() }

// SizeBytes is the memory held.
func (g *Grouping) SizeBytes() int64 {
	n := g.table.SizeBytes()
	for _, c := range g.calls {
		n += c.acc.SizeBytes()
		if c.distinct != nil {
			n += c.distinct.SizeBytes()
		}
	}
	return n
}

// Touch makes the one group of a grouping without keys.
func (g *Grouping) Touch() error {
	var id [1]uint32
	if g.changes != nil {
		if err := g.changes.Touch(id[:]); err != nil {
			return err
		}
	}
	_, err := g.table.Upsert(id[:], []uint64{0}, nil, nil)
	return err
}

// Enter adds the groups of the live rows of b that are not there, whose key columns are cols, and changes none.
// The Tracker is to be told of them before anything else is done.
func (g *Grouping) Enter(b *columnar.Batch, cols []*columnar.Vector) (err error) {
	g.ids, err = g.table.UpsertRows(g.ids, cols, b.Sel, b.Len())
	return err
}

// locate finds or adds the group of each live row.
func (g *Grouping) locate(b *columnar.Batch, cols []*columnar.Vector) (Rows, error) {
	rows := Rows{Len: b.Len(), Sel: b.Sel, Kinds: b.Kinds}
	if len(g.keys) == 0 {
		return rows, g.Touch()
	}
	if err := g.Enter(b, cols); err != nil {
		return rows, err
	}
	if g.changes != nil {
		if err := g.changes.Touch(g.ids); err != nil {
			return rows, err
		}
	}
	rows.Group = g.byPosition(b)
	return rows, nil
}

// byPosition are the ids, which are in live order, by the rows' positions.
func (g *Grouping) byPosition(b *columnar.Batch) []uint32 {
	if b.Sel == nil {
		return g.ids
	}
	if cap(g.byRow) < b.Len() {
		g.byRow = make([]uint32, max(b.Len(), columnar.BatchRows))
	}
	groups := g.byRow[:b.Len()]
	for k, i := range b.Sel {
		groups[i] = g.ids[k]
	}
	return groups
}

// Update takes the live rows of b in; cols are its key columns.
func (g *Grouping) Update(b *columnar.Batch, cols []*columnar.Vector) error {
	rows, err := g.locate(b, cols)
	if err != nil {
		return err
	}
	return g.updateAll(b, rows)
}

func (g *Grouping) updateAll(b *columnar.Batch, rows Rows) error {
	for i := range g.calls {
		if g.calls[i].apart {
			continue
		}
		if err := g.update(&g.calls[i], b, rows); err != nil {
			return err
		}
	}
	return nil
}

func (g *Grouping) update(c *groupedCall, b *columnar.Batch, rows Rows) error {
	if c.filter != nil {
		sel, err := c.filter.Select(b, c.sel)
		if err != nil {
			return err
		}
		c.sel, rows.Sel = sel, sel
		b = b.WithSel(sel)
	}
	var arg *columnar.Vector
	if c.arg != nil {
		var err error
		if arg, err = c.arg.Eval(b); err != nil {
			return err
		}
	}
	if c.distinct != nil {
		if err := c.firsts(&rows, arg); err != nil {
			return err
		}
	}
	return c.acc.Update(g.table.Cells(c.word), rows, arg)
}

// firsts narrows rows to those whose argument appears (or, retracted, vanishes) in its group.
func (c *groupedCall) firsts(rows *Rows, arg *columnar.Vector) error {
	group := columnar.NewVector(columnar.TypeBigInt.Required())
	group.Reset(rows.Len)
	ids := columnar.Values[int64](group)
	clear(ids)
	if rows.Group != nil {
		rows.each(nil, func(i int, g uint32, _ int64) { ids[i] = int64(g) })
	}
	cols := []*columnar.Vector{group, arg}
	hashes := columnar.HashRows(nil, cols, rows.Sel, rows.Len)
	entry := make([]uint32, len(hashes))
	if _, err := c.distinct.Upsert(entry, hashes, cols, rows.Sel); err != nil {
		return err
	}
	group.Release()
	count := c.distinct.Cells(0)
	var sel []int32
	k := 0
	rows.each(nil, func(i int, _ uint32, sign int64) {
		n := count.At(entry[k])
		k++
		before := int64(*n)
		*n = uint64(before + sign)
		if sign > 0 && before == 0 || sign < 0 && before == 1 {
			sel = append(sel, int32(i))
		}
	})
	if sel == nil {
		sel = []int32{}
	}
	rows.Sel = sel
	return nil
}

// Known divides the live rows of b, whose key columns are cols, into those of groups that are there and
// those of others.
func (g *Grouping) Known(b *columnar.Batch, cols []*columnar.Vector, known, others []int32) (_, _ []int32) {
	g.ids = g.table.FindRows(g.ids, cols, b.Sel, b.Len())
	known, others = slices.Grow(known[:0], len(g.ids)+1), slices.Grow(others[:0], len(g.ids)+1)
	for k, id := range g.ids {
		if i := int32(b.Row(k)); id == hashtable.NoRow {
			others = append(others, i)
		} else {
			known = append(known, i)
		}
	}
	return known, others
}

// Merge takes partial states in: cols are b's key columns, states its state columns.
func (g *Grouping) Merge(b *columnar.Batch, cols, states []*columnar.Vector) error {
	rows, err := g.locate(b, cols)
	if err != nil {
		return err
	}
	return g.mergeAll(rows, states)
}

func (g *Grouping) mergeAll(rows Rows, states []*columnar.Vector) error {
	for i := range g.calls {
		c := &g.calls[i]
		if err := c.acc.Merge(g.table.Cells(c.word), rows, states[:c.states]); err != nil {
			return err
		}
		states = states[c.states:]
	}
	return nil
}

// Emit makes out the groups from first on, n of them: the keys, then results or, if partial,
// states. The columns of out after those are left alone.
func (g *Grouping) Emit(out *columnar.Batch, first, n int, partial bool) error {
	out.Reset(0)
	for c := range g.keys {
		g.table.KeyColumn(out.Cols[c], c, first, n)
	}
	g.run = g.run[:0]
	for i := range n {
		g.run = append(g.run, uint32(first+i))
	}
	out.SetLen(n)
	if partial {
		g.states(out.Cols[len(g.keys):], g.run)
		return nil
	}
	return g.results(out.Cols[len(g.keys):], g.run)
}

// states appends the partial states of the groups ids to out.
func (g *Grouping) states(out []*columnar.Vector, ids []uint32) {
	for i := range g.calls {
		c := &g.calls[i]
		c.acc.State(g.table.Cells(c.word), ids, out[:c.states])
		out = out[c.states:]
	}
}

// results appends the results of the groups ids to out.
func (g *Grouping) results(out []*columnar.Vector, ids []uint32) error {
	for i := range g.calls {
		c := &g.calls[i]
		if err := c.acc.Result(g.table.Cells(c.word), ids, out[i]); err != nil {
			return err
		}
	}
	return nil
}

// Release gives the memory back.
func (g *Grouping) Release() {
	g.table.Release()
	for _, c := range g.calls {
		c.arg.Close()
		c.filter.Close()
		c.acc.Release()
		if c.distinct != nil {
			c.distinct.Release()
		}
	}
}
