package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// Symmetric joins two inputs neither of which need end: each row is stored and looked up among
// those of the other side that have come before it. Rows may be taken back, on either side.
//
// A row of a side that is kept without a match is emitted beside nulls (or alone, by an anti join)
// and taken back when its first match comes; it is emitted again when its last match goes. What else is
// emitted for a row has the row's kind where it can, so that updates stay updates. With a
// time bound such a row waits instead until the watermark says that no match will come, so that
// the output only appends.
type Symmetric struct {
	spec     Spec
	ctx      *dataflow.Context
	residual *expr.Program
	sides    [2]side // by port
	width    int     // columns of the left side
	run      run
	expiring *expiry      // with a time bound
	store    *state.Store // nil: all rows are in memory
	late     int64

	out    *columnar.Batch // pairs: left columns, right columns
	sel    []int32         // pairs that meet the residual condition
	turned []uint32        // rows of the other side whose first match came or last match went
	kinds  retracts
}

var (
	_ dataflow.Operator         = (*Symmetric)(nil)
	_ dataflow.Resumer          = (*Symmetric)(nil)
	_ dataflow.Incremental      = (*Symmetric)(nil)
	_ dataflow.LookAhead        = (*Symmetric)(nil)
	_ dataflow.Watermarker      = (*Symmetric)(nil)
	_ dataflow.InputWatermarker = (*Symmetric)(nil)
	_ dataflow.Counter          = (*Symmetric)(nil)
)

// side is what is held of one input.
type side struct {
	schema *columnar.Schema
	keys   []int
	rows   *hashtable.Rows // the owner's word of a row: how many matches it has
	// keeps says that rows without a match are part of the result, counts that the number of
	// matches decides what the result has of a row.
	keeps, counts bool
	mark          dataflow.Time // watermark of the input
	delta         *state.Delta  // nil if the job takes no checkpoints, or with slices
	slices        *sliceSet     // rows is that of its tables in use; nil: all rows are in memory
}

// NewSymmetric makes the operator of spec, which has keys.
func NewSymmetric(spec Spec) *Symmetric {
	j := &Symmetric{spec: spec}
	for port := range j.sides {
		j.sides[port].mark = dataflow.MinTime
	}
	return j
}

// leftOnly reports that rows of the left side alone are emitted.
func (j *Symmetric) leftOnly() bool { return j.spec.Type == Semi || j.spec.Type == Anti }

// Open makes a table for each side.
func (j *Symmetric) Open(ctx *dataflow.Context) (err error) {
	j.ctx = ctx
	if len(j.spec.LeftKeys) > 0 {
		j.store = ctx.State.Store()
	}
	if j.spec.Bound != nil {
		j.expiring = newExpiry(*j.spec.Bound, ctx.Inputs)
	}
	pairs := &columnar.Schema{}
	kept := [2]bool{
		j.spec.Type == Left || j.spec.Type == Full || j.spec.Type == Anti,
		j.spec.Type == Right || j.spec.Type == Full,
	}
	for port, in := range ctx.Inputs {
		pairs.Fields = append(pairs.Fields, in.Fields...)
		s := &j.sides[port]
		s.schema, s.keys, s.keeps = in, [2][]int{j.spec.LeftKeys, j.spec.RightKeys}[port], kept[port]
		s.counts = s.keeps || j.spec.Type == Semi && dataflow.Port(port) == leftPort
		if err := j.openSide(port); err != nil {
			return err
		}
	}
	j.width = len(ctx.Inputs[leftPort].Fields)
	j.out = columnar.NewBatch(pairs)
	if j.spec.Residual != nil {
		j.residual, err = expr.Compile(j.spec.Residual, ctx.Env)
	}
	return err
}

// Process takes rows of one side in. Rows added and rows taken back one behind the other are taken
// in as runs of one kind.
func (j *Symmetric) Process(in dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if j.store != nil {
		if err := j.enter(in, b); err != nil {
			return dataflow.Done, err
		}
	}
	j.run.start(in, b)
	return j.Resume(out)
}

// Resume goes on with the rows taken in, or with those whose time has passed.
func (j *Symmetric) Resume(out dataflow.Output) (dataflow.Status, error) {
	r := &j.run
	for r.batch != nil {
		if !r.open {
			if !r.nextRun() {
				r.drop()
				break
			}
			if err := j.beginRun(out); err != nil {
				return dataflow.Done, err
			}
		}
		if status, err := j.walk(out); err != nil || status == dataflow.More {
			return status, err
		}
		if err := j.endRun(out); err != nil {
			return dataflow.Done, err
		}
	}
	return j.expire(out)
}

