package state

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
)

// evict writes about n rows of the old generation to disk.
func (t *Tiers[T]) evict(n int) error {
	g := t.old
	for n > 0 && g.stored < len(g.order) {
		t.ids = t.ids[:0]
		for ; g.stored < len(g.order) && len(t.ids) < min(n, blockRows); g.stored++ {
			if id := g.order[g.stored]; !g.moved.Get(int(id)) {
				t.ids = append(t.ids, id)
			}
		}
		n -= len(t.ids)
		if err := t.write(g, t.ids); err != nil {
			return fmt.Errorf("writing state to disk: %w", err)
		}
	}
	if g.stored < len(g.order) {
		return nil
	}
	return t.finishRun()
}

// finishRun puts what was written into the table.
func (t *Tiers[T]) finishRun() error {
	if t.run == nil {
		return nil
	}
	run := t.run
	t.run, t.written = nil, true
	if err := run.Finish(); err != nil {
		return fmt.Errorf("writing state to disk: %w", err)
	}
	return nil
}

// write writes rows of a generation, in order of their hashes, to disk, where they lie until they are
// touched again.
func (t *Tiers[T]) write(g *generation, ids []uint32) error {
	if len(ids) == 0 {
		return nil
	}
	if err := t.open(); err != nil {
		return err
	}
	if err := g.table.Fill(t.rows, ids); err != nil {
		return err
	}
	if t.snapshot != nil {
		t.found = g.idsOf(t.found[:0], ids)
		t.snapshot.leave(t.found, t.rows)
	}
	keys, states := t.rows.Cols[:t.keys], t.rows.Cols[t.keys:]
	for k, id := range ids {
		t.row = columnar.AppendRow(t.row[:0], keys, k)
		var err error
		if t.o.Dead != nil && t.o.Dead(t.rows, k) {
			err = t.run.Delete(g.table.Hash(id), t.row)
		} else {
			t.value = binary.LittleEndian.AppendUint32(t.value[:0], g.ids[id])
			t.value = columnar.AppendRow(t.value, states, k)
			err = t.run.Put(g.table.Hash(id), t.row, t.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open makes the table and the run that are not there yet.
func (t *Tiers[T]) open() (err error) {
	if t.table == nil {
		if t.table, err = t.store.newTable(); err != nil {
			return err
		}
	}
	if t.run == nil {
		t.run, err = t.table.NewRun()
	}
	return err
}

// byHash are n rows in order of their hashes, of which the lower 16 bits are zero: sorted by digits of 16
// bits, the least first, where there are many.
func byHash(n int, hash func(id uint32) uint64) []uint32 {
	type row struct {
		hash uint64
		id   uint32
	}
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{hash(uint32(i)), uint32(i)}
	}
	if n < 1<<14 {
		slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.hash, b.hash) })
	} else {
		other := make([]row, n)
		for shift := 16; shift < 64; shift += 16 {
			var at [1 << 16]int
			for _, r := range rows {
				at[uint16(r.hash>>shift)]++
			}
			sum := 0
			for d, count := range at {
				at[d], sum = sum, sum+count
			}
			for _, r := range rows {
				d := uint16(r.hash >> shift)
				other[at[d]] = r
				at[d]++
			}
			rows, other = other, rows
		}
	}
	ids := make([]uint32, n)
	for i, r := range rows {
		ids[i] = r.id
	}
	return ids
}
