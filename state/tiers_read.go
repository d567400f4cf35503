package state

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/state/cold"
)

// Touch is called with rows of the young generation before they are changed. New ones get the state
// that an older generation or the disk has for their keys.
func (t *Tiers[T]) Touch(rows []uint32) error {
	if t.store != nil {
		if first, n := len(t.young.ids), t.young.table.Rows(); first < n {
			if err := t.fault(uint32(first), n-first); err != nil {
				return fmt.Errorf("reading state from disk: %w", err)
			}
		}
	}
	if t.snapshot == nil {
		return nil
	}
	return t.snapshot.touch(t.young, rows, t.rows)
}

// fault gives n new rows of the young generation, from first on, their ids and states.
func (t *Tiers[T]) fault(first uint32, n int) error {
	y := t.young
	y.ids = append(y.ids, make([]uint32, n)...)
	if t.old == nil && !t.written {
		for i := range n {
			y.ids[int(first)+i] = t.newID()
		}
		return nil
	}
	t.missing, t.wanted, t.row = t.missing[:0], t.wanted[:0], t.row[:0]
	for done := 0; done < n; done += blockRows {
		if err := t.move(first+uint32(done), min(n-done, blockRows)); err != nil {
			return err
		}
	}
	return t.read(t.missing)
}

func (t *Tiers[T]) newID() uint32 {
	t.nextID++
	return t.nextID - 1
}

// move gives n new rows of the young generation, from first on, what the old one has for their keys, and adds
// the others to t.missing, with what is looked for on disk in t.wanted.
func (t *Tiers[T]) move(first uint32, n int) error {
	y, o := t.young, t.old
	t.ids = t.ids[:0]
	for i := range n {
		t.ids = append(t.ids, first+uint32(i))
	}
	y.table.Keys(t.rows, t.ids)
	keys := t.rows.Cols[:t.keys]
	if o != nil {
		t.found = o.table.Find(t.found, keys, nil, n)
	} else {
		t.found = slices.Repeat([]uint32{hashtable.NoRow}, n)
	}
	var at, from []uint32
	for i, id := range t.found {
		row := first + uint32(i)
		if id != hashtable.NoRow {
			o.moved.Set(int(id))
			y.ids[row] = o.ids[id]
			at, from = append(at, row), append(from, id)
			continue
		}
		t.missing = append(t.missing, row)
		if t.written {
			start := len(t.row)
			t.row = columnar.AppendRow(t.row, keys, i)
			t.wanted = append(t.wanted, cold.Wanted{Hash: y.table.Hash(row), Key: t.row[start:]})
		}
	}
	if len(at) == 0 {
		return nil
	}
	if err := o.table.Fill(t.rows, from); err != nil {
		return err
	}
	return y.table.Load(at, t.rows)
}

// read gives the new rows of the young generation what the disk has for them: t.wanted are their keys. The
// more there are, the more of them lie in one block.
func (t *Tiers[T]) read(rows []uint32) error {
	for _, r := range rows {
		t.young.ids[r] = hashtable.NoRow
	}
	if len(t.wanted) > 0 {
		t.rows.Reset(0)
		t.found = t.found[:0]
		states := t.rows.Cols[t.keys:]
		err := t.table.Find(t.wanted, func(at int, value []byte) error {
			t.young.ids[rows[at]] = binary.LittleEndian.Uint32(value)
			t.found = append(t.found, rows[at])
			if _, err := columnar.DecodeRow(states, value[4:]); err != nil || len(t.found) < blockRows {
				return err
			}
			return t.loadFound()
		})
		if err == nil {
			err = t.loadFound()
		}
		if err != nil {
			return err
		}
	}
	for _, r := range rows {
		if t.young.ids[r] == hashtable.NoRow {
			t.young.ids[r] = t.newID()
		}
	}
	return nil
}

// loadFound gives the rows t.found the states in t.rows.
func (t *Tiers[T]) loadFound() error {
	for _, v := range t.rows.Cols[:t.keys] {
		v.Reset(len(t.found))
	}
	t.rows.SetLen(len(t.found))
	if err := t.young.table.Load(t.found, t.rows); err != nil {
		return err
	}
	t.rows.Reset(0)
	t.found = t.found[:0]
	return nil
}
