package join

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
)

// openSide makes the table, or the tables, of a side.
func (j *Symmetric) openSide(port int) (err error) {
	s, ctx := &j.sides[port], j.ctx
	if j.store == nil {
		if s.rows, err = hashtable.NewRows(s.schema.Types(), s.keys, 1, ctx.Budget.Account(ctx.Name)); err == nil && ctx.Checkpoints {
			s.delta = held.TrackRows(sideName(port), s.stateSchema(), s.rows, s.fill)
		}
		return err
	}
	open := func(part string) (*held.Rows, error) { return held.OpenRows(ctx, j.store, s.form(port, part)) }
	s.slices, err = newSliceSet(open, j.expiring, dataflow.Port(port), s.keeps)
	return err
}

// form is that of a side as lists.
func (s *side) form(port int, part string) held.Form {
	return held.Form{Name: sideName(port) + " lists", Part: part, Schema: s.schema, Keys: s.keys, Extra: 1}
}

// enter brings rows with a key of b, at columns, into memory: of a slice, which is then in use.
func (s *side) enter(x *slice, b *columnar.Batch, columns []int, change bool) error {
	_, err := x.Enter(b, columns, change)
	s.rows = x.Lists.Table()
	return err
}

// enter brings the rows of both sides that have a key of b into memory. Where they are in slices it only makes room.
func (j *Symmetric) enter(in dataflow.Port, b *columnar.Batch) error {
	if j.sliced() {
		return errors.Join(j.sides[leftPort].slices.trim(2*b.Live()), j.sides[rightPort].slices.trim(2*b.Live()))
	}
	keys := j.sides[in].keys
	b = keyed(b, keys)
	for port := range j.sides {
		s := &j.sides[port]
		if err := s.enter(s.slices.list[0], b, keys, port == int(in) || s.counts); err != nil {
			return err
		}
	}
	return nil
}

// keyed are the rows of b that may have a match: none of their keys is null.
func keyed(b *columnar.Batch, keys []int) *columnar.Batch {
	return b.WithSel(withoutNulls(held.KeyColumns(nil, b, keys), b.Sel, b.Len()))
}

// Ahead reads the rows of both sides that have a key of rows that wait together. Those in slices are read as
// they are asked for, since their times tell which are.
func (j *Symmetric) Ahead(in dataflow.Port, waiting []*columnar.Batch) error {
	if j.store == nil || j.sliced() {
		return nil
	}
	keys := j.sides[in].keys
	list := make([]*columnar.Batch, len(waiting))
	for i, b := range waiting {
		list[i] = keyed(b, keys)
	}
	for port := range j.sides {
		s := &j.sides[port]
		x := s.slices.list[0]
		if err := x.Ahead(list, keys); err != nil {
			return err
		}
		s.rows = x.Lists.Table()
	}
	return nil
}
