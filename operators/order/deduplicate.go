package order

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// Deduplicate keeps the first or the last row of each key to arrive.
//
// Of an input that ends it emits the rows then. Of any other it emits after each batch what the batch
// has changed: new rows where it keeps the first ones, else also that the rows before are taken back. A
// last row that equals the one before changes nothing.
type Deduplicate struct {
	spec  DeduplicateSpec
	ctx   *dataflow.Context
	rows  *hashtable.Rows
	delta *state.Delta // nil if the job takes no checkpoints, or with tiers
	tiers *held.Rows   // rows is its table in use; nil: all rows are in memory
	store *state.Store // of tiers

	batch *hashtable.Table // of the keys of a batch
	keys  []*columnar.Vector
	ids   []uint32
	same  []uint32 // stored rows that equal those of the batch
	last  []int32  // of each key of a batch
	sel   []int32

	old   *columnar.Batch // rows taken back
	gone  []uint32
	left  []columnar.RowKind // of gone
	came  []columnar.RowKind // of the rows of the batch; those that replace none are inserts
	out   columnar.Batch
	one   *columnar.Vector // the number of each row
	all   *columnar.Batch  // rows to be emitted at the end
	next  uint32           // of rows, to be emitted at the end
	ended bool
}

var (
	_ dataflow.Operator    = (*Deduplicate)(nil)
	_ dataflow.Resumer     = (*Deduplicate)(nil)
	_ dataflow.InputEnder  = (*Deduplicate)(nil)
	_ dataflow.Incremental = (*Deduplicate)(nil)
	_ dataflow.LookAhead   = (*Deduplicate)(nil)
	_ dataflow.Measurer    = (*Deduplicate)(nil)
)

// NewDeduplicate makes the operator of spec.
func NewDeduplicate(spec DeduplicateSpec) *Deduplicate { return &Deduplicate{spec: spec} }

// Open makes the tables.
func (d *Deduplicate) Open(ctx *dataflow.Context) (err error) {
	d.ctx = ctx
	in := ctx.Inputs[0]
	types := make([]columnar.Type, len(d.spec.Keys))
	for i, c := range d.spec.Keys {
		types[i] = in.Fields[c].Type
	}
	if d.batch, err = hashtable.New(types, 0, nil); err != nil {
		return err
	}
	if err := d.openRows(); err != nil {
		return err
	}
	d.old, d.all = columnar.NewBatch(in), columnar.NewBatch(in)
	d.out.Schema, d.sel = ctx.Output, []int32{} // a selection of none is not nil
	d.one = columnar.NewVector(columnar.TypeBigInt.Required())
	return nil
}

// Process takes rows in.
func (d *Deduplicate) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if b.Live() == 0 {
		return dataflow.Done, nil
	}
	if err := d.onlyNew(b); err != nil {
		return dataflow.Done, err
	}
	if d.tiers != nil {
		if err := d.enter(b); err != nil {
			return dataflow.Done, err
		}
	}
	if d.spec.Keep == First {
		return dataflow.Done, d.first(b, out)
	}
	return dataflow.Done, d.newest(b, out)
}

// first stores the rows whose keys are new. Rows never go, so that new ones have ascending ids.
func (d *Deduplicate) first(b *columnar.Batch, out dataflow.Output) (err error) {
	next := uint32(d.rows.Made())
	if d.ids, err = d.rows.Upsert(d.ids[:0], b); err != nil {
		return err
	}
	d.sel = d.sel[:0]
	for k, id := range d.ids {
		if id == next {
			d.sel = append(d.sel, int32(b.Row(k)))
			next++
		}
	}
	if d.spec.AtEnd {
		return nil
	}
	return d.emit(b.WithSel(d.sel), nil, out)
}

