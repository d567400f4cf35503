package operators

import (
	"bytes"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// rankChanges are rows that leave ranges and rows that come into them, to be emitted in that order.
type rankChanges struct {
	numbered   bool
	gone, come rankRows
	out        *columnar.Batch
	kinds      retracts
}

// rankRows are stored rows and their numbers, of which those before next are emitted.
type rankRows struct {
	ids     []uint32
	numbers []int64
	next    int
}

func (c *rankChanges) open(out *columnar.Schema, numbered bool) {
	c.out, c.numbered = columnar.NewBatch(out), numbered
}

// between adds what turns a range of rows into another one; its first row has the number from.
func (c *rankChanges) between(rows *columnar.RowTable, before, after []uint32, from int64) {
	if c.numbered {
		for i := range max(len(before), len(after)) {
			switch {
			case i >= len(after):
				c.gone.add(before[i], from+int64(i))
			case i >= len(before):
				c.come.add(after[i], from+int64(i))
			case compareRanked(rows, before[i], after[i]) != 0:
				c.gone.add(before[i], from+int64(i))
				c.come.add(after[i], from+int64(i))
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
			c.gone.add(before[0], 0)
		} else if cmp > 0 {
			c.come.add(after[0], 0)
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
func compareRanked(rows *columnar.RowTable, a, b uint32) int {
	if a == b {
		return 0
	}
	return bytes.Compare(rows.Bytes(a, rows.Width()-1), rows.Bytes(b, rows.Width()-1))
}

func (r *rankRows) add(id uint32, number int64) {
	r.ids, r.numbers = append(r.ids, id), append(r.numbers, number)
}

func (c *rankChanges) more() bool {
	return c.gone.next < len(c.gone.ids) || c.come.next < len(c.come.ids)
}

// emit emits up to a batch of changes.
func (c *rankChanges) emit(rows *columnar.RowTable, out dataflow.Output) error {
	part, kind := &c.gone, columnar.Retract
	if part.next == len(part.ids) {
		part, kind = &c.come, columnar.Insert
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
	c.out.Sel, c.out.Kinds = nil, c.kinds.of(kind, n)
	if !c.more() {
		c.gone.clear()
		c.come.clear()
	}
	return out.Emit(c.out)
}

func (r *rankRows) clear() { r.ids, r.numbers, r.next = r.ids[:0], r.numbers[:0], 0 }

func (c *rankChanges) release() { c.out.Release() }

// Snapshot writes the rows down.
func (r *Rank) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	b := columnar.NewBatch(r.ctx.Inputs[0])
	defer b.Release()
	return r.rows.Each(func(ids []uint32) error {
		gatherRows(b, r.rows, ids)
		w.Rows("rows", b)
		return nil
	})
}

// Freeze begins a snapshot of the rows.
func (r *Rank) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	r.delta.Freeze(full, w)
	return nil
}

// Copy writes further rows.
func (r *Rank) Copy(n int) (done bool, err error) { return r.delta.Copy(n) }

// Restore takes the rows of this subtask's partitions in; what they changed was emitted.
func (r *Rank) Restore(reader *state.Reader) error {
	return reader.Rows("rows", r.ctx.Inputs[0], func(b *columnar.Batch) error {
		own := reader.SelectOwn(columnar.HashRows(nil, keyColumns(nil, b, r.spec.Partition), nil, b.Len()))
		if err := r.take(b.WithSel(own)); err != nil {
			return err
		}
		r.rows.RemoveIDs(r.dropped)
		r.dropped = r.dropped[:0]
		for _, p := range r.touched {
			r.lists[p].hit = false
		}
		r.touched = r.touched[:0]
		return nil
	})
}
