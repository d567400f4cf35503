package order

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state/spill"
)

// spills reports that rows may go to disk.
func (r *Rank) spills() bool { return r.spec.AtEnd && r.window == nil && r.ctx.Spill != nil }

// listBytes is about what a list takes beside its rows.
const listBytes = 64

// heldBytes is the memory of the stored rows.
func (r *Rank) heldBytes() int64 {
	return r.rows.SizeBytes() + r.parts.SizeBytes() + listBytes*int64(cap(r.lists)) + 8*int64(r.rows.Live())
}

// reserve accounts for the stored rows and moves them to disk where memory is full. Those of one
// partition cannot be divided.
func (r *Rank) reserve() error {
	if !r.spills() {
		return nil
	}
	canSpill := len(r.spec.Partition) > 0 && r.level < spill.LevelMax
	err := held.Reserve(r.ctx, r.account, r.heldBytes(), canSpill)
	if canSpill && held.Full(err) {
		return r.spill()
	}
	return err
}

// spill moves all rows to disk.
func (r *Rank) spill() (err error) {
	r.account.Force(r.heldBytes())
	in := r.ctx.Inputs[0]
	if r.aside, err = r.ctx.Spill.NewPartitions(in, r.level); err != nil {
		return err
	}
	b := columnar.NewBatch(in)
	defer b.Release()
	var ids []uint32
	flush := func() error {
		b.Reset(0)
		held.GatherRows(b, r.rows, ids)
		ids = ids[:0]
		return r.putAside(b)
	}
	for _, l := range r.lists {
		for _, id := range l.ids {
			if ids = append(ids, id); len(ids) == columnar.BatchRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	r.lists = nil
	r.rows.Release()
	r.parts.Release()
	return nil
}

// putAside writes rows to the parts of their partitions.
func (r *Rank) putAside(b *columnar.Batch) error {
	cols := held.KeyColumns(nil, b, r.spec.Partition)
	if err := r.aside.Add(b, columnar.HashRows(nil, cols, b.Sel, b.Len()), b.Sel); err != nil {
		return err
	}
	r.account.Force(r.aside.PendingBytes())
	return nil
}

// beginRest prepares to number what was put aside.
func (r *Rank) beginRest() (err error) {
	r.rest, err = held.NewPartitionRun(r.ctx, []held.Feed{held.InputFeed(0, r.aside)}, func() (held.Nested, error) {
		in := NewRank(r.spec)
		in.account, in.inner, in.level = r.account, true, r.level+1
		return in, in.Open(r.ctx)
	})
	r.account.Force(0)
	return err
}
