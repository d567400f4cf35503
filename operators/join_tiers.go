package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
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
	if s.tiers, err = openRowTiers(ctx, j.store, s.form(port)); err == nil {
		s.rows = s.tiers.lists.Table()
	}
	return err
}

// form is that of a side as lists.
func (s *joinSide) form(port int) listForm {
	return listForm{name: sideName(port) + " lists", schema: s.schema, keys: s.keys, extra: 1}
}

// enter brings rows with a key of b, at columns, into memory.
func (s *joinSide) enter(b *columnar.Batch, columns []int, change bool) error {
	_, err := s.tiers.enter(b, columns, change)
	s.rows = s.tiers.lists.Table()
	return err
}

// enter brings the rows of both sides that have a key of b into memory.
func (j *SymmetricJoin) enter(in dataflow.Port, b *columnar.Batch) error {
	keys := j.sides[in].keys
	b = b.WithSel(withoutNulls(keyColumns(nil, b, keys), b.Sel, b.Len()))
	for port := range j.sides {
		s := &j.sides[port]
		if err := s.enter(b, keys, port == int(in) || s.counts); err != nil {
			return err
		}
	}
	return nil
}
