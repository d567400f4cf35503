package windowing

import (
	"fmt"
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// Aggregate groups rows by event-time window and key. Hopping windows share slices: each row is
// added to one slice, and a window is the merge of its slices when it is emitted.
type Aggregate struct {
	spec   AggregateSpec
	ctx    *dataflow.Context
	clock  *clock
	keys   []columnar.Type
	shared bool // a slice belongs to several windows

	slices map[int64]*slice // by start
	starts []int64          // of slices, ascending
	free   []*expr.Grouping
	mark   dataflow.Time
	late   int64

	firing  *expr.Grouping // window being emitted
	fireEnd int64
	fireRow int
	merge   *columnar.Batch
	out     *columnar.Batch
	cols    []*columnar.Vector

	startColumn *columnar.Vector // of snapshots
}

// slice has the groups of a stretch of time.
type slice struct {
	*expr.Grouping
	delta *state.Delta // nil if the job takes no checkpoints
}

var (
	_ dataflow.Operator    = (*Aggregate)(nil)
	_ dataflow.Resumer     = (*Aggregate)(nil)
	_ dataflow.Watermarker = (*Aggregate)(nil)
	_ dataflow.Counter     = (*Aggregate)(nil)
)

// NewAggregate makes the operator of spec.
func NewAggregate(spec AggregateSpec) *Aggregate {
	return &Aggregate{spec: spec, slices: map[int64]*slice{}, mark: dataflow.MinTime, fireEnd: math.MinInt64}
}

// Open checks the window and prepares the output.
func (a *Aggregate) Open(ctx *dataflow.Context) (err error) {
	a.ctx = ctx
	in := ctx.Inputs[0]
	if a.clock, err = newClock(a.spec.Window, in.Fields[a.spec.TimeColumn].Type); err != nil {
		return err
	}
	for _, k := range a.spec.Keys {
		a.keys = append(a.keys, in.Fields[k].Type)
	}
	a.shared = a.clock.window.Slide < a.clock.window.Size
	for _, c := range a.spec.Calls {
		if c.Distinct && a.shared {
			return fmt.Errorf("%s over hopping windows is not supported", c)
		}
	}
	states, err := expr.StateTypes(a.spec.Calls)
	if err != nil {
		return err
	}
	merged := &columnar.Schema{}
	for _, t := range append(slices.Clone(a.keys), states...) {
		merged.Fields = append(merged.Fields, columnar.Field{Type: t})
	}
	a.merge = columnar.NewBatch(merged)
	a.out = columnar.NewBatch(ctx.Output)
	return nil
}

// Process adds rows to their slices.
func (a *Aggregate) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	a.clock.assign(b, b.Cols[a.spec.TimeColumn])
	a.cols = a.cols[:0]
	for _, k := range a.spec.Keys {
		a.cols = append(a.cols, b.Cols[k])
	}
	for _, start := range a.clock.order {
		part := b
		if !a.clock.uniform {
			part = b.WithSel(a.clock.sels[start])
		}
		if a.clock.closed(a.clock.lastEnd(start), a.mark) {
			a.late += int64(part.Live())
			continue
		}
		g, err := a.slice(start)
		if err == nil {
			err = g.Update(part, a.cols)
		}
		if err != nil {
			return dataflow.Done, err
		}
	}
	return dataflow.Done, nil
}

// slice finds or makes the groups of a slice.
func (a *Aggregate) slice(start int64) (*slice, error) {
	if s, ok := a.slices[start]; ok {
		return s, nil
	}
	g, err := a.grouping()
	if err != nil {
		return nil, err
	}
	s := &slice{Grouping: g}
	if a.ctx.Checkpoints {
		if s.delta, err = newDelta(g, start); err != nil {
			g.Release()
			return nil, err
		}
	}
	g.Track(s.delta.Track())
	a.slices[start] = s
	at, _ := slices.BinarySearch(a.starts, start)
	a.starts = slices.Insert(a.starts, at, start)
	return s, nil
}

func (a *Aggregate) grouping() (*expr.Grouping, error) {
	if n := len(a.free); n > 0 {
		g := a.free[n-1]
		a.free = a.free[:n-1]
		return g, nil
	}
	return expr.NewGrouping(a.keys, a.spec.Calls, a.ctx.Env, a.ctx.Budget.Account(a.ctx.Name))
}

// recycle keeps an emptied grouping for a later slice.
func (a *Aggregate) recycle(g *expr.Grouping) error {
	if len(a.free) >= 4 {
		g.Release()
		return nil
	}
	if err := g.Reset(); err != nil {
		return err
	}
	a.free = append(a.free, g)
	return nil
}

