package operators

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// SymmetricJoin joins two inputs neither of which need end: each row is stored and looked up among
// those of the other side that have come before it. It is an inner join of rows that are only
// added.
type SymmetricJoin struct {
	spec     JoinSpec
	ctx      *dataflow.Context
	residual *expr.Program
	sides    [2]joinBuild // by port
	port     dataflow.Port
	probe    joinProbe // of the batch that came in at port
	out      *columnar.Batch
}

var (
	_ dataflow.Operator    = (*SymmetricJoin)(nil)
	_ dataflow.Resumer     = (*SymmetricJoin)(nil)
	_ dataflow.Snapshotter = (*SymmetricJoin)(nil)
)

// NewSymmetricJoin makes the operator of spec, which is inner and has keys.
func NewSymmetricJoin(spec JoinSpec) *SymmetricJoin { return &SymmetricJoin{spec: spec} }

// Open makes a hash table for each side.
func (j *SymmetricJoin) Open(ctx *dataflow.Context) (err error) {
	j.ctx = ctx
	pairs := &columnar.Schema{}
	for port, in := range ctx.Inputs {
		pairs.Fields = append(pairs.Fields, in.Fields...)
		keys := j.keys(dataflow.Port(port))
		types := make([]columnar.Type, len(keys))
		for i, k := range keys {
			types[i] = in.Fields[k].Type
		}
		s := &j.sides[port]
		s.account, s.rows = ctx.Budget.Account(ctx.Name), columnar.NewBatch(in)
		if s.table, err = columnar.NewTable(types, 1, nil); err != nil {
			return err
		}
	}
	j.out = columnar.NewBatch(pairs)
	if j.spec.Residual != nil {
		j.residual, err = expr.Compile(j.spec.Residual, ctx.Env)
	}
	return err
}

func (j *SymmetricJoin) keys(in dataflow.Port) []int {
	if in == leftPort {
		return j.spec.LeftKeys
	}
	return j.spec.RightKeys
}

// Process stores the rows and looks them up on the other side.
func (j *SymmetricJoin) Process(in dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if err := j.sides[in].add(b, j.keys(in), false); err != nil {
		return dataflow.Done, fmt.Errorf("%s: %w", j.ctx.Name, err)
	}
	j.port = in
	j.probe.start(b, j.keys(in), &j.sides[1-in])
	return j.Resume(out)
}

// Resume emits the pairs of the current batch from the cursor on.
func (j *SymmetricJoin) Resume(out dataflow.Output) (dataflow.Status, error) {
	p := &j.probe
	for p.pairs(&j.sides[1-j.port], columnar.BatchRows) {
		if err := j.emit(out); err != nil {
			return dataflow.Done, err
		}
		if !p.finished() && !out.Room() {
			p.keep()
			return dataflow.More, nil
		}
	}
	p.drop()
	return dataflow.Done, nil
}

// emit puts the current pairs together and passes those on that meet the residual condition.
func (j *SymmetricJoin) emit(out dataflow.Output) error {
	p := &j.probe
	from := [2]*columnar.Batch{p.batch, j.sides[rightPort].rows}
	rows := [2][]int32{p.left, p.right}
	if j.port == rightPort {
		from = [2]*columnar.Batch{j.sides[leftPort].rows, p.batch}
		rows = [2][]int32{p.right, p.left}
	}
	width := len(from[leftPort].Cols)
	for c, v := range j.out.Cols {
		if c < width {
			v.Gather(from[leftPort].Cols[c], rows[leftPort])
		} else {
			v.Gather(from[rightPort].Cols[c-width], rows[rightPort])
		}
	}
	j.out.SetLen(len(p.left))
	b := j.out
	if j.residual != nil {
		sel, err := j.residual.Select(b, p.sel)
		if err != nil {
			return fmt.Errorf("%s: %w", j.ctx.Name, err)
		}
		if p.sel = sel; len(sel) == 0 {
			return nil
		}
		b = b.WithSel(sel)
	}
	return out.Emit(b)
}

// sideName is the name of a side's rows in snapshots.
func sideName(in int) string { return [2]string{"left", "right"}[in] }

// Snapshot writes the rows of both sides down.
func (j *SymmetricJoin) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	for in := range j.sides {
		rows := j.sides[in].rows
		for first := 0; first < rows.Len(); first += columnar.BatchRows {
			sel := make([]int32, min(columnar.BatchRows, rows.Len()-first))
			for k := range sel {
				sel[k] = int32(first + k)
			}
			w.Rows(sideName(in), rows.WithSel(sel))
		}
	}
	return nil
}

// Restore stores the rows of this subtask's keys again; their pairs were emitted.
func (j *SymmetricJoin) Restore(r *state.Reader) error {
	for in := range j.sides {
		s, keys := &j.sides[in], j.keys(dataflow.Port(in))
		err := r.Rows(sideName(in), s.rows.Schema, func(b *columnar.Batch) error {
			own := r.SelectOwn(columnar.HashRows(nil, keyColumns(nil, b, keys), nil, b.Len()))
			if len(own) == 0 {
				return nil
			}
			return s.add(b.WithSel(own), keys, false)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// StateBytes is the size of both sides.
func (j *SymmetricJoin) StateBytes() int64 {
	return j.sides[leftPort].account.Used() + j.sides[rightPort].account.Used()
}

// Close frees both sides.
func (j *SymmetricJoin) Close() error {
	j.probe.drop()
	for in := range j.sides {
		if j.sides[in].table != nil {
			j.sides[in].release()
		}
	}
	if j.out != nil {
		j.out.Release()
	}
	j.residual.Close()
	return nil
}
