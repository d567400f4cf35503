package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Repeat emits each row as often as its last column says, without that column.
type Repeat struct {
	out   *columnar.Batch
	once  columnar.Batch // rows of a batch that has none to be emitted twice
	sel   []int32
	batch *columnar.Batch // the batch in progress; nil: none
	kept  *columnar.Batch // batch, if it is an own one
	row   int             // its live row to go on with
	done  int64           // how often that was emitted
	pos   []int32
	kinds []columnar.RowKind
}

var (
	_ dataflow.Operator = (*Repeat)(nil)
	_ dataflow.Opener   = (*Repeat)(nil)
	_ dataflow.Resumer  = (*Repeat)(nil)
)

// Open makes the output.
func (r *Repeat) Open(ctx *dataflow.Context) error {
	r.out, r.sel = columnar.NewBatch(ctx.Output), []int32{} // a selection of none is not nil
	r.once.Schema = ctx.Output
	return nil
}

// Process emits the rows of b. How often a row is there tells nothing of versions, so kinds are signs.
func (r *Repeat) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if r.atMostOnce(b) {
		if len(r.sel) == 0 {
			return dataflow.Done, nil
		}
		return dataflow.Done, out.Emit(&r.once)
	}
	r.batch, r.row, r.done = b, 0, 0
	return r.Resume(out)
}

// atMostOnce makes r.once what is to be emitted of b, unless rows of it are to be emitted more than once.
func (r *Repeat) atMostOnce(b *columnar.Batch) bool {
	r.sel = r.sel[:0]
	for k := range b.Live() {
		i := b.Row(k)
		switch n := times(b, i); {
		case n > 1:
			return false
		case n == 1:
			r.sel = append(r.sel, int32(i))
		}
	}
	r.once.Cols, r.once.Sel, r.once.Kinds = b.Cols[:len(b.Cols)-1], r.sel, nil
	r.once.SetLen(b.Len())
	if b.Kinds != nil {
		r.kinds = r.kinds[:0]
		for _, k := range b.Kinds {
			r.kinds = append(r.kinds, k.Sign())
		}
		r.once.Kinds = r.kinds
	}
	return true
}

// times is how often row i is to be emitted; null is never.
func times(b *columnar.Batch, i int) int64 {
	v := b.Cols[len(b.Cols)-1]
	if v.IsNull(i) {
		return 0
	}
	return v.Int64At(v.Index(i))
}

// Resume goes on with the batch in progress.
func (r *Repeat) Resume(out dataflow.Output) (dataflow.Status, error) {
	for r.batch != nil && r.next() {
		for c, v := range r.out.Cols {
			v.Gather(r.batch.Cols[c], r.pos)
		}
		r.out.SetLen(len(r.pos))
		r.out.Sel, r.out.Kinds = nil, nil
		if r.batch.Kinds != nil {
			r.kinds = r.kinds[:0]
			for _, i := range r.pos {
				r.kinds = append(r.kinds, r.batch.Kinds[i].Sign())
			}
			r.out.Kinds = r.kinds
		}
		if err := out.Emit(r.out); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			if r.kept == nil {
				r.batch = r.batch.Keep() // may be compact: the cursor counts live rows
				r.kept = r.batch
			}
			return dataflow.More, nil
		}
	}
	r.drop()
	return dataflow.Done, nil
}

// next finds up to a batch of further rows and reports whether there are any.
func (r *Repeat) next() bool {
	r.pos = r.pos[:0]
	for r.row < r.batch.Live() && len(r.pos) < columnar.BatchRows {
		i := r.batch.Row(r.row)
		for n := times(r.batch, i); r.done < n && len(r.pos) < columnar.BatchRows; r.done++ {
			r.pos = append(r.pos, int32(i))
		}
		if r.done >= times(r.batch, i) {
			r.row, r.done = r.row+1, 0
		}
	}
	return len(r.pos) > 0
}

func (r *Repeat) drop() {
	if r.kept != nil {
		r.kept.Release()
	}
	r.batch, r.kept = nil, nil
}

// Close frees the output.
func (r *Repeat) Close() error {
	r.drop()
	if r.out != nil {
		r.out.Release()
	}
	return nil
}
