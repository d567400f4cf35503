package state

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/state/cold"
)

// Scan goes through all entries of a Tiers that does not change meanwhile.
type Scan[T Entries] struct {
	t    *Tiers[T]
	step int // 0: the young generation, 1: the old one, 2: the disk
	at   int
	ids  []uint32

	disk   *cold.Rows
	loaded T               // rows of the disk
	rows   *columnar.Batch // the same
	found  []uint32
}

// NewScan begins to go through the entries.
func NewScan[T Entries](t *Tiers[T]) *Scan[T] { return &Scan[T]{t: t} }

// Next are up to n further entries: the table they are in and their rows there, valid until the next call.
// There are none left if the list is empty.
func (s *Scan[T]) Next(n int) (T, []uint32, error) {
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
			return g.table.(T), s.ids, nil
		}
	}
	if !s.t.written {
		return s.t.hot(), nil, nil
	}
	return s.read(min(n, columnar.BatchRows))
}

// read is Next for entries that are on disk only.
func (s *Scan[T]) read(n int) (_ T, ids []uint32, err error) {
	if s.disk == nil {
		if s.disk, err = s.t.table.Rows(); err != nil {
			return s.loaded, nil, err
		}
		if s.loaded, err = s.t.o.Make(); err != nil {
			return s.loaded, nil, err
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
			return s.loaded, nil, err
		}
		s.rows.SetLen(count)
		if err := s.load(s.rows.WithSel(s.notInMemory(count))); err != nil {
			return s.loaded, nil, err
		}
		if len(s.ids) > 0 {
			return s.loaded, s.ids, nil
		}
	}
	return s.loaded, nil, nil
}

// notInMemory are the rows whose keys neither generation has.
func (s *Scan[T]) notInMemory(n int) []int32 {
	sel := make([]int32, 0, n)
	keys := s.rows.Cols[:s.t.keys]
	s.found = s.t.young.table.Find(s.found, keys, nil, n)
	for i, id := range s.found {
		if id == hashtable.NoRow {
			sel = append(sel, int32(i))
		}
	}
	if s.t.old == nil {
		return sel
	}
	s.found = s.t.old.table.Find(s.found, keys, nil, n)
	left := sel[:0]
	for _, i := range sel {
		if s.found[i] == hashtable.NoRow {
			left = append(left, i)
		}
	}
	return left
}

func (s *Scan[T]) load(b *columnar.Batch) error {
	s.ids = s.ids[:0]
	if err := s.loaded.Refill(b); err != nil {
		return err
	}
	for i := range s.loaded.Rows() {
		s.ids = append(s.ids, uint32(i))
	}
	return nil
}

// Close gives everything back.
func (s *Scan[T]) Close() error {
	if s == nil || s.disk == nil {
		return nil
	}
	s.rows.Release()
	return errors.Join(s.disk.Close(), s.t.o.Free(s.loaded))
}
