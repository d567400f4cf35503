package state

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state/cold"
)

// Groups are the groups of an aggregation.
type Groups = Tiers[*expr.Grouping]

// Scan goes through all groups of a Groups that does not change meanwhile.
type Scan struct {
	t    *Groups
	step int // 0: the young generation, 1: the old one, 2: the disk
	at   int
	ids  []uint32

	disk   *cold.Rows
	loaded *expr.Grouping  // rows of the disk
	rows   *columnar.Batch // the same
	found  []uint32
}

// NewScan begins to go through the groups.
func NewScan(t *Groups) *Scan { return &Scan{t: t} }

// Next are up to n further groups: the table they are in and their rows there, valid until the next call.
// There are none left if the list is empty.
func (s *Scan) Next(n int) (*expr.Grouping, []uint32, error) {
	for ; s.step < 2; s.step, s.at = s.step+1, 0 {
		g := s.t.young
		if s.step == 1 {
			g = s.t.old
		}
		if g == nil {
			continue
		}
		s.ids = s.ids[:0]
		for rows := g.table.Rows(); s.at < rows && len(s.ids) < n; s.at++ {
			if !g.hasMoved(s.at) {
				s.ids = append(s.ids, uint32(s.at))
			}
		}
		if len(s.ids) > 0 {
			return g.table.(*expr.Grouping), s.ids, nil
		}
	}
	if !s.t.written {
		return s.t.hot(), nil, nil
	}
	return s.read(min(n, columnar.BatchRows))
}

// read is Next for groups that are on disk only.
func (s *Scan) read(n int) (_ *expr.Grouping, ids []uint32, err error) {
	if s.disk == nil {
		if s.disk, err = s.t.table.Rows(); err != nil {
			return nil, nil, err
		}
		if s.loaded, err = s.t.o.Make(); err != nil {
			return nil, nil, err
		}
		s.loaded.Track(nil)
		s.rows = columnar.NewBatch(s.t.schema)
	}
	for done := false; !done; {
		s.rows.Reset(0)
		count := 0
		done, err = s.disk.Next(n, func(key, value []byte) error {
			count++
			return s.t.decode(s.rows, key, value)
		})
		if err != nil {
			return nil, nil, err
		}
		s.rows.SetLen(count)
		if err := s.load(s.rows.WithSel(s.notInMemory(count))); err != nil {
			return nil, nil, err
		}
		if len(s.ids) > 0 {
			return s.loaded, s.ids, nil
		}
	}
	return s.loaded, nil, nil
}

// notInMemory are the rows whose keys neither generation has.
func (s *Scan) notInMemory(n int) []int32 {
	sel := make([]int32, 0, n)
	keys := s.rows.Cols[:s.t.keys]
	s.found = s.t.young.table.Find(s.found, keys, n)
	for i, id := range s.found {
		if id == columnar.NoRow {
			sel = append(sel, int32(i))
		}
	}
	if s.t.old == nil {
		return sel
	}
	s.found = s.t.old.table.Find(s.found, keys, n)
	left := sel[:0]
	for _, i := range sel {
		if s.found[i] == columnar.NoRow {
			left = append(left, i)
		}
	}
	return left
}

func (s *Scan) load(b *columnar.Batch) error {
	s.ids = s.ids[:0]
	if err := s.loaded.Reset(); err != nil {
		return err
	}
	if err := s.loaded.Merge(b, b.Cols[:s.t.keys], b.Cols[s.t.keys:]); err != nil {
		return err
	}
	for i := range s.loaded.Rows() {
		s.ids = append(s.ids, uint32(i))
	}
	return nil
}

// Close gives everything back.
func (s *Scan) Close() error {
	if s == nil || s.disk == nil {
		return nil
	}
	s.rows.Release()
	return errors.Join(s.disk.Close(), s.t.o.Free(s.loaded))
}
