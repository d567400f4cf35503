package group

import (
	"errors"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state/spill"
)

// relieve deals with the failure to reserve memory. First, rows of further groups go to disk from now
// on, while the groups that are there stay. If those grow on, as they do where they keep values, they go
// to disk too.
func (a *Aggregate) relieve(err error) error {
	held := a.groups.SizeBytes()
	if a.aside == nil {
		a.frozen = held
		if a.aside, err = a.ctx.Spill.NewPartitions(a.ctx.Inputs[0], a.level); err != nil {
			return err
		}
	} else if held > 2*a.frozen {
		if !a.merges() {
			return err
		}
		if err := a.evict(); err != nil {
			return err
		}
	}
	a.account.Force(a.heldBytes())
	return nil
}

// canSpill reports that groups can go to disk. What is of one group cannot be divided.
func (a *Aggregate) canSpill() bool {
	return a.ctx.Spill != nil && a.spec.Phase != Partial && len(a.spec.Keys) > 0 && a.level < spill.LevelMax
}

// merges reports that groups can be put together again from what was put aside of them.
func (a *Aggregate) merges() bool {
	return !slices.ContainsFunc(a.spec.Calls, func(c *expr.Aggregate) bool { return c.User != nil && !c.User.Merges })
}

// putAside puts the rows of b aside whose groups are not in memory, and returns the others.
func (a *Aggregate) putAside(b *columnar.Batch) (*columnar.Batch, error) {
	a.known, a.unknown = a.groups.Known(b, a.cols, a.known, a.unknown)
	a.hashes = columnar.HashRows(a.hashes, a.cols, a.unknown, b.Len())
	return b.WithSel(a.known), a.aside.Add(b, a.hashes, a.unknown)
}

// evict puts the groups aside.
func (a *Aggregate) evict() error {
	if a.evicted == nil {
		if err := a.makeEvicted(); err != nil {
			return err
		}
	}
	var errs []error
	err := a.groups.EachState(func(b *columnar.Batch) { errs = append(errs, a.addEvicted(0, b)) })
	for i, call := range a.groups.ValueCalls() {
		a.groups.EachValue(call, func(b *columnar.Batch) { errs = append(errs, a.addEvicted(1+i, b)) })
	}
	if err = errors.Join(append(errs, err)...); err != nil {
		return err
	}
	a.groups.Release()
	a.groups, err = a.newGroups()
	return err
}

// makeEvicted makes the partitions of groups.
func (a *Aggregate) makeEvicted() error {
	schema, err := a.groups.StateSchema()
	if err != nil {
		return err
	}
	schemas := []*columnar.Schema{schema}
	for _, call := range a.groups.ValueCalls() {
		schemas = append(schemas, a.groups.ValueSchema(call))
	}
	for _, s := range schemas {
		p, err := a.ctx.Spill.NewPartitions(s, a.level)
		if err != nil {
			return err
		}
		a.evicted = append(a.evicted, p)
	}
	return nil
}

// addEvicted puts rows aside that start with the keys of groups.
func (a *Aggregate) addEvicted(i int, b *columnar.Batch) error {
	a.hashes = columnar.HashRows(a.hashes, b.Cols[:len(a.spec.Keys)], b.Sel, b.Len())
	return a.evicted[i].Add(b, a.hashes, b.Sel)
}

// takeEvicted takes groups that were put aside: their states, or their values.
func (a *Aggregate) takeEvicted(i int, b *columnar.Batch) (err error) {
	if a.evicted != nil {
		return a.addEvicted(i, b)
	}
	if i == 0 {
		keys := len(a.spec.Keys)
		err = a.groups.Merge(b, b.Cols[:keys], b.Cols[keys:])
	} else {
		err = a.groups.AddValues(a.groups.ValueCalls()[i-1], b)
	}
	if err != nil {
		return err
	}
	if err = held.Reserve(a.ctx, a.account, a.heldBytes(), a.canSpill()); a.canSpill() && held.Full(err) {
		a.account.Force(a.heldBytes())
		return a.evictAll()
	}
	return err
}

// evictAll puts the groups aside before the first row of the input.
func (a *Aggregate) evictAll() (err error) {
	if err = a.evict(); err == nil {
		a.aside, err = a.ctx.Spill.NewPartitions(a.ctx.Inputs[0], a.level)
	}
	a.account.Force(a.heldBytes())
	return err
}

// beginRest prepares to group what was put aside.
func (a *Aggregate) beginRest() (err error) {
	var feeds []held.Feed
	for i, p := range a.evicted {
		take := func(op held.Nested, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
			return dataflow.Done, op.(*Aggregate).takeEvicted(i, b)
		}
		feeds = append(feeds, held.Feed{Parts: p, Take: take})
	}
	feeds = append(feeds, held.InputFeed(0, a.aside))
	a.rest, err = held.NewPartitionRun(a.ctx, feeds, func() (held.Nested, error) {
		in := NewAggregate(a.spec)
		in.account, in.inner, in.level = a.account, true, a.level+1
		return in, in.Open(a.ctx)
	})
	if err != nil {
		return err
	}
	return a.account.Resize(0)
}