// Watermark emits the windows that t closes, oldest first.
func (a *Aggregate) Watermark(t dataflow.Time, out dataflow.Output) (dataflow.Status, error) {
	a.mark = t
	return a.Resume(out)
}

// Resume goes on emitting.
func (a *Aggregate) Resume(out dataflow.Output) (dataflow.Status, error) {
	for {
		if a.firing == nil {
			ok, err := a.nextWindow()
			if err != nil || !ok {
				return dataflow.Done, err
			}
		}
		for a.fireRow < a.firing.Rows() {
			if err := a.emitRows(out); err != nil {
				return dataflow.Done, err
			}
			if !out.Room() {
				return dataflow.More, nil
			}
		}
		if err := a.fired(); err != nil {
			return dataflow.Done, err
		}
	}
}

// nextWindow prepares the oldest window the watermark closes; ok is false if there is none.
func (a *Aggregate) nextWindow() (ok bool, err error) {
	if len(a.starts) == 0 {
		return false, nil
	}
	first := a.starts[0]
	end := a.clock.firstEnd(first)
	if end <= a.fireEnd {
		// A slice whose first windows are out already is part of the next one.
		end = a.fireEnd + a.clock.window.Slide
	}
	if !a.clock.closed(end, a.mark) {
		return false, nil
	}
	a.fireRow, a.fireEnd = 0, end
	if !a.shared {
		a.firing = a.slices[first].Grouping
		return true, nil
	}
	if a.firing, err = a.grouping(); err != nil {
		return false, err
	}
	for _, start := range a.starts {
		if start >= end {
			break
		}
		if start < end-a.clock.window.Size {
			continue
		}
		if err := a.mergeSlice(a.slices[start].Grouping); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (a *Aggregate) mergeSlice(g *expr.Grouping) error {
	for first := 0; first < g.Rows(); first += columnar.BatchRows {
		n := min(columnar.BatchRows, g.Rows()-first)
		if err := g.Emit(a.merge, first, n, true); err != nil {
			return err
		}
		k := len(a.keys)
		if err := a.firing.Merge(a.merge, a.merge.Cols[:k], a.merge.Cols[k:]); err != nil {
			return err
		}
	}
	return nil
}

func (a *Aggregate) emitRows(out dataflow.Output) error {
	n := min(columnar.BatchRows, a.firing.Rows()-a.fireRow)
	if err := a.firing.Emit(a.out, a.fireRow, n, false); err != nil {
		return err
	}
	a.fireRow += n
	end := a.fireEnd
	setWindow(a.out.Cols[len(a.out.Cols)-3:], end-a.clock.window.Size, end, n)
	return out.Emit(a.out)
}

// setWindow makes the window columns constant.
func setWindow(cols []*columnar.Vector, start, end int64, n int) {
	for i, v := range []int64{start, end, end - 1} {
		cols[i].Reset(1)
		columnar.Values[int64](cols[i])[0] = v
		cols[i].SetConstant(n)
	}
}

// fired drops what only the emitted window needed.
func (a *Aggregate) fired() error {
	g := a.firing
	a.firing = nil
	if a.shared {
		if err := a.recycle(g); err != nil {
			return err
		}
	}
	for len(a.starts) > 0 && a.clock.lastEnd(a.starts[0]) <= a.fireEnd {
		start := a.starts[0]
		a.starts = slices.Delete(a.starts, 0, 1)
		s := a.slices[start]
		delete(a.slices, start)
		if err := s.leave(); err != nil {
			return err
		}
		if err := a.recycle(s.Grouping); err != nil {
			return err
		}
	}
	return nil
}

// StateBytes is the size of all slices.
func (a *Aggregate) StateBytes() int64 {
	var n int64
	for _, g := range a.slices {
		n += g.SizeBytes()
	}
	return n
}

// Counts are the late rows and those without a time.
func (a *Aggregate) Counts() map[string]int64 {
	return map[string]int64{"late": a.late, "null time": a.clock.nullRows}
}

// Close frees all slices.
func (a *Aggregate) Close() error {
	for _, s := range a.slices {
		s.delta.Release()
		s.Release()
	}
	for _, g := range a.free {
		g.Release()
	}
	if a.firing != nil && a.shared {
		a.firing.Release()
	}
	a.slices, a.free, a.firing = nil, nil, nil
	if a.out != nil {
		a.out.Release()
		a.merge.Release()
	}
	if a.startColumn != nil {
		a.startColumn.Release()
	}
	return nil
}
