package group

import (
	"errors"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// openState makes the groups and the values of DISTINCT calls. Where calls keep values of another kind, all is
// in memory.
func (a *ChangelogAggregate) openState() error {
	types := make([]columnar.Type, len(a.spec.Keys))
	for i, k := range a.spec.Keys {
		types[i] = a.ctx.Inputs[0].Fields[k].Type
	}
	before, err := aggregate.StateTypes(a.spec.Calls[:a.count])
	if err != nil {
		return err
	}
	count := len(types) + len(before)
	a.groups.Release()
	if a.groups, err = a.plainGroups(types, nil); err != nil {
		return err
	}
	if len(a.groups.ValueCalls()) == 0 {
		a.store = a.ctx.State.Store()
	}
	a.groups.Release()
	a.state, err = a.tiers(len(types) > 0, state.TiersOptions[*aggregate.Grouping]{
		Keys: len(types), Name: "groups",
		Dead: func(b *columnar.Batch, i int) bool { return columnar.Values[int64](b.Cols[count])[i] == 0 },
	}, func(account *mem.Account) (*aggregate.Grouping, error) { return a.plainGroups(types, account) })
	for i, c := range a.spec.Calls {
		if err == nil && apart(c) {
			err = a.openDistinct(i, types)
		}
	}
	if err != nil {
		return err
	}
	return a.begin(0)
}

// plainGroups makes a table of groups to which the calls whose values are apart are without DISTINCT.
func (a *ChangelogAggregate) plainGroups(types []columnar.Type, account *mem.Account) (*aggregate.Grouping, error) {
	calls := slices.Clone(a.spec.Calls)
	for i, c := range calls {
		if apart(c) {
			plain := *c
			plain.Distinct, plain.Filter = false, nil
			calls[i] = &plain
		}
	}
	g, err := aggregate.NewGrouping(types, calls, a.ctx.Env, account)
	for i, c := range a.spec.Calls {
		if err == nil && apart(c) {
			g.SetApart(i)
		}
	}
	return g, err
}

// tiers makes keyed state of the operator: on disk, if that is wanted and all of it may be there.
func (a *ChangelogAggregate) tiers(disk bool, o state.TiersOptions[*aggregate.Grouping], mk func(*mem.Account) (*aggregate.Grouping, error)) (*state.Groups, error) {
	account := a.ctx.Budget.Account(a.ctx.Name)
	o.Snapshots = a.ctx.Checkpoints
	o.Make = func() (*aggregate.Grouping, error) { return mk(account) }
	if disk && a.store != nil { // which bounds memory, not the tables
		o.Store, o.Account = a.store, account
		o.Make = func() (*aggregate.Grouping, error) { return mk(nil) }
	}
	return state.NewTiers(o)
}

// begin makes room for n further rows.
func (a *ChangelogAggregate) begin(n int) (err error) {
	a.groups, err = a.state.Begin(n)
	return err
}

// Ahead reads the groups of rows that wait, and what the DISTINCT calls have of them, together.
func (a *ChangelogAggregate) Ahead(_ dataflow.Port, waiting []*columnar.Batch) error {
	if a.store == nil || len(a.spec.Keys) == 0 {
		return nil
	}
	err := a.begin(0)
	for _, d := range a.distinct {
		err = errors.Join(err, d.begin(0))
	}
	for _, b := range waiting {
		if err != nil || a.state.Full() {
			break
		}
		a.cols = held.KeyColumns(a.cols, b, a.spec.Keys)
		err = a.groups.Enter(b, a.cols)
		for _, d := range a.distinct {
			if err == nil {
				err = d.enter(b, a.cols)
			}
		}
	}
	for _, t := range a.all() {
		if err == nil {
			err = t.Touch(nil)
		}
	}
	return err
}

// Snapshot writes everything down. In memory it leaves what Freeze knows of changes as it is.
func (a *ChangelogAggregate) Snapshot(epoch dataflow.Epoch, w *state.Writer) error {
	if a.store == nil {
		err := a.Aggregate.Snapshot(epoch, w)
		for _, d := range a.distinct {
			err = errors.Join(err, d.values.EachState(func(b *columnar.Batch) { w.Rows(valuesName(d.call), b) }))
		}
		return err
	}
	if err := a.Freeze(epoch, true, w); err != nil {
		return err
	}
	for _, t := range a.all() {
		if err := t.CopyAll(); err != nil {
			return err
		}
	}
	return nil
}

// all is the keyed state: the groups, then the values of each DISTINCT call.
func (a *ChangelogAggregate) all() []*state.Groups {
	list := []*state.Groups{a.state}
	for _, d := range a.distinct {
		list = append(list, d.seen)
	}
	return list
}

// Freeze begins a snapshot. Values that calls keep of themselves are written at once and in full.
func (a *ChangelogAggregate) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	for _, call := range a.groups.ValueCalls() {
		a.groups.EachValue(call, func(b *columnar.Batch) { w.Rows(valuesName(call), b) })
	}
	for _, t := range a.all() {
		if err := t.Freeze(full, w); err != nil {
			return err
		}
	}
	return nil
}

// Copy writes further rows.
func (a *ChangelogAggregate) Copy(n int) (done bool, err error) {
	for _, t := range a.all() {
		if done, err = t.Copy(n); err != nil || !done {
			return false, err
		}
	}
	return true, nil
}

// Restore takes the groups of this subtask in, and their values.
func (a *ChangelogAggregate) Restore(r *state.Reader) error {
	err := a.restore(r, a.begin)
	for _, d := range a.distinct {
		if err == nil {
			err = a.ownRows(r, valuesName(d.call), d.after.Schema, d.restore)
		}
	}
	return err
}

// StateBytes is the size of the groups and values.
func (a *ChangelogAggregate) StateBytes() int64 {
	n := a.store.DiskBytes()
	for _, t := range a.all() {
		n += t.SizeBytes()
	}
	return n
}

// Close frees the groups.
func (a *ChangelogAggregate) Close() error {
	for _, b := range []*columnar.Batch{a.before, a.after, a.out} {
		if b != nil {
			b.Release()
		}
	}
	a.differs.Close()
	err := a.state.Close()
	for _, d := range a.distinct {
		err = errors.Join(err, d.close())
	}
	return errors.Join(err, a.store.Close())
}
