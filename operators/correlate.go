package operators

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// Correlate emits each row with each of the rows that a table function makes of it, which share the row's
// kind; if Outer, a row of which there are none with nulls.
type Correlate struct {
	spec    CorrelateSpec
	program *expr.TableProgram
	left    int // columns of the input

	in      *columnar.Batch // being worked on
	rows    []int32         // live rows of in from next on
	live    []int32
	seen    []int32 // rows that the function has still to see
	seenAll []int32
	made    *columnar.Batch
	out     *columnar.Batch
	from    []int32 // by output row: its row of in
	runs    []madeRun
	kinds   []columnar.RowKind
}

// madeRun is rows of the function's output that follow each other, or one of nulls.
type madeRun struct {
	from, n int
	null    bool
}

var (
	_ dataflow.Operator = (*Correlate)(nil)
	_ dataflow.Opener   = (*Correlate)(nil)
	_ dataflow.Resumer  = (*Correlate)(nil)
)

// NewCorrelate makes the operator of spec.
func NewCorrelate(spec CorrelateSpec) *Correlate { return &Correlate{spec: spec} }

// Open compiles the call.
func (c *Correlate) Open(ctx *dataflow.Context) (err error) {
	c.left = len(ctx.Inputs[0].Fields)
	c.made = columnar.NewBatch(columnar.NewSchema(c.spec.Call.Type.Fields...))
	c.out = columnar.NewBatch(ctx.Output)
	c.program, err = expr.CompileTable(c.spec.Call, ctx.Env)
	return err
}

// Process takes rows in.
func (c *Correlate) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	var err error
	if c.seenAll, err = c.program.Begin(b, c.seenAll); err != nil {
		return dataflow.Done, fmt.Errorf("correlate: %w", err)
	}
	c.in, c.seen = b, c.seenAll
	c.live = c.live[:0]
	for k := range b.Live() {
		c.live = append(c.live, int32(b.Row(k)))
	}
	c.rows = c.live
	return c.Resume(out)
}

// Resume goes on with the rows taken in.
func (c *Correlate) Resume(out dataflow.Output) (dataflow.Status, error) {
	for len(c.rows) > 0 {
		if err := c.step(out); err != nil {
			return dataflow.Done, err
		}
		if len(c.rows) > 0 && !out.Room() {
			return dataflow.More, nil
		}
	}
	c.in = nil
	return dataflow.Done, nil
}

// step calls the function for some rows and emits what it makes of them.
func (c *Correlate) step(out dataflow.Output) error {
	var counts []int
	if len(c.seen) > 0 {
		var err error
		if counts, err = c.program.Next(c.seen, c.made); err != nil {
			return fmt.Errorf("correlate: %w", err)
		}
		if len(counts) == 0 {
			return fmt.Errorf("correlate: %s made nothing of %d rows", c.spec.Call, len(c.seen))
		}
	}
	c.pair(counts)
	if len(c.from) == 0 {
		return nil
	}
	c.emitRows()
	return out.Emit(c.out)
}

// pair says which rows of the input go with which of those made: counts[i] rows of the i-th seen row. It
// stops at the first seen row that the counts do not tell of.
func (c *Correlate) pair(counts []int) {
	c.from, c.runs = c.from[:0], c.runs[:0]
	at := 0
	for len(c.rows) > 0 {
		row, n := c.rows[0], 0
		if len(c.seen) > 0 && c.seen[0] == row {
			if len(counts) == 0 {
				return
			}
			n, counts, c.seen = counts[0], counts[1:], c.seen[1:]
		}
		c.rows = c.rows[1:]
		run := madeRun{from: at, n: n}
		if at += n; n == 0 && c.spec.Outer {
			run.n, run.null = 1, true
		}
		for range run.n {
			c.from = append(c.from, row)
		}
		if last := len(c.runs) - 1; last >= 0 && !run.null && !c.runs[last].null {
			c.runs[last].n += run.n
		} else if run.n > 0 {
			c.runs = append(c.runs, run)
		}
	}
}

// emitRows makes out the rows that were paired.
func (c *Correlate) emitRows() {
	c.out.Reset(0)
	for k := range c.left {
		c.out.Cols[k].AppendRows(c.in.Cols[k], c.from)
	}
	for k, v := range c.made.Cols {
		to := c.out.Cols[c.left+k]
		for _, r := range c.runs {
			if r.null {
				to.AppendNull()
			} else {
				to.AppendRange(v, r.from, r.n)
			}
		}
	}
	c.out.SetLen(len(c.from))
	if c.out.Kinds = nil; c.in.Kinds == nil {
		return
	}
	c.kinds = c.kinds[:0]
	for _, row := range c.from {
		c.kinds = append(c.kinds, c.in.Kinds[row])
	}
	c.out.Kinds = c.kinds
}

// Close frees what the operator holds.
func (c *Correlate) Close() error {
	c.program.Close()
	for _, b := range []*columnar.Batch{c.made, c.out} {
		if b != nil {
			b.Release()
		}
	}
	return nil
}
