package group

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// openState makes the groups. Those of calls that keep values are always in memory.
func (a *ChangelogAggregate) openState() error {
	types := make([]columnar.Type, len(a.spec.Keys))
	for i, k := range a.spec.Keys {
		types[i] = a.ctx.Inputs[0].Fields[k].Type
	}
	before, err := expr.StateTypes(a.spec.Calls[:a.count])
	if err != nil {
		return err
	}
	count := len(types) + len(before)
	if len(types) > 0 && len(a.groups.ValueCalls()) == 0 {
		a.store = a.ctx.State.Store()
	}
	a.groups.Release()
	var tiersAccount *columnar.Account
	tableAccount := func() *columnar.Account { return a.ctx.Budget.Account(a.ctx.Name) }
	if a.store != nil {
		tiersAccount, tableAccount = tableAccount(), func() *columnar.Account { return nil }
	}
	a.state, err = state.NewTiers(state.TiersOptions[*expr.Grouping]{
		Store: a.store, Keys: len(types), Name: "groups", Snapshots: a.ctx.Checkpoints, Account: tiersAccount,
		Make: func() (*expr.Grouping, error) {
			return expr.NewGrouping(types, a.spec.Calls, a.ctx.Env, tableAccount())
		},
		Dead: func(b *columnar.Batch, i int) bool { return columnar.Values[int64](b.Cols[count])[i] == 0 },
	})
	if err != nil {
		return err
	}
	return a.begin(0)
}

// begin makes room for n further rows.
func (a *ChangelogAggregate) begin(n int) (err error) {
	a.groups, err = a.state.Begin(n)
	return err
}

// Snapshot writes the groups down.
func (a *ChangelogAggregate) Snapshot(epoch dataflow.Epoch, w *state.Writer) error {
	if a.store == nil {
		return a.Aggregate.Snapshot(epoch, w)
	}
	if err := a.Freeze(epoch, true, w); err != nil {
		return err
	}
	return a.state.CopyAll()
}

// Freeze begins a snapshot. Values that calls keep are written at once and in full.
func (a *ChangelogAggregate) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	for _, call := range a.groups.ValueCalls() {
		a.groups.EachValue(call, func(b *columnar.Batch) { w.Rows(valuesName(call), b) })
	}
	return a.state.Freeze(full, w)
}

// Copy writes further groups.
func (a *ChangelogAggregate) Copy(n int) (done bool, err error) { return a.state.Copy(n) }

// Restore takes the groups of this subtask in.
func (a *ChangelogAggregate) Restore(r *state.Reader) error { return a.restore(r, a.begin) }

// StateBytes is the size of the groups.
func (a *ChangelogAggregate) StateBytes() int64 { return a.state.SizeBytes() + a.store.DiskBytes() }

// Close frees the groups.
func (a *ChangelogAggregate) Close() error {
	for _, b := range []*columnar.Batch{a.before, a.after, a.out} {
		if b != nil {
			b.Release()
		}
	}
	a.differs.Close()
	return errors.Join(a.state.Close(), a.store.Close())
}
