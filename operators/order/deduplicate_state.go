package order

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// openRows makes the table of rows.
func (d *Deduplicate) openRows() (err error) {
	in, ctx := d.ctx.Inputs[0], d.ctx
	if len(d.spec.Keys) > 0 && !d.spec.AtEnd {
		d.store = ctx.State.Store()
	}
	if d.store != nil {
		if d.tiers, err = held.OpenRows(ctx, d.store, d.form()); err == nil {
			d.rows = d.tiers.Lists.Table()
		}
		return err
	}
	d.rows, err = hashtable.NewRows(in.Types(), d.spec.Keys, 0, ctx.Budget.Account(ctx.Name))
	if err == nil && ctx.Checkpoints {
		d.delta = held.TrackRows("rows", in, d.rows, func(b *columnar.Batch, ids []uint32) { held.GatherRows(b, d.rows, ids) })
	}
	return err
}

// form is that of the rows as lists.
func (d *Deduplicate) form() held.Form {
	return held.Form{Name: "row lists", Schema: d.ctx.Inputs[0], Keys: d.spec.Keys}
}

// enter brings the rows of the keys of b into memory.
func (d *Deduplicate) enter(b *columnar.Batch) error {
	_, err := d.tiers.Enter(b, d.spec.Keys, true)
	d.rows = d.tiers.Lists.Table()
	return err
}

// Ahead reads the rows of the keys of rows that wait together.
func (d *Deduplicate) Ahead(_ dataflow.Port, waiting []*columnar.Batch) error {
	if d.tiers == nil {
		return nil
	}
	err := d.tiers.Ahead(waiting, d.spec.Keys)
	d.rows = d.tiers.Lists.Table()
	return err
}

// Snapshot writes the rows down.
func (d *Deduplicate) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	if d.tiers != nil {
		return d.tiers.Snapshot(w)
	}
	return d.rows.Each(func(ids []uint32) error {
		held.GatherRows(d.all, d.rows, ids)
		w.Rows("rows", d.all)
		return nil
	})
}

// Freeze begins a snapshot of the rows.
func (d *Deduplicate) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	if d.tiers != nil {
		return d.tiers.Freeze(full, w)
	}
	d.delta.Freeze(full, w)
	return nil
}

// Copy writes further rows.
func (d *Deduplicate) Copy(n int) (done bool, err error) {
	if d.tiers != nil {
		return d.tiers.Copy(n)
	}
	return d.delta.Copy(n)
}

// Restore takes the rows of this subtask's keys in; what they changed was emitted.
func (d *Deduplicate) Restore(r *state.Reader) error {
	err := r.Rows("rows", d.ctx.Inputs[0], func(b *columnar.Batch) error {
		own := r.SelectOwn(columnar.HashRows(nil, held.KeyColumns(nil, b, d.spec.Keys), nil, b.Len()))
		return d.restoreRows(b.WithSel(own))
	})
	if err != nil || len(d.spec.Keys) == 0 {
		return err
	}
	return d.form().Restore(r, func(rows *columnar.Batch, _ []uint64) error { return d.restoreRows(rows) })
}

func (d *Deduplicate) restoreRows(b *columnar.Batch) (err error) {
	if d.tiers != nil {
		if err := d.enter(b); err != nil {
			return err
		}
	}
	d.ids, err = d.rows.Add(d.ids[:0], b)
	return err
}

// StateBytes is the size of the stored rows, in memory and on disk.
func (d *Deduplicate) StateBytes() int64 {
	if d.tiers != nil {
		return d.tiers.SizeBytes() + d.store.DiskBytes()
	}
	return d.rows.SizeBytes()
}

// Close frees the stored rows.
func (d *Deduplicate) Close() error {
	if d.rows == nil {
		return nil
	}
	if d.tiers == nil {
		d.rows.Release()
	}
	d.batch.Release()
	d.old.Release()
	d.all.Release()
	d.one.Release()
	d.delta.Release()
	return errors.Join(d.tiers.Close(), d.store.Close())
}
