package windowing

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/state"
)

var _ dataflow.Incremental = (*Aggregate)(nil)

// aggregateState is what an Aggregate remembers beside its slices.
type aggregateState struct {
	Mark     dataflow.Time
	Late     int64
	NullRows int64
}

// Snapshot writes the slices down, each row with its slice's start in front.
func (a *Aggregate) Snapshot(epoch dataflow.Epoch, w *state.Writer) error {
	if err := a.Freeze(epoch, true, w); err != nil {
		return err
	}
	for _, s := range a.slices {
		if err := s.CopyAll(); err != nil {
			return err
		}
	}
	return nil
}

// Freeze begins a snapshot. Values that calls keep are written at once and in full.
func (a *Aggregate) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	w.Value("meta", aggregateState{a.emitted(), a.late, a.clock.nullRows})
	for _, start := range a.starts {
		s := a.slices[start]
		if a.keepsValues {
			g, err := s.Begin(0)
			if err != nil {
				return err
			}
			for _, call := range g.ValueCalls() {
				g.EachValue(call, func(b *columnar.Batch) { w.Rows(valuesName(call), a.withStart(b, start)) })
			}
		}
		if err := s.Freeze(full, w); err != nil {
			return err
		}
	}
	return nil
}

// Copy writes further rows.
func (a *Aggregate) Copy(n int) (done bool, err error) {
	for _, start := range a.starts {
		if done, err = a.slices[start].Copy(n); err != nil || !done {
			return done, err
		}
	}
	return true, nil
}

func valuesName(call int) string { return fmt.Sprintf("values%d", call) }

// startField is the column in front of a slice's rows.
func startField() columnar.Field {
	return columnar.Field{Name: "$slice", Type: columnar.TypeBigInt.Required()}
}

func startSchema(s *columnar.Schema) *columnar.Schema {
	return &columnar.Schema{Fields: append([]columnar.Field{startField()}, s.Fields...)}
}

// withStart is b with a constant column in front, for rows of snapshots.
func (a *Aggregate) withStart(b *columnar.Batch, start int64) *columnar.Batch {
	if a.startColumn == nil {
		a.startColumn = columnar.NewVector(startField().Type)
	}
	v := a.startColumn
	v.Reset(1)
	columnar.Values[int64](v)[0] = start
	v.SetConstant(b.Len())
	r := &columnar.Batch{Schema: startSchema(b.Schema), Cols: append([]*columnar.Vector{v}, b.Cols...)}
	r.SetLen(b.Len())
	return r
}

// Restore takes the slices' rows of this subtask in. All subtasks saw the same watermark before
// the barrier, so what it had closed was emitted by each.
func (a *Aggregate) Restore(r *state.Reader) (err error) {
	if a.spec.Processing {
		return a.restoreProcessing(r)
	}
	metas, err := state.Values[aggregateState](r, "meta")
	if err != nil {
		return err
	}
	for i, m := range metas {
		if i == 0 || m.Mark < a.mark {
			a.mark = m.Mark
		}
		if r.Mine(i) {
			a.late += m.Late
			a.clock.nullRows += m.NullRows
		}
	}
	a.fireEnd = a.clock.lastClosed(a.mark)
	return a.restoreSlices(r)
}

// restoreSlices takes the rows of slices in that the mark does not close.
func (a *Aggregate) restoreSlices(r *state.Reader) (err error) {
	model, err := a.grouping()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.recycle(model)) }()
	schema, err := model.StateSchema()
	if err != nil {
		return err
	}
	keys := len(a.keys)
	err = a.restoreRows(r, "slices", schema, func(g *aggregate.Grouping, b *columnar.Batch) error {
		return g.Merge(b, b.Cols[:keys], b.Cols[keys:])
	})
	for _, call := range model.ValueCalls() {
		if err != nil {
			return err
		}
		err = a.restoreRows(r, valuesName(call), model.ValueSchema(call), func(g *aggregate.Grouping, b *columnar.Batch) error {
			return g.AddValues(call, b)
		})
	}
	return err
}

// restoreRows hands the rows of this subtask to the groups of their slice; a section holds rows
// of one slice.
func (a *Aggregate) restoreRows(r *state.Reader, name string, schema *columnar.Schema, add func(*aggregate.Grouping, *columnar.Batch) error) error {
	return r.Rows(name, startSchema(schema), func(b *columnar.Batch) error {
		if b.Len() == 0 {
			return nil
		}
		rows := &columnar.Batch{Schema: schema, Cols: b.Cols[1:]}
		rows.SetLen(b.Len())
		rows.Sel = r.SelectOwn(columnar.HashRows(nil, slices.Clone(rows.Cols[:len(a.keys)]), nil, b.Len()))
		if len(rows.Sel) == 0 {
			return nil
		}
		start := columnar.Values[int64](b.Cols[0])[0]
		if a.clock.closed(a.clock.lastEnd(start), a.mark) {
			return nil // of an older snapshot: all its windows were out at the barrier
		}
		g, err := a.slice(start, len(rows.Sel))
		if err != nil {
			return err
		}
		return add(g, rows)
	})
}

// lastClosed is the end of the last window that the watermark closes.
func (c *clock) lastClosed(mark dataflow.Time) int64 {
	if mark == dataflow.MinTime || mark == dataflow.MaxTime {
		return math.MinInt64
	}
	high := int64(mark) + 1
	if c.unitMicros == 0 {
		high = high*1000 + 999
	} else {
		high = columnar.FloorDiv(high, c.unitMicros)
	}
	return columnar.FloorDiv(high-c.window.Offset-c.window.Size, c.window.Slide)*c.window.Slide + c.window.Offset + c.window.Size
}
