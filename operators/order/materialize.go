package order

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// Materialize holds the rows of a changelog and emits those that are left when its input has ended.
// Equal rows come to one subtask.
type Materialize struct {
	ctx  *dataflow.Context
	rows *hashtable.Rows
	out  *columnar.Batch
	left []uint32 // rows to emit, once the input has ended
	ids  []uint32
	run  []int32 // rows of one sign

	delta *state.Delta // nil if the job takes no checkpoints
}

var (
	_ dataflow.Operator    = (*Materialize)(nil)
	_ dataflow.Resumer     = (*Materialize)(nil)
	_ dataflow.InputEnder  = (*Materialize)(nil)
	_ dataflow.Incremental = (*Materialize)(nil)
)

// Open makes the table.
func (m *Materialize) Open(ctx *dataflow.Context) (err error) {
	m.ctx = ctx
	in := ctx.Inputs[0]
	all := make([]int, len(in.Fields))
	for c := range all {
		all[c] = c
	}
	m.out = columnar.NewBatch(in)
	m.rows, err = hashtable.NewRows(in.Types(), all, 0, ctx.Budget.Account(ctx.Name))
	if err == nil && ctx.Checkpoints {
		m.delta = held.TrackRows("rows", in, m.rows, func(b *columnar.Batch, ids []uint32) { held.GatherRows(b, m.rows, ids) })
	}
	return err
}

// Process takes changes in.
func (m *Materialize) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	for from := 0; from < b.Live(); {
		sign, next := held.SignRun(b, from)
		m.run = m.run[:0]
		for ; from < next; from++ {
			m.run = append(m.run, int32(b.Row(from)))
		}
		part := b.WithSel(m.run)
		if sign == columnar.Retract {
			m.ids = m.rows.Remove(m.ids[:0], part)
			if err := held.NotThere(m.ids, part, "the input", m.ctx.Env); err != nil {
				return dataflow.Done, err
			}
			continue
		}
		if _, err := m.rows.Add(m.ids[:0], part); err != nil {
			return dataflow.Done, err
		}
	}
	return dataflow.Done, nil
}

// EndInput emits the rows.
func (m *Materialize) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	err := m.rows.Each(func(ids []uint32) error {
		m.left = append(m.left, ids...)
		return nil
	})
	if err != nil {
		return dataflow.Done, err
	}
	return m.Resume(out)
}

// Resume goes on emitting.
func (m *Materialize) Resume(out dataflow.Output) (dataflow.Status, error) {
	for len(m.left) > 0 {
		n := min(columnar.BatchRows, len(m.left))
		held.GatherRows(m.out, m.rows, m.left[:n])
		m.left = m.left[n:]
		if err := out.Emit(m.out); err != nil {
			return dataflow.Done, err
		}
		if len(m.left) > 0 && !out.Room() {
			return dataflow.More, nil
		}
	}
	return dataflow.Done, nil
}

// Snapshot writes the rows down.
func (m *Materialize) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	return m.rows.Each(func(ids []uint32) error {
		held.GatherRows(m.out, m.rows, ids)
		w.Rows("rows", m.out)
		return nil
	})
}

// Freeze begins a snapshot of the rows.
func (m *Materialize) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	m.delta.Freeze(full, w)
	return nil
}

// Copy writes further rows.
func (m *Materialize) Copy(n int) (done bool, err error) { return m.delta.Copy(n) }

// Restore takes the rows of this subtask in, by the hash of all columns.
func (m *Materialize) Restore(r *state.Reader) error {
	return r.Rows("rows", m.out.Schema, func(b *columnar.Batch) error {
		_, err := m.rows.Add(nil, b.WithSel(r.SelectOwn(columnar.HashRows(nil, b.Cols, nil, b.Len()))))
		return err
	})
}

// StateBytes is the size of the rows.
func (m *Materialize) StateBytes() int64 { return m.rows.SizeBytes() }

// Close frees the rows.
func (m *Materialize) Close() error {
	if m.out != nil {
		m.out.Release()
	}
	if m.rows != nil {
		m.rows.Release()
	}
	m.delta.Release()
	return nil
}