// newest replaces rows by the last ones of their keys.
func (d *Deduplicate) newest(b *columnar.Batch, out dataflow.Output) error {
	if err := d.lastRows(b); err != nil {
		return err
	}
	b = b.WithSel(d.last)
	d.ids = d.rows.Find(d.ids, held.KeyColumns(d.keys[:0], b, d.spec.Keys), b.Sel, b.Len())
	d.same = d.rows.Match(d.same[:0], b)
	d.gone, d.left, d.sel = d.gone[:0], d.left[:0], d.sel[:0]
	d.came = append(d.came[:0], make([]columnar.RowKind, b.Len())...)
	updates := false
	for k, id := range d.ids {
		i := d.last[k]
		there, comes := id != hashtable.NoRow, !b.Kind(int(i)).Retracts()
		switch {
		case there && comes && id == d.same[k]:
			continue
		case there && comes:
			updates = true
			d.gone, d.left = append(d.gone, id), append(d.left, columnar.UpdateBefore)
			d.came[i] = columnar.UpdateAfter
		case there:
			d.gone, d.left = append(d.gone, id), append(d.left, columnar.Retract)
		}
		if comes {
			d.sel = append(d.sel, i)
		}
	}
	held.GatherRows(d.old, d.rows, d.gone)
	d.rows.RemoveIDs(d.gone)
	come := b.WithSel(d.sel)
	var err error
	if d.ids, err = d.rows.Add(d.ids[:0], come); err != nil || d.spec.AtEnd {
		return err
	}
	if err := d.emit(d.old, d.left, out); err != nil {
		return err
	}
	if updates {
		return d.emit(come, d.came, out)
	}
	return d.emit(come, nil, out)
}

// onlyNew verifies that no row is taken back.
func (d *Deduplicate) onlyNew(b *columnar.Batch) error {
	if b.Kinds == nil || d.spec.Upsert {
		return nil
	}
	for k := range b.Live() {
		if i := b.Row(k); b.Kind(i).Retracts() {
			return fmt.Errorf("the input takes a row back: %s", held.RowText(b, i, d.ctx.Env))
		}
	}
	return nil
}

// lastRows finds the last row of each key of a batch.
func (d *Deduplicate) lastRows(b *columnar.Batch) (err error) {
	if len(d.spec.Keys) == 0 {
		d.last = append(d.last[:0], int32(b.Row(b.Live()-1)))
		return nil
	}
	d.batch.Reset()
	d.keys = held.KeyColumns(d.keys[:0], b, d.spec.Keys)
	if d.ids, err = d.batch.UpsertRows(d.ids, d.keys, b.Sel, b.Len()); err != nil {
		return err
	}
	// From the end on, the first row of a key is its last one.
	d.last = d.last[:0]
	seen := make(columnar.Bitmap, columnar.BitmapWords(d.batch.Rows()))
	for k := len(d.ids) - 1; k >= 0; k-- {
		if g := int(d.ids[k]); !seen.Get(g) {
			seen.Set(g)
			d.last = append(d.last, int32(b.Row(k)))
		}
	}
	for i, j := 0, len(d.last)-1; i < j; i, j = i+1, j-1 {
		d.last[i], d.last[j] = d.last[j], d.last[i]
	}
	return nil
}

// emit passes rows on, with their number if it is wanted.
func (d *Deduplicate) emit(b *columnar.Batch, kinds []columnar.RowKind, out dataflow.Output) error {
	if b.Live() == 0 {
		return nil
	}
	d.out.Cols = append(d.out.Cols[:0], b.Cols...)
	if d.spec.Number {
		d.one.Reset(1)
		columnar.Values[int64](d.one)[0] = 1
		d.one.SetConstant(b.Len())
		d.out.Cols = append(d.out.Cols, d.one)
	}
	d.out.SetLen(b.Len())
	d.out.Sel, d.out.Kinds = b.Sel, kinds
	return out.Emit(&d.out)
}

// EndInput emits the rows of an input that has ended.
func (d *Deduplicate) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	d.ended = d.spec.AtEnd
	return d.Resume(out)
}

// Resume emits stored rows until there is no room.
func (d *Deduplicate) Resume(out dataflow.Output) (dataflow.Status, error) {
	for d.ended && int(d.next) < d.rows.Made() {
		d.ids = d.ids[:0]
		for ; int(d.next) < d.rows.Made() && len(d.ids) < columnar.BatchRows; d.next++ {
			if d.rows.Held(d.next) {
				d.ids = append(d.ids, d.next)
			}
		}
		held.GatherRows(d.all, d.rows, d.ids)
		if err := d.emit(d.all, nil, out); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			return dataflow.More, nil
		}
	}
	return dataflow.Done, nil
}
