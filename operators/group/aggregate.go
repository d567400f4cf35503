package group

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state/spill"
)

// Aggregate groups rows by key and emits one row a group when its input has ended. A Partial one
// also emits, and starts anew, when it holds many groups, so that its memory is bounded. Others keep
// the groups they have when memory is full, and put the rows of further ones aside, divided by hash
// into parts that are grouped one after the other at the end.
type Aggregate struct {
	spec   Spec
	ctx    *dataflow.Context
	groups *aggregate.Grouping
	out    *columnar.Batch
	next   int // group to emit next, -1 while taking rows in
	ended  bool
	cols   []*columnar.Vector

	taken     int // rows since a Partial one last emitted
	groupsMax int // at how many groups it emits

	account *mem.Account
	level   int  // of partitions, below an aggregation that has put rows aside
	inner   bool // the account is that of another
	aside   *spill.Partitions
	evicted []*spill.Partitions // groups that were put aside too: their states, and their values call by call
	frozen  int64               // bytes of the groups when the first rows were put aside
	rest    *held.PartitionRun  // the groups of what was put aside; nil before the others are emitted
	known   []int32
	unknown []int32
	hashes  []uint64
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
func NewAggregate(spec Spec) *Aggregate {
	return &Aggregate{spec: spec, next: -1, groupsMax: partialGroupsMax}
}

// Open makes the hash table.
func (a *Aggregate) Open(ctx *dataflow.Context) (err error) {
	a.ctx = ctx
	if a.account == nil {
		if a.account, err = held.OpenAccount(ctx); err != nil {
			return err
		}
	}
	a.out = columnar.NewBatch(ctx.Output)
	a.groups, err = a.newGroups()
	return err
}

func (a *Aggregate) newGroups() (*aggregate.Grouping, error) {
	keys := make([]columnar.Type, len(a.spec.Keys))
	for i, k := range a.spec.Keys {
		keys[i] = a.ctx.Inputs[0].Fields[k].Type
	}
	return aggregate.NewGrouping(keys, a.spec.Calls, a.ctx.Env, nil)
}

// Process takes rows in.
func (a *Aggregate) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	a.cols = a.cols[:0]
	for _, k := range a.spec.Keys {
		a.cols = append(a.cols, b.Cols[k])
	}
	if a.aside != nil {
		var err error
		if b, err = a.putAside(b); err != nil {
			return dataflow.Done, err
		}
	}
	if err := a.take(b); err != nil {
		return dataflow.Done, err
	}
	err := held.Reserve(a.ctx, a.account, a.heldBytes(), a.canSpill())
	if a.spec.Phase == Partial {
		if groups := a.groups.Rows(); err != nil || groups >= a.groupsMax {
			if a.groupsMax = partialGroupsMax; groups > a.taken/4*3 {
				a.groupsMax = partialGroupsMin
			}
			a.account.Force(a.heldBytes())
			a.next, a.taken = 0, 0
			return a.Resume(out)
		}
	}
	if a.canSpill() && held.Full(err) {
		err = a.relieve(err)
	}
	return dataflow.Done, err
}

// take takes the rows of b into their groups.
func (a *Aggregate) take(b *columnar.Batch) error {
	a.taken += b.Live()
	if a.spec.Phase == Final {
		return a.groups.Merge(b, a.cols, b.Cols[len(a.spec.Keys):])
	}
	return a.groups.Update(b, a.cols)
}

func (a *Aggregate) heldBytes() int64 {
	n := a.groups.SizeBytes() + a.aside.PendingBytes()
	for _, p := range a.evicted {
		n += p.PendingBytes()
	}
	return n
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
	if a.rest != nil {
		return a.rest.Resume(out)
	}
	if !a.ended {
		return dataflow.Done, a.groups.Reset()
	}
	a.groups.Release()
	if a.aside == nil {
		return dataflow.Done, a.account.Resize(0)
	}
	if err := a.beginRest(); err != nil {
		return dataflow.Done, err
	}
	return a.rest.Resume(out)
}

// StateBytes is the size of the table and of what was put aside.
func (a *Aggregate) StateBytes() int64 {
	return a.account.Used() + held.PartitionBytes(a.aside) + held.PartitionBytes(a.evicted...)
}

// Close frees the table.
func (a *Aggregate) Close() error {
	if a.groups == nil {
		return nil
	}
	a.groups.Release()
	a.out.Release()
	err := errors.Join(a.rest.Close(), a.aside.Close())
	for _, p := range a.evicted {
		err = errors.Join(err, p.Close())
	}
	if !a.inner {
		a.account.Close()
	}
	return err
}
