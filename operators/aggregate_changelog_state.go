package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// openState makes what writes the groups into snapshots and, where they may, to disk.
func (a *ChangelogAggregate) openState() error {
	schema, err := a.groups.StateSchema()
	if err != nil {
		return err
	}
	if a.ctx.State != nil && len(a.spec.Keys) > 0 && len(a.groups.ValueCalls()) == 0 {
		return a.openTiers(schema)
	}
	if a.ctx.Checkpoints {
		a.delta = state.NewDelta("groups", "", schema, a.groups)
		a.groups.Track(a.delta.Track())
	}
	return nil
}

func (a *ChangelogAggregate) openTiers(schema *columnar.Schema) error {
	types := schema.Types()[:len(a.spec.Keys)]
	before, err := expr.StateTypes(a.spec.Calls[:a.count])
	if err != nil {
		return err
	}
	count := len(types) + len(before)
	a.groups.Release()
	a.tiers, err = state.NewTiers(state.TierOptions[*expr.Grouping]{
		Backend: a.ctx.State, Schema: schema, Keys: len(types), Name: "groups", Snapshots: a.ctx.Checkpoints,
		Make: func() (*expr.Grouping, error) {
			g, err := expr.NewGrouping(types, a.spec.Calls, a.ctx.Env, a.ctx.Budget.Account(a.ctx.Name))
			if err == nil {
				g.Track(tracker{a})
			}
			return g, err
		},
		Dead: func(b *columnar.Batch, i int) bool { return columnar.Values[int64](b.Cols[count])[i] == 0 },
	})
	return err
}

// tracker tells the tiers of groups.
type tracker struct{ a *ChangelogAggregate }

func (t tracker) Touch(ids []uint32) error { return t.a.tiers.Touch(ids) }

// Snapshot writes the groups down.
func (a *ChangelogAggregate) Snapshot(epoch dataflow.Epoch, w *state.Writer) error {
	if a.tiers == nil {
		return a.Aggregate.Snapshot(epoch, w)
	}
	if err := a.tiers.Freeze(true, w); err != nil {
		return err
	}
	for {
		if done, err := a.tiers.Copy(columnar.BatchRows); done || err != nil {
			return err
		}
	}
}

// Freeze begins a snapshot. Values that calls keep are written at once and in full.
func (a *ChangelogAggregate) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	if a.tiers != nil {
		return a.tiers.Freeze(full, w)
	}
	for _, call := range a.groups.ValueCalls() {
		a.groups.EachValue(call, func(b *columnar.Batch) { w.Rows(valuesName(call), b) })
	}
	a.delta.Freeze(full, w)
	return nil
}

// Copy writes further groups.
func (a *ChangelogAggregate) Copy(n int) (done bool, err error) {
	if a.tiers != nil {
		return a.tiers.Copy(n)
	}
	return a.delta.Copy(n)
}

// Restore takes the groups of this subtask in.
func (a *ChangelogAggregate) Restore(r *state.Reader) error { return a.restore(r, a.begin) }
