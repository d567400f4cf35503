package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// openSide makes the table of a side.
func (j *SymmetricJoin) openSide(port int) (err error) {
	s, ctx := &j.sides[port], j.ctx
	if j.store == nil {
		if s.rows, err = columnar.NewRowTable(s.schema.Types(), s.keys, 1, ctx.Budget.Account(ctx.Name)); err == nil && ctx.Checkpoints {
			s.delta = trackRows(sideName(port), s.stateSchema(), s.rows, s.fill)
		}
		return err
	}
	account := func() *columnar.Account { return ctx.Budget.Account(ctx.Name) }
	s.tiers, err = state.NewTiers(state.TiersOptions[*state.Lists]{
		Store: j.store, Keys: len(s.keys), Name: listsName(port), Snapshots: ctx.Checkpoints, Dead: state.EmptyList,
		Make: func() (*state.Lists, error) { return state.NewLists(s.schema, s.keys, 1, account) },
	})
	if err != nil {
		return err
	}
	_, err = s.begin(0)
	return err
}

// begin makes room for the rows of n further keys.
func (s *joinSide) begin(n int) (*state.Lists, error) {
	lists, err := s.tiers.Begin(n)
	s.rows = lists.Table()
	return lists, err
}

// enter brings the rows of both sides that have a key of b into memory.
func (j *SymmetricJoin) enter(in dataflow.Port, b *columnar.Batch) error {
	keys := j.sides[in].keys
	b = b.WithSel(withoutNulls(keyColumns(nil, b, keys), b.Sel, b.Len()))
	for port := range j.sides {
		s := &j.sides[port]
		lists, err := s.begin(b.Live())
		if err != nil {
			return err
		}
		if err := lists.Enter(b, keys, port == int(in) || s.counts); err != nil {
			return err
		}
	}
	return nil
}

// listsName is the name of the lists of a side in snapshots.
func listsName(port int) string { return sideName(port) + " lists" }

// restoreLists takes lists of this subtask's keys in.
func (j *SymmetricJoin) restoreLists(port int, r *state.Reader) error {
	s := &j.sides[port]
	rows := columnar.NewBatch(s.schema)
	defer rows.Release()
	return r.Rows(listsName(port), state.ListSchema(s.schema, s.keys), func(b *columnar.Batch) error {
		own := b.WithSel(r.SelectOwn(columnar.HashRows(nil, b.Cols[:len(s.keys)], nil, b.Len())))
		return state.DecodeLists(own, rows, 1, func(rows *columnar.Batch, words []uint64) error {
			return j.restoreRows(dataflow.Port(port), rows, words)
		})
	})
}
