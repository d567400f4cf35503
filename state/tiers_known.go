package state

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// Known appends to dst those of sel whose keys, in cols, have an entry, wherever it is; of keys that are not in
// memory a few may count as such that have none. It is for those who look many keys up of which few are there:
// unlike Begin and what follows, it enters none and reads nothing.
func (t *Tiers[T]) Known(dst []int32, cols []*columnar.Vector, sel []int32, n int) []int32 {
	t.known = append(t.known[:0], make([]bool, len(sel))...)
	for _, g := range []*generation{t.young, t.old} {
		if g == nil {
			continue
		}
		t.found = g.table.Find(t.found, cols, sel, n)
		for k, id := range t.found {
			t.known[k] = t.known[k] || id != hashtable.NoRow
		}
	}
	if t.written {
		t.hashes = columnar.HashRows(t.hashes, cols, sel, n)
		for k, hash := range t.hashes {
			t.known[k] = t.known[k] || t.table.MayHave(hash&hashOf)
		}
	}
	for k, i := range sel {
		if t.known[k] {
			dst = append(dst, i)
		}
	}
	return dst
}

// hashOf is the part of a hash that Entries tell.
const hashOf = ^uint64(1<<16 - 1)
