package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
)

// openSide makes the table of a side.
func (j *Symmetric) openSide(port int) (err error) {
	s, ctx := &j.sides[port], j.ctx
	if j.store == nil {
		if s.rows, err = columnar.NewRowTable(s.schema.Types(), s.keys, 1, ctx.Budget.Account(ctx.Name)); err == nil && ctx.Checkpoints {
			s.delta = held.TrackRows(sideName(port), s.stateSchema(), s.rows, s.fill)
		}
		return err
	}
	if s.tiers, err = held.OpenRows(ctx, j.store, s.form(port)); err == nil {
		s.rows = s.tiers.Lists.Table()
	}
	return err
}

// form is that of a side as lists.
func (s *side) form(port int) held.Form {
	return held.Form{Name: sideName(port) + " lists", Schema: s.schema, Keys: s.keys, Extra: 1}
}

// enter brings rows with a key of b, at columns, into memory.
func (s *side) enter(b *columnar.Batch, columns []int, change bool) error {
	_, err := s.tiers.Enter(b, columns, change)
	s.rows = s.tiers.Lists.Table()
	return err
}

// enter brings the rows of both sides that have a key of b into memory.
func (j *Symmetric) enter(in dataflow.Port, b *columnar.Batch) error {
	keys := j.sides[in].keys
	b = b.WithSel(withoutNulls(held.KeyColumns(nil, b, keys), b.Sel, b.Len()))
	for port := range j.sides {
		s := &j.sides[port]
		if err := s.enter(b, keys, port == int(in) || s.counts); err != nil {
			return err
		}
	}
	return nil
}
