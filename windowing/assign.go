package windowing

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Assign appends the bounds of its window to each row, and repeats rows that belong to several.
type Assign struct {
	spec  AssignSpec
	clock *clock
	out   *columnar.Batch
	in    int // number of input columns
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

// Process emits the rows of each slice once for each window the slice is part of.
func (a *Assign) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	a.clock.assign(b, b.Cols[a.spec.TimeColumn])
	copy(a.out.Cols, b.Cols)
	a.out.Kinds = b.Kinds
	for _, start := range a.clock.order {
		a.out.Sel = b.Sel
		if !a.clock.uniform {
			a.out.Sel = a.clock.sels[start]
		}
		for end := a.clock.firstEnd(start); end <= a.clock.lastEnd(start); end += a.clock.window.Slide {
			setWindow(a.out.Cols[a.in:], end-a.clock.window.Size, end, b.Len())
			a.out.SetLen(b.Len())
			if err := out.Emit(a.out); err != nil {
				return dataflow.Done, err
			}
		}
	}
	return dataflow.Done, nil
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
