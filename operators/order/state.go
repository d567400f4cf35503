package order

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

var (
	_ dataflow.Snapshotter = (*Sort)(nil)
	_ dataflow.Snapshotter = (*Limit)(nil)
)

// Snapshot writes the gathered rows down.
func (s *Sort) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	w.Rows("rows", s.rows)
	return nil
}

// Restore takes rows in; they belong to no subtask in particular.
func (s *Sort) Restore(r *state.Reader) error {
	for old := range r.Tasks {
		if !r.Mine(old) {
			continue
		}
		err := r.RowsOf(old, "rows", s.rows.Schema, func(b *columnar.Batch) error {
			s.rows.AppendSel(b, b.Sel)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.account.Resize(int64(s.rows.SizeBytes()))
}

// limitState is how many rows a Limit still skips and passes on.
type limitState struct{ Skip, Left int64 }

// Snapshot writes the counters down.
func (l *Limit) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	w.Value("limit", limitState{l.skip, l.left})
	return nil
}

// Restore takes the counters of the same subtask back; a subtask that is new counts from the
// start, which passes more rows on to the Limit behind it, never fewer.
func (l *Limit) Restore(r *state.Reader) error {
	if r.Subtask >= len(r.Tasks) {
		return nil
	}
	own := &state.Reader{Tasks: r.Tasks[r.Subtask : r.Subtask+1]}
	list, err := state.Values[limitState](own, "limit")
	if err == nil && len(list) > 0 {
		l.skip, l.left = list[0].Skip, list[0].Left
	}
	return err
}