// walk goes on over the pairs of the run.
func (j *Symmetric) walk(out dataflow.Output) (dataflow.Status, error) {
	r := &j.run
	for more := true; more; {
		for r.pairs(j.sides[1-r.port].rows) {
			if err := j.emitPairs(out); err != nil {
				return dataflow.Done, err
			}
			if !out.Room() {
				r.keep()
				return dataflow.More, nil
			}
		}
		var err error
		if more, err = j.lookFurther(); err != nil {
			return dataflow.Done, err
		}
	}
	return dataflow.Done, nil
}

// beginRun looks the rows of a run up on the other side. Rows that cannot have a match, as a key
// is null, are done with at once; rows taken back leave their side.
func (j *Symmetric) beginRun(out dataflow.Output) error {
	r := &j.run
	s := &j.sides[r.port]
	cols := held.KeyColumns(nil, r.batch, s.keys)
	if t := j.timeColumn(r.port); t >= 0 {
		cols = append(cols, r.batch.Cols[t])
	}
	never := r.split(cols)
	if s.keeps && len(never) > 0 {
		if err := j.emitAlone(r.port, never, out); err != nil {
			return err
		}
	}
	b := r.batch.WithSel(r.rows)
	if r.kind == columnar.Retract {
		r.ids = s.rows.Remove(r.ids[:0], b)
		if err := held.NotThere(r.ids, b, "the "+sideName(int(r.port))+" input", j.ctx.Env); err != nil {
			return err
		}
	}
	r.matches = append(r.matches[:0], make([]uint64, len(r.rows))...)
	if j.sliced() {
		r.slice, r.times = 0, j.expiring.times(r.times[:0], r.port, b)
		r.lookAt(nil, nil)
		return nil
	}
	other := j.sides[1-r.port].rows
	r.heads = other.Find(r.heads, cols[:len(s.keys)], r.rows, r.batch.Len())
	return nil
}

// endRun says what the number of matches decides and stores added rows.
func (j *Symmetric) endRun(out dataflow.Output) error {
	r := &j.run
	r.open = false
	s := &j.sides[r.port]
	waits := j.spec.Bound != nil // until the time of a row without a match has passed
	switch {
	case j.spec.Type == Semi && r.port == leftPort:
		if err := j.emitAlone(r.port, r.where(true), out); err != nil {
			return err
		}
	case s.keeps && !waits:
		if err := j.emitAlone(r.port, r.where(false), out); err != nil {
			return err
		}
	}
	if r.kind == columnar.Retract || len(r.rows) == 0 {
		return nil
	}
	if waits {
		if err := j.leaveExpired(out); err != nil {
			return err
		}
	}
	if !s.counts { // it was counted for the other side only and is not kept up
		clear(r.matches)
	}
	return j.storeRows(r.port, r.batch.WithSel(r.rows), r.matches)
}

// storeRows stores the live rows of b, each with the number of its matches.
func (j *Symmetric) storeRows(port dataflow.Port, b *columnar.Batch, matches []uint64) error {
	if j.sliced() {
		return j.storeBySlice(port, b, matches)
	}
	return j.add(port, b, matches)
}

// add stores rows in the table in use.
func (j *Symmetric) add(port dataflow.Port, b *columnar.Batch, matches []uint64) error {
	rows := j.sides[port].rows
	var err error
	if j.run.ids, err = rows.Add(j.run.ids[:0], b); err != nil {
		return err
	}
	for k, id := range j.run.ids {
		rows.Extra(id)[0] = matches[k]
	}
	if j.expiring != nil && !j.sliced() {
		j.expiring.add(port, b, j.run.ids)
	}
	return nil
}

// emitPairs passes the current pairs on that meet the residual condition, and what they change for
// the rows of the other side.
func (j *Symmetric) emitPairs(out dataflow.Output) error {
	r := &j.run
	pairs := !j.leftOnly()
	if pairs || j.residual != nil {
		j.fill(r.positions(), r.found)
	}
	var sel []int32
	if j.residual != nil {
		var err error
		if sel, err = j.residual.Select(j.out, j.sel[:0]); err != nil {
			return err
		}
		if j.sel = sel; len(sel) == 0 {
			return nil
		}
	}
	if err := j.count(sel); err != nil {
		return err
	}
	if len(j.turned) > 0 && r.kind == columnar.Insert {
		if err := j.emitTurned(out); err != nil {
			return err
		}
		if pairs {
			j.fill(r.positions(), r.found) // the rows before took its place
		}
	}
	if pairs {
		b := j.out.WithSel(sel)
		if j.sides[1-r.port].keeps {
			b.Kinds = j.kinds.of(r.kind, b.Len()) // a row beside nulls may take the place of a pair, or give it
		} else {
			b.Kinds = r.kindsOf(r.positions())
		}
		if err := out.Emit(b); err != nil {
			return err
		}
	}
	if r.kind == columnar.Retract {
		return j.emitTurned(out)
	}
	return nil
}

