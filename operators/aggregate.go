package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// Aggregate groups rows by key and emits one row a group when its input has ended. A Partial one
// also emits, and starts anew, when it holds many groups, so that its memory is bounded.
type Aggregate struct {
	spec   AggregateSpec
	ctx    *dataflow.Context
	groups *expr.Grouping
	out    *columnar.Batch
	next   int // group to emit next, -1 while taking rows in
	ended  bool
	cols   []*columnar.Vector

	taken     int // rows since a Partial one last emitted
	groupsMax int // at how many groups it emits
}

var (
	_ dataflow.Operator   = (*Aggregate)(nil)
	_ dataflow.Resumer    = (*Aggregate)(nil)
	_ dataflow.InputEnder = (*Aggregate)(nil)
)

// partialGroupsMax is how many groups a Partial aggregation holds at most: what fits caches.
const partialGroupsMax = 1 << 16

// partialGroupsMin is how many it holds where few rows share a group: as nothing is to be gained by
// more, the table may as well stay in the nearest cache.
const partialGroupsMin = columnar.BatchRows

// NewAggregate makes the operator of spec.
func NewAggregate(spec AggregateSpec) *Aggregate {
	return &Aggregate{spec: spec, next: -1, groupsMax: partialGroupsMax}
}

// Open makes the hash table.
func (a *Aggregate) Open(ctx *dataflow.Context) (err error) {
	a.ctx = ctx
	in := ctx.Inputs[0]
	keys := make([]columnar.Type, len(a.spec.Keys))
	for i, k := range a.spec.Keys {
		keys[i] = in.Fields[k].Type
	}
	a.groups, err = expr.NewGrouping(keys, a.spec.Calls, ctx.Env, ctx.Budget.Account(ctx.Name))
	a.out = columnar.NewBatch(ctx.Output)
	return err
}

// Process takes rows in.
func (a *Aggregate) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	a.cols = a.cols[:0]
	for _, k := range a.spec.Keys {
		a.cols = append(a.cols, b.Cols[k])
	}
	var err error
	if a.spec.Phase == Final {
		err = a.groups.Merge(b, a.cols, b.Cols[len(a.spec.Keys):])
	} else {
		err = a.groups.Update(b, a.cols)
	}
	if err != nil {
		return dataflow.Done, err
	}
	a.taken += b.Live()
	if groups := a.groups.Rows(); a.spec.Phase == Partial && groups >= a.groupsMax {
		if a.groupsMax = partialGroupsMax; groups > a.taken/4*3 {
			a.groupsMax = partialGroupsMin
		}
		a.next, a.taken = 0, 0
		return a.Resume(out)
	}
	return dataflow.Done, nil
}

// EndInput emits all groups.
func (a *Aggregate) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	a.ended = true
	if len(a.spec.Keys) == 0 {
		if a.spec.Phase == Partial && a.groups.Rows() == 0 {
			return dataflow.Done, nil
		}
		if err := a.groups.Touch(); err != nil {
			return dataflow.Done, err
		}
	}
	a.next = 0
	return a.Resume(out)
}

// Resume emits groups until there is no room or none is left.
func (a *Aggregate) Resume(out dataflow.Output) (dataflow.Status, error) {
	for a.next >= 0 && a.next < a.groups.Rows() {
		n := min(columnar.BatchRows, a.groups.Rows()-a.next)
		if err := a.groups.Emit(a.out, a.next, n, a.spec.Phase == Partial); err != nil {
			return dataflow.Done, err
		}
		a.next += n
		if err := out.Emit(a.out); err != nil {
			return dataflow.Done, err
		}
		if a.next < a.groups.Rows() && !out.Room() {
			return dataflow.More, nil
		}
	}
	a.next = -1
	if a.ended {
		a.groups.Release()
		return dataflow.Done, nil
	}
	return dataflow.Done, a.groups.Reset()
}

// StateBytes is the size of the table.
func (a *Aggregate) StateBytes() int64 { return a.groups.SizeBytes() }

// Close frees the table.
func (a *Aggregate) Close() error {
	if a.groups != nil {
		a.groups.Release()
		a.out.Release()
	}
	return nil
}
