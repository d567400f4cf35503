package join

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state/spill"
)

const (
	leftPort  dataflow.Port = 0
	rightPort dataflow.Port = 1
)

// Hash reads its right input into a hash table, then looks the rows of the left one up. If memory
// has no room for the right input, both are divided by hash into parts on disk that are joined one
// after the other at the end.
type Hash struct {
	spec     Spec
	ctx      *dataflow.Context
	residual *expr.Program
	build    build
	probe    probe
	out      *columnar.Batch
	beside   columnar.Batch // the left batch with right columns at its positions, for onePair
	built    bool
	// unmatched is the next build row to look at for RIGHT and FULL once the left input ended.
	unmatched int
	ended     bool

	level int                  // of partitions, below a join that has put its rows aside
	inner bool                 // the account is that of another
	aside [2]*spill.Partitions // by port; of the right one if rows are on disk
	rest  *held.PartitionRun   // joins the partitions; nil before both inputs have ended
}

var (
	_ dataflow.Operator      = (*Hash)(nil)
	_ dataflow.Resumer       = (*Hash)(nil)
	_ dataflow.InputEnder    = (*Hash)(nil)
	_ dataflow.InputSelector = (*Hash)(nil)
)

// NewHash makes the operator of spec.
func NewHash(spec Spec) *Hash { return &Hash{spec: spec} }

// Open makes the hash table.
func (j *Hash) Open(ctx *dataflow.Context) error {
	j.ctx = ctx
	right := ctx.Inputs[rightPort]
	types := make([]columnar.Type, len(j.spec.RightKeys))
	for i, k := range j.spec.RightKeys {
		types[i] = right.Fields[k].Type
	}
	var err error
	if j.build.table, err = hashtable.New(types, 1, nil); err != nil {
		return err
	}
	j.build.rows, j.build.unique = columnar.NewBatch(right), true
	pairs := &columnar.Schema{}
	pairs.Fields = append(append(pairs.Fields, ctx.Inputs[leftPort].Fields...), right.Fields...)
	j.out = columnar.NewBatch(pairs)
	j.beside = columnar.Batch{Schema: pairs, Cols: append([]*columnar.Vector(nil), j.out.Cols...)}
	if j.spec.Residual != nil {
		if j.residual, err = expr.Compile(j.spec.Residual, ctx.Env); err != nil {
			return err
		}
	}
	if j.build.account == nil {
		j.build.account, err = held.OpenAccount(ctx)
	}
	return err
}

// Wants reads the right input first.
func (j *Hash) Wants(in dataflow.Port) bool { return in == rightPort || j.built }

// Process stores right rows and looks left rows up.
func (j *Hash) Process(in dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if j.onDisk() {
		return dataflow.Done, j.putAside(in, b)
	}
	if in == rightPort {
		if err := j.build.add(b, j.spec.RightKeys, j.keepsRight()); err != nil {
			return dataflow.Done, err
		}
		err := held.Reserve(j.ctx, j.build.account, j.build.heldBytes(), j.canSpill())
		if j.canSpill() && held.Full(err) {
			err = j.spillBuild()
		}
		return dataflow.Done, err
	}
	j.probe.start(b, j.spec.LeftKeys, &j.build)
	if j.residual == nil && (j.spec.Type == Semi || j.spec.Type == Anti) {
		return dataflow.Done, j.emitLeft(out, j.probe.found(j.spec.Type == Semi))
	}
	if j.onePair() {
		return dataflow.Done, j.emitBeside(out)
	}
	return j.run(out)
}

// onePair reports whether a left row makes at most one pair and nothing needs to know later which
// did: the left batch then goes on as it is, with the right columns put beside it.
func (j *Hash) onePair() bool {
	return j.build.unique && (j.spec.Type == Inner || j.spec.Type == Left && j.residual == nil)
}

// emitBeside emits the left batch with the right columns of the rows that have a match, or of all
// rows if the others are kept.
func (j *Hash) emitBeside(out dataflow.Output) error {
	p, b := &j.probe, &j.beside
	rows := p.beside(j.keepsLeft())
	if len(rows) == 0 {
		return nil
	}
	width := len(p.batch.Cols)
	copy(b.Cols, p.batch.Cols)
	for c := width; c < len(b.Cols); c++ {
		b.Cols[c].Gather(j.build.rows.Cols[c-width], p.right)
	}
	b.SetLen(p.batch.Len())
	b.Sel, b.Kinds = rows, nil
	if len(rows) == b.Len() {
		b.Sel = nil
	}
	if j.residual == nil {
		return out.Emit(b)
	}
	sel, err := j.residual.Select(b, p.sel)
	if err != nil {
		return err
	}
	if p.sel = sel; len(sel) == 0 {
		return nil
	}
	return out.Emit(b.WithSel(sel))
}

func (j *Hash) keepsRight() bool { return j.spec.Type == Right || j.spec.Type == Full }
func (j *Hash) keepsLeft() bool  { return j.spec.Type == Left || j.spec.Type == Full }