// count counts the current pairs, of which sel meet the residual condition (nil: all).
func (j *Symmetric) count(sel []int32) error {
	r := &j.run
	o := &j.sides[1-r.port]
	j.turned = j.turned[:0]
	if !o.counts && !j.sides[r.port].counts {
		return nil
	}
	if o.counts {
		if err := o.rows.Touch(r.found); err != nil { // some for nothing, if a condition excludes them
			return err
		}
	}
	n := len(r.found)
	if sel != nil {
		n = len(sel)
	}
	for i := range n {
		k := i
		if sel != nil {
			k = int(sel[i])
		}
		r.matches[r.at[k]]++
		if o.counts && o.turns(r.found[k], r.kind) {
			j.turned = append(j.turned, r.found[k])
		}
	}
	return nil
}

// turns counts a match of a row that came or went, and reports whether it was the first to come or
// the last to go.
func (s *side) turns(id uint32, kind columnar.RowKind) bool {
	n := &s.rows.Extra(id)[0]
	if kind == columnar.Insert {
		*n++
		return *n == 1
	}
	*n--
	return *n == 0
}

// emitTurned emits the rows of the other side whose first match came or last match went.
func (j *Symmetric) emitTurned(out dataflow.Output) error {
	ids := j.turned
	if len(ids) == 0 || j.spec.Bound != nil && j.spec.Type != Semi {
		return nil
	}
	r := &j.run
	// The first match of a row takes back that it had none.
	kind := columnar.Retract - r.kind
	if j.spec.Type == Semi {
		kind = r.kind
	}
	return j.emitStored(1-r.port, ids, kind, out)
}

// emitStored emits stored rows of a side beside nulls, or alone.
func (j *Symmetric) emitStored(side dataflow.Port, ids []uint32, kind columnar.RowKind, out dataflow.Output) error {
	rows := j.sides[side].rows
	for c, v := range j.out.Cols {
		if mine := (c < j.width) == (side == leftPort); mine {
			rows.Gather(v, j.own(side, c), ids)
		} else {
			v.NullConstant(len(ids))
		}
	}
	j.out.SetLen(len(ids))
	return j.emitOut(j.kinds.of(kind, len(ids)), out)
}

// emitAlone emits rows of the batch, at the given positions, beside nulls, or alone.
func (j *Symmetric) emitAlone(side dataflow.Port, rows []int32, out dataflow.Output) error {
	if len(rows) == 0 {
		return nil
	}
	for c, v := range j.out.Cols {
		if mine := (c < j.width) == (side == leftPort); mine {
			v.Gather(j.run.batch.Cols[j.own(side, c)], rows)
		} else {
			v.NullConstant(len(rows))
		}
	}
	j.out.SetLen(len(rows))
	return j.emitOut(j.run.kindsOf(rows), out)
}

// emitOut passes j.out on.
func (j *Symmetric) emitOut(kinds []columnar.RowKind, out dataflow.Output) error {
	b := j.out
	if j.leftOnly() {
		b = &columnar.Batch{Schema: j.sides[leftPort].schema, Cols: b.Cols[:j.width]}
		b.SetLen(j.out.Len())
	}
	b.Sel, b.Kinds = nil, kinds
	return out.Emit(b)
}

// own is the column of a side that column c of the pairs is.
func (j *Symmetric) own(side dataflow.Port, c int) int {
	if side == rightPort {
		return c - j.width
	}
	return c
}

// fill makes j.out the pairs of rows of the batch with stored rows of the other side.
func (j *Symmetric) fill(rows []int32, ids []uint32) {
	port := j.run.port
	for c, v := range j.out.Cols {
		if mine := (c < j.width) == (port == leftPort); mine {
			v.Gather(j.run.batch.Cols[j.own(port, c)], rows)
		} else {
			j.sides[1-port].rows.Gather(v, j.own(1-port, c), ids)
		}
	}
	j.out.SetLen(len(rows))
	j.out.Sel, j.out.Kinds = nil, nil
}

// sideName is the name of a side, in errors and of its rows in snapshots.
func sideName(in int) string { return [2]string{"left", "right"}[in] }
