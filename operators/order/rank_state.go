package order

import (
	"errors"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// openRows makes the tables of partitions and rows.
func (r *Rank) openRows() (err error) {
	in, ctx := r.ctx.Inputs[0], r.ctx
	switch {
	case r.window != nil:
		r.store = r.window.store
	case len(r.spec.Partition) > 0 && !r.spec.AtEnd:
		r.store = ctx.State.Store()
	}
	if r.store != nil || r.window != nil {
		if r.tiers, err = held.OpenRows(ctx, r.store, r.form()); err == nil {
			r.listed = r.tiers.Lists
			r.rows = r.listed.Table()
		}
		return err
	}
	var parts, rows *mem.Account
	if !r.spills() {
		parts, rows = ctx.Budget.Account(ctx.Name), ctx.Budget.Account(ctx.Name)
	} else if r.account == nil {
		if r.account, err = held.OpenAccount(ctx); err != nil {
			return err
		}
	}
	if r.parts, err = hashtable.New(in.Project(r.spec.Partition).Types(), 0, parts); err != nil {
		return err
	}
	r.rows, err = hashtable.NewRows(r.form().Schema.Types(), nil, 0, rows)
	if err == nil && ctx.Checkpoints {
		r.delta = held.TrackRows("rows", in, r.rows, func(b *columnar.Batch, ids []uint32) { held.GatherRows(b, r.rows, ids) })
	}
	return err
}

// form is that of the rows as lists.
func (r *Rank) form() held.Form {
	part := ""
	if r.window != nil {
		part = r.window.name
	}
	return rankForm(r.ctx.Inputs[0], r.spec.Partition, part)
}

// rankForm is that of lists of a row and its normalized key.
func rankForm(in *columnar.Schema, partition []int, part string) held.Form {
	schema := &columnar.Schema{Fields: slices.Clone(in.Fields)}
	schema.Fields = append(schema.Fields, columnar.Field{Name: "$key", Type: columnar.TypeBytes.Required()})
	return held.Form{Name: "row lists", Part: part, Schema: schema, Keys: partition}
}

// enter brings the partitions of b into memory.
func (r *Rank) enter(b *columnar.Batch) error {
	places, err := r.tiers.Enter(b, r.spec.Partition, true)
	r.places = append(r.places[:0], places...)
	r.arrange()
	return err
}

// Ahead reads the partitions of rows that wait together.
func (r *Rank) Ahead(_ dataflow.Port, waiting []*columnar.Batch) error {
	if r.tiers == nil {
		return nil
	}
	err := r.tiers.Ahead(waiting, r.spec.Partition)
	r.arrange()
	return err
}

// arrange makes the lists those of the table in use: partitions that are new there are put in order.
func (r *Rank) arrange() {
	if r.listed != r.tiers.Lists {
		r.listed = r.tiers.Lists
		r.rows = r.listed.Table()
		clear(r.lists)
		r.lists = r.lists[:0]
	}
	var fresh []uint32
	for p := len(r.lists); p < r.listed.Rows(); p++ {
		fresh = append(fresh, uint32(p))
	}
	r.lists = append(r.lists, make([]rankList, len(fresh))...)
	for i, id := range r.listed.Heads(fresh) {
		l := &r.lists[fresh[i]]
		l.ids = r.listOf(id)
		r.order(l)
	}
}

// listOf are the rows of a partition, from its first one in the table on.
func (r *Rank) listOf(id uint32) (ids []uint32) {
	for ; id != hashtable.NoRow; id = r.rows.Next(id) {
		ids = append(ids, id)
	}
	return ids
}

// Snapshot writes the rows down.
func (r *Rank) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	if r.tiers != nil {
		return r.tiers.Snapshot(w)
	}
	b := columnar.NewBatch(r.ctx.Inputs[0])
	defer b.Release()
	return r.rows.Each(func(ids []uint32) error {
		held.GatherRows(b, r.rows, ids)
		w.Rows("rows", b)
		return nil
	})
}

// Freeze begins a snapshot of the rows.
func (r *Rank) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	if r.tiers != nil {
		return r.tiers.Freeze(full, w)
	}
	r.delta.Freeze(full, w)
	return nil
}

// Copy writes further rows.
func (r *Rank) Copy(n int) (done bool, err error) {
	if r.tiers != nil {
		return r.tiers.Copy(n)
	}
	return r.delta.Copy(n)
}

// Restore takes the rows of this subtask's partitions in; what they changed was emitted.
func (r *Rank) Restore(reader *state.Reader) error {
	err := reader.Rows("rows", r.ctx.Inputs[0], func(b *columnar.Batch) error {
		own := reader.SelectOwn(columnar.HashRows(nil, held.KeyColumns(nil, b, r.spec.Partition), nil, b.Len()))
		return r.restoreRows(b.WithSel(own))
	})
	if err != nil || len(r.spec.Partition) == 0 {
		return err
	}
	width := len(r.ctx.Inputs[0].Fields)
	return r.form().Restore(reader, func(rows *columnar.Batch, _ []uint64) error {
		b := &columnar.Batch{Schema: r.ctx.Inputs[0], Cols: rows.Cols[:width]}
		b.SetLen(rows.Len())
		return r.restoreRows(b)
	})
}

func (r *Rank) restoreRows(b *columnar.Batch) error {
	if err := r.take(b); err != nil {
		return err
	}
	r.rows.RemoveIDs(r.dropped)
	r.dropped = r.dropped[:0]
	for _, p := range r.touched {
		r.lists[p].hit = false
	}
	r.touched = r.touched[:0]
	return nil
}

// StateBytes is the size of the stored rows, in memory and on disk.
func (r *Rank) StateBytes() int64 {
	if r.tiers != nil {
		return r.tiers.SizeBytes() + r.store.DiskBytes()
	}
	return r.rows.SizeBytes() + r.parts.SizeBytes() + held.PartitionBytes(r.aside)
}

// Close frees the stored rows.
func (r *Rank) Close() error {
	if r.rows == nil {
		return nil
	}
	err := errors.Join(r.closeScan(), r.tiers.Close())
	if r.window == nil {
		err = errors.Join(err, r.store.Close())
	}
	if r.tiers == nil {
		r.rows.Release()
		r.parts.Release()
	}
	r.key.Release()
	r.changes.release()
	r.delta.Release()
	if !r.inner {
		r.account.Close()
	}
	return errors.Join(err, r.rest.Close(), r.aside.Close())
}
