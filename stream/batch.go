package stream

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
)

// Columns are the columns of rows of T, in order, as functions of MapBatch and FilterBatch see them.
func Columns[T any](s *Stream[T]) *columnar.Schema {
	return columnar.NewSchema(s.codec.Columns("")...)
}

// MapBatch is the stream of rows that f makes of many rows at a time: row i of out, which has as many rows
// as in, of row i of in. The vectors of in are flat and without a selection; those of out are to be filled
// in. f keeps no part of either, and changes nothing in in. Filling a column whose Go type is no pointer
// with nulls is a mistake; what comes of them is undefined.
func MapBatch[T, O any](s *Stream[T], f func(in, out *columnar.Batch) error, opts ...Option) *Stream[O] {
	return then[O](s.node.env, "map batch", s.timed, input{from: s.node}, func(out *govalue.Codec) dataflow.Operator {
		schema := schemaOf(out.Columns(""), s.timed)
		return &batchMapper{
			f: f, flat: newFlatter(s), width: out.Width(), timed: s.timed,
			made: columnar.NewBatch(columnar.NewSchema(out.Columns("")...)), schema: schema,
		}
	}, opts)
}

// FilterBatch keeps the rows whose positions f appends to keep, ascending, of many at a time; see MapBatch
// for in.
func FilterBatch[T any](s *Stream[T], f func(in *columnar.Batch, keep []int32) ([]int32, error), opts ...Option) *Stream[T] {
	return then[T](s.node.env, "filter batch", s.timed, input{from: s.node}, func(*govalue.Codec) dataflow.Operator {
		return &batchFilter{f: f, flat: newFlatter(s)}
	}, opts)
}

// flatter shows functions the live rows of batches, one value a row.
type flatter struct {
	width  int // without the event time
	schema *columnar.Schema
	copied *columnar.Batch // of all columns
	shown  columnar.Batch
}

func newFlatter[T any](s *Stream[T]) *flatter {
	return &flatter{width: s.codec.Width(), schema: Columns(s), copied: columnar.NewBatch(s.node.schema)}
}

// of gives b with flat vectors and no selection, and what functions see of it: all but the event time.
// Both are valid as long as b is and until the next call.
func (f *flatter) of(b *columnar.Batch) (all, shown *columnar.Batch) {
	all = b
	flat := b.Sel == nil
	for _, v := range b.Cols {
		flat = flat && v.Enc == columnar.Flat
	}
	if !flat {
		f.copied.Reset(0)
		for i, v := range b.Cols {
			if to := f.copied.Cols[i]; b.Sel != nil {
				to.AppendRows(v, b.Sel)
			} else {
				to.AppendRange(v, 0, b.Len())
			}
			if v := f.copied.Cols[i]; v.Enc != columnar.Flat {
				spread := columnar.NewVector(v.Type)
				spread.ResetAs(v.Phys, 0)
				spread.Flatten(v)
				v.Release()
				f.copied.Cols[i] = spread
			}
		}
		f.copied.SetLen(b.Live())
		all = f.copied
	}
	f.shown = columnar.Batch{Schema: f.schema, Cols: all.Cols[:f.width:f.width]}
	f.shown.SetLen(all.Len())
	return all, &f.shown
}

// batchMapper calls a function on each batch.
type batchMapper struct {
	f      func(in, out *columnar.Batch) error
	flat   *flatter
	width  int // columns of made
	timed  bool
	made   *columnar.Batch
	schema *columnar.Schema
}

var _ dataflow.Operator = (*batchMapper)(nil)

// Process passes on what the function makes of b.
func (o *batchMapper) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	all, shown := o.flat.of(b)
	n := all.Len()
	if n == 0 {
		return dataflow.Done, nil
	}
	o.made.Reset(n)
	for _, v := range o.made.Cols {
		clearViews(v)
	}
	if err := o.f(shown, o.made); err != nil {
		return dataflow.Done, err
	}
	cols := o.made.Cols[:o.width:o.width]
	for i, v := range cols {
		if v.Len() != n {
			return dataflow.Done, fmt.Errorf("column %q of the function has %d rows, not %d", o.schema.Fields[i].Name, v.Len(), n)
		}
	}
	if o.timed {
		cols = append(cols, all.Cols[len(all.Cols)-1])
	}
	own := &columnar.Batch{Schema: o.schema, Cols: cols}
	own.SetLen(n)
	return dataflow.Done, out.Emit(own)
}

// clearViews makes the values of a vector of strings empty, so that those which a function leaves out are.
func clearViews(v *columnar.Vector) {
	if v.Phys == columnar.PhysView {
		clear(columnar.Values[columnar.View](v))
	}
	for _, c := range v.Children {
		clearViews(c)
	}
}

// Close frees the batches.
func (o *batchMapper) Close() error {
	o.made.Release()
	o.flat.copied.Release()
	return nil
}

// batchFilter calls a function on each batch.
type batchFilter struct {
	f    func(in *columnar.Batch, keep []int32) ([]int32, error)
	flat *flatter
	kept []int32
}

var _ dataflow.Operator = (*batchFilter)(nil)

// Process passes on the rows that the function keeps.
func (o *batchFilter) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	all, shown := o.flat.of(b)
	var err error
	if o.kept, err = o.f(shown, o.kept[:0]); err != nil {
		return dataflow.Done, err
	}
	for i, r := range o.kept {
		if int(r) >= all.Len() || r < 0 || i > 0 && r <= o.kept[i-1] {
			return dataflow.Done, fmt.Errorf("the function keeps row %d of %d, behind row %d", r, all.Len(), o.kept[max(i-1, 0)])
		}
	}
	if len(o.kept) == 0 {
		return dataflow.Done, nil
	}
	return dataflow.Done, out.Emit(all.WithSel(o.kept))
}

// Close frees the batch.
func (o *batchFilter) Close() error {
	o.flat.copied.Release()
	return nil
}
