package state

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/state/cold"
)

// Known appends to dst those of sel whose keys, in cols, have an entry, wherever it is; keys of floats that are on
// disk, if anywhere, count as such. It is for those who look many keys up of which few are there: unlike Begin and
// what follows, it enters none.
func (t *Tiers[T]) Known(dst []int32, cols []*columnar.Vector, sel []int32, n int) ([]int32, error) {
	t.known = append(t.known[:0], make([]bool, len(sel))...)
	for _, g := range []*generation{t.young, t.old} {
		if g == nil {
			continue
		}
		t.found = g.table.Find(t.found, cols, sel, n)
		for k, id := range t.found {
			t.known[k] = t.known[k] || id != columnar.NoRow
		}
	}
	if t.written {
		if err := t.knownOnDisk(cols, sel, n); err != nil {
			return dst, fmt.Errorf("reading state from disk: %w", err)
		}
	}
	for k, i := range sel {
		if t.known[k] {
			dst = append(dst, i)
		}
	}
	return dst, nil
}

// hashOf is the part of a hash that Entries tell.
const hashOf = ^uint64(1<<16 - 1)

// knownOnDisk marks those of the keys that are not known yet which the disk has.
func (t *Tiers[T]) knownOnDisk(cols []*columnar.Vector, sel []int32, n int) error {
	t.hashes = columnar.HashRows(t.hashes, cols, sel, n)
	t.wanted, t.ids, t.row = t.wanted[:0], t.ids[:0], t.row[:0]
	for k, i := range sel {
		if t.known[k] {
			continue
		}
		if t.floats { // two ways to write a key may be equal
			t.known[k] = true
			continue
		}
		start := len(t.row)
		t.row = columnar.AppendRow(t.row, cols, int(i))
		t.wanted = append(t.wanted, cold.Wanted{Hash: t.hashes[k] & hashOf, Key: t.row[start:]})
		t.ids = append(t.ids, uint32(k))
	}
	if len(t.wanted) == 0 {
		return nil
	}
	return t.table.Find(t.wanted, func(at int, _ []byte) error {
		t.known[t.ids[at]] = true
		return nil
	})
}
