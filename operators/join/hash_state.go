package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

var _ dataflow.Snapshotter = (*Hash)(nil)

// joinMatched is the name of the column, behind the right ones, that says whether a row was
// matched.
const joinMatched = "$matched"

func (j *Hash) stateSchema() *columnar.Schema {
	s := &columnar.Schema{Fields: append([]columnar.Field(nil), j.build.rows.Schema.Fields...)}
	s.Fields = append(s.Fields, columnar.Field{Name: joinMatched, Type: columnar.TypeBoolean.Required()})
	return s
}

// Snapshot writes the right rows down and which of them were matched. Whether the right input
// has ended its tasks know.
func (j *Hash) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	matched := columnar.NewVector(columnar.TypeBoolean.Required())
	defer matched.Release()
	b := &columnar.Batch{Schema: j.stateSchema(), Cols: append(append([]*columnar.Vector(nil), j.build.rows.Cols...), matched)}
	n := j.build.rows.Len()
	matched.Reset(n)
	for i := range n {
		matched.Bits().SetTo(i, j.keepsRight() && j.build.matched.Get(i))
	}
	b.SetLen(n)
	for first := 0; first < n; first += columnar.BatchRows {
		sel := make([]int32, min(columnar.BatchRows, n-first))
		for k := range sel {
			sel[k] = int32(first + k)
		}
		w.Rows("right", b.WithSel(sel))
	}
	return nil
}

// Restore stores the right rows of this subtask again. Without keys every subtask has all rows.
func (j *Hash) Restore(r *state.Reader) error {
	take := func(b *columnar.Batch) error {
		width := len(b.Cols) - 1
		rows := &columnar.Batch{Schema: j.build.rows.Schema, Cols: b.Cols[:width], Sel: b.Sel}
		rows.SetLen(b.Len())
		first := j.build.rows.Len()
		if err := j.build.add(rows, j.spec.RightKeys, j.keepsRight()); err != nil {
			return err
		}
		if err := j.build.account.Resize(j.build.heldBytes()); err != nil {
			return err
		}
		for k := range j.build.rows.Len() - first {
			if j.keepsRight() && b.Cols[width].Bits().Get(b.Row(k)) {
				j.build.matched.Set(first + k)
			}
		}
		return nil
	}
	if len(j.spec.RightKeys) == 0 {
		if len(r.Tasks) == 0 {
			return nil
		}
		return r.RowsOf(0, "right", j.stateSchema(), take)
	}
	return r.Rows("right", j.stateSchema(), func(b *columnar.Batch) error {
		cols := held.KeyColumns(nil, b, j.spec.RightKeys)
		return take(b.WithSel(r.SelectOwn(columnar.HashRows(nil, cols, nil, b.Len()))))
	})
}