// run emits the pairs of the current left batch from the cursor on.
func (j *Hash) run(out dataflow.Output) (dataflow.Status, error) {
	p := &j.probe
	for p.pairs(&j.build, columnar.BatchRows) {
		b, err := j.matching()
		if err != nil {
			return dataflow.Done, err
		}
		if b != nil && j.spec.Type != Semi && j.spec.Type != Anti {
			if err := out.Emit(b); err != nil {
				return dataflow.Done, err
			}
		}
		if !p.finished() && !out.Room() {
			p.keep()
			return dataflow.More, nil
		}
	}
	err := j.finishBatch(out)
	p.drop()
	return dataflow.Done, err
}

// matching fills j.out with the current pairs and drops those the residual rejects; nil if none
// is left.
func (j *Hash) matching() (*columnar.Batch, error) {
	p := &j.probe
	n := len(p.left)
	width := len(p.batch.Cols)
	for c, v := range j.out.Cols {
		if c < width {
			v.Gather(p.batch.Cols[c], p.left)
		} else {
			v.Gather(j.build.rows.Cols[c-width], p.right)
		}
	}
	j.out.SetLen(n)
	j.out.Sel, j.out.Kinds = nil, nil
	b := j.out
	if j.residual != nil {
		sel, err := j.residual.Select(b, p.sel)
		if err != nil {
			return nil, err
		}
		p.sel = sel
		b = b.WithSel(sel)
	}
	for k := range b.Live() {
		i := b.Row(k)
		if j.keepsRight() {
			j.build.matched.Set(int(p.right[i]))
		}
		p.matched[p.pos[i]] = true
	}
	if b.Live() == 0 {
		return nil, nil
	}
	return b, nil
}

// finishBatch emits what is left to say of the current left batch.
func (j *Hash) finishBatch(out dataflow.Output) error {
	p := &j.probe
	switch {
	case j.spec.Type == Semi:
		return j.emitLeft(out, p.rowsWhere(true))
	case j.spec.Type == Anti:
		return j.emitLeft(out, p.rowsWhere(false))
	case !j.keepsLeft():
		return nil
	}
	rows := p.rowsWhere(false)
	if len(rows) == 0 {
		return nil
	}
	none := make([]int32, len(rows))
	for i := range none {
		none[i] = -1
	}
	width := len(p.batch.Cols)
	for c, v := range j.out.Cols {
		if c < width {
			v.Gather(p.batch.Cols[c], rows)
		} else {
			v.Gather(j.build.rows.Cols[c-width], none)
		}
	}
	j.out.SetLen(len(rows))
	j.out.Sel, j.out.Kinds = nil, nil
	return out.Emit(j.out)
}

func (j *Hash) emitLeft(out dataflow.Output, rows []int32) error {
	if len(rows) == 0 {
		return nil
	}
	return out.Emit(j.probe.batch.WithSel(rows))
}

// EndInput seals the table, or after the left input emits the right rows without a match.
func (j *Hash) EndInput(in dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	if j.onDisk() {
		return j.endAside(in, out)
	}
	if in == rightPort {
		j.built = true
		if j.build.unique && !j.onePair() {
			j.build.chainRows()
		}
		return dataflow.Done, nil
	}
	j.ended = true
	return j.Resume(out)
}

// Resume goes on where there was no room.
func (j *Hash) Resume(out dataflow.Output) (dataflow.Status, error) {
	if j.rest != nil {
		return j.rest.Resume(out)
	}
	if !j.ended {
		return j.run(out)
	}
	for j.keepsRight() && j.unmatched < j.build.rows.Len() {
		var rows []int32
		for ; j.unmatched < j.build.rows.Len() && len(rows) < columnar.BatchRows; j.unmatched++ {
			if !j.build.matched.Get(j.unmatched) {
				rows = append(rows, int32(j.unmatched))
			}
		}
		if len(rows) == 0 {
			break
		}
		if err := out.Emit(j.rightOnly(rows)); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			return dataflow.More, nil
		}
	}
	return dataflow.Done, nil
}

func (j *Hash) rightOnly(rows []int32) *columnar.Batch {
	width := len(j.ctx.Inputs[leftPort].Fields)
	for c, v := range j.out.Cols {
		if c < width {
			v.NullConstant(len(rows))
		} else {
			v.Gather(j.build.rows.Cols[c-width], rows)
		}
	}
	j.out.SetLen(len(rows))
	j.out.Sel, j.out.Kinds = nil, nil
	return j.out
}

// StateBytes is the size of the build side and of what is on disk.
func (j *Hash) StateBytes() int64 { return j.build.account.Used() + held.PartitionBytes(j.aside[:]...) }

// Close frees the build side.
func (j *Hash) Close() error {
	if j.out == nil {
		return nil
	}
	j.build.release()
	if !j.inner {
		j.build.account.Close()
	}
	j.probe.drop()
	j.out.Release()
	j.residual.Close()
	return errors.Join(j.rest.Close(), j.aside[leftPort].Close(), j.aside[rightPort].Close())
}
