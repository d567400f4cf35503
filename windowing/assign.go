package windowing

import (
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Assign appends the bounds of its window to each row, and repeats rows that belong to several.
type Assign struct {
	spec  AssignSpec
	clock *clock
	out   *columnar.Batch
	in    int // number of input columns

	starts []int64 // of the last window of each row
	sel    []int32
}

var (
	_ dataflow.Operator = (*Assign)(nil)
	_ dataflow.Counter  = (*Assign)(nil)
)

// NewAssign makes the operator of spec.
func NewAssign(spec AssignSpec) *Assign { return &Assign{spec: spec} }

// Open checks the window.
func (a *Assign) Open(ctx *dataflow.Context) (err error) {
	a.in = len(ctx.Inputs[0].Fields)
	a.clock, err = newClock(a.spec.Window, ctx.Inputs[0].Fields[a.spec.TimeColumn].Type)
	a.out = &columnar.Batch{Schema: ctx.Output, Cols: make([]*columnar.Vector, a.in+3)}
	for i := range 3 {
		a.out.Cols[a.in+i] = columnar.NewVector(ctx.Output.Fields[a.in+i].Type)
	}
	return err
}

// Process emits the rows once for each window they are part of.
func (a *Assign) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	copy(a.out.Cols, b.Cols)
	a.out.Kinds = b.Kinds
	a.out.SetLen(b.Len())
	w := a.clock.window
	if w.Size%w.Slide == 0 {
		return dataflow.Done, a.each(b, out)
	}
	a.clock.assign(b, b.Cols[a.spec.TimeColumn])
	for _, start := range a.clock.order {
		a.out.Sel = b.Sel
		if !a.clock.uniform {
			a.out.Sel = a.clock.sels[start]
		}
		for end := a.clock.firstEnd(start); end <= a.clock.lastEnd(start); end += w.Slide {
			setWindow(a.out.Cols[a.in:], end-w.Size, end, b.Len())
			if err := out.Emit(a.out); err != nil {
				return dataflow.Done, err
			}
		}
	}
	return dataflow.Done, nil
}

// each emits the rows of b with the first of their windows, of which all have as many, then with the
// second, and so on.
func (a *Assign) each(b *columnar.Batch, out dataflow.Output) error {
	w, n := a.clock.window, b.Len()
	low, high := a.lastStarts(b)
	if a.out.Sel != nil && len(a.out.Sel) == 0 || n == 0 {
		return nil
	}
	for back := w.Size - w.Slide; back >= 0; back -= w.Slide {
		if low == high {
			setWindow(a.out.Cols[a.in:], low-back, low-back+w.Size, n)
		} else {
			for i, shift := range []int64{-back, w.Size - back, w.Size - back - 1} {
				a.out.Cols[a.in+i].Reset(n)
				bound := columnar.Values[int64](a.out.Cols[a.in+i])
				for k, start := range a.starts {
					bound[k] = start + shift
				}
			}
		}
		if err := out.Emit(a.out); err != nil {
			return err
		}
	}
	return nil
}

// lastStarts computes the start of the last window of each row, and the lowest and the highest. The rows
// with a time are those of the selection of a.out.
func (a *Assign) lastStarts(b *columnar.Batch) (low, high int64) {
	w, n, v := a.clock.window, b.Len(), b.Cols[a.spec.TimeColumn]
	a.out.Sel = b.Sel
	if v.Valid != nil {
		a.sel = columnar.SelectWhere(slices.Grow(a.sel[:0], n+1)[:n], b.Sel, n, func(i int) bool { return !v.IsNull(i) })
		a.out.Sel = a.sel
		a.clock.nullRows += int64(b.Live() - len(a.sel))
	}
	if a.starts = slices.Grow(a.starts[:0], n)[:n]; a.out.Sel != nil {
		clear(a.starts)
	}
	values := v
	if v.Enc == columnar.Dictionary {
		values = v.Dict
	}
	times := columnar.Values[int64](values)
	low, high = math.MaxInt64, math.MinInt64
	start := int64(math.MaxInt64) // of the row before
	for k := range a.out.Live() {
		i := a.out.Row(k)
		// Rows are often of the same window as the one before.
		if t := times[v.Index(i)]; start == math.MaxInt64 || t < start || t-start >= w.Slide {
			start = columnar.FloorDiv(t-w.Offset, w.Slide)*w.Slide + w.Offset
			low, high = min(low, start), max(high, start)
		}
		a.starts[i] = start
	}
	return low, high
}

// Counts are the rows without a time.
func (a *Assign) Counts() map[string]int64 { return map[string]int64{"null time": a.clock.nullRows} }

// Close frees the window columns.
func (a *Assign) Close() error {
	if a.out != nil {
		for _, v := range a.out.Cols[a.in:] {
			if v != nil {
				v.Release()
			}
		}
	}
	return nil
}
