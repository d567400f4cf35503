package order

import (
	"bytes"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
)

// rankChanges are rows that leave ranges and rows that come into them, to be emitted in that order. A row
// that takes the number of another one, or the only place there is, is an update of it.
type rankChanges struct {
	numbered   bool
	one        bool // a range has one row at most
	gone, come rankRows
	out        *columnar.Batch
}

// rankRows are stored rows with their kinds and numbers, of which those before next are emitted.
type rankRows struct {
	ids     []uint32
	kinds   []columnar.RowKind
	numbers []int64
	next    int
}

func (c *rankChanges) open(out *columnar.Schema, numbered, one bool) {
	c.out, c.numbered, c.one = columnar.NewBatch(out), numbered, one
}

// between adds what turns a range of rows into another one; its first row has the number from.
func (c *rankChanges) between(rows *hashtable.Rows, before, after []uint32, from int64) {
	if c.numbered || c.one {
		for i := range max(len(before), len(after)) {
			switch {
			case i >= len(after):
				c.gone.add(before[i], columnar.Retract, from+int64(i))
			case i >= len(before):
				c.come.add(after[i], columnar.Insert, from+int64(i))
			case compareRanked(rows, before[i], after[i]) != 0:
				c.gone.add(before[i], columnar.UpdateBefore, from+int64(i))
				c.come.add(after[i], columnar.UpdateAfter, from+int64(i))
			}
		}
		return
	}
	for len(before)+len(after) > 0 {
		var cmp int
		switch {
		case len(before) == 0:
			cmp = 1
		case len(after) == 0:
			cmp = -1
		default:
			cmp = compareRanked(rows, before[0], after[0])
		}
		if cmp < 0 {
			c.gone.add(before[0], columnar.Retract, 0)
		} else if cmp > 0 {
			c.come.add(after[0], columnar.Insert, 0)
		}
		if cmp <= 0 {
			before = before[1:]
		}
		if cmp >= 0 {
			after = after[1:]
		}
	}
}

// compareRanked compares the normalized keys of two rows, which are equal only if the rows are.
func compareRanked(rows *hashtable.Rows, a, b uint32) int {
	if a == b {
		return 0
	}
	return bytes.Compare(rows.Bytes(a, rows.Width()-1), rows.Bytes(b, rows.Width()-1))
}

func (r *rankRows) add(id uint32, kind columnar.RowKind, number int64) {
	r.ids, r.kinds, r.numbers = append(r.ids, id), append(r.kinds, kind), append(r.numbers, number)
}

func (c *rankChanges) more() bool {
	return c.gone.next < len(c.gone.ids) || c.come.next < len(c.come.ids)
}

// emit emits up to a batch of changes.
func (c *rankChanges) emit(rows *hashtable.Rows, out dataflow.Output) error {
	part := &c.gone
	if part.next == len(part.ids) {
		part = &c.come
	}
	from, to := part.next, min(part.next+columnar.BatchRows, len(part.ids))
	part.next = to
	width := rows.Width() - 1
	for i, v := range c.out.Cols[:width] {
		rows.Gather(v, i, part.ids[from:to])
	}
	n := to - from
	if c.numbered {
		c.out.Cols[width].Reset(n)
		copy(columnar.Values[int64](c.out.Cols[width]), part.numbers[from:to])
	}
	c.out.SetLen(n)
	c.out.Sel, c.out.Kinds = nil, part.kinds[from:to]
	if !slices.ContainsFunc(c.out.Kinds, func(k columnar.RowKind) bool { return k != columnar.Insert }) {
		c.out.Kinds = nil
	}
	if !c.more() {
		c.gone.clear()
		c.come.clear()
	}
	return out.Emit(c.out)
}

func (r *rankRows) clear() {
	r.ids, r.kinds, r.numbers, r.next = r.ids[:0], r.kinds[:0], r.numbers[:0], 0
}

func (c *rankChanges) release() { c.out.Release() }
