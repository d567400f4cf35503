package group

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

var _ dataflow.Snapshotter = (*Aggregate)(nil)

// Snapshot writes the groups down.
func (a *Aggregate) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	for _, call := range a.groups.ValueCalls() {
		a.groups.EachValue(call, func(b *columnar.Batch) { w.Rows(valuesName(call), b) })
	}
	return a.groups.EachState(func(b *columnar.Batch) { w.Rows("groups", b) })
}

func valuesName(call int) string { return fmt.Sprintf("values%d", call) }

// Restore takes the groups of this subtask in. Those of a Partial aggregation belong to no
// subtask in particular.
func (a *Aggregate) Restore(r *state.Reader) error {
	return a.restore(r, func(int) error { return nil })
}

// restore is Restore; room is called before rows come.
func (a *Aggregate) restore(r *state.Reader, room func(rows int) error) error {
	schema, err := a.groups.StateSchema()
	if err != nil {
		return err
	}
	keys := len(a.spec.Keys)
	err = a.ownRows(r, "groups", schema, func(b *columnar.Batch) error {
		if err := room(b.Live()); err != nil {
			return err
		}
		return a.groups.Merge(b, b.Cols[:keys], b.Cols[keys:])
	})
	for _, call := range a.groups.ValueCalls() {
		if err != nil {
			return err
		}
		err = a.ownRows(r, valuesName(call), a.groups.ValueSchema(call), func(b *columnar.Batch) error {
			return a.groups.AddValues(call, b)
		})
	}
	return err
}

func (a *Aggregate) ownRows(r *state.Reader, name string, schema *columnar.Schema, each func(b *columnar.Batch) error) error {
	if a.spec.Phase == Partial {
		for old := range r.Tasks {
			if r.Mine(old) {
				if err := r.RowsOf(old, name, schema, each); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return r.Rows(name, schema, func(b *columnar.Batch) error {
		return each(b.WithSel(r.SelectOwn(columnar.HashRows(nil, b.Cols[:len(a.spec.Keys)], nil, b.Len()))))
	})
}
