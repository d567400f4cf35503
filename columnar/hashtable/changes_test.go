package hashtable

import (
	"math/rand/v2"
	"testing"
)

// TestChangesKeepWhatWas changes rows while snapshots of them are in progress: each has the rows that
// changed since the one before, every one once and as it was when the snapshot began.
func TestChangesKeepWhatWas(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var rows []int
	copied := map[uint32]int{}
	c := NewChanges(func(ids []uint32) error {
		for _, id := range ids {
			if _, twice := copied[id]; twice {
				t.Fatalf("row %d is copied twice", id)
			}
			copied[id] = rows[id]
		}
		return nil
	})
	change := func() {
		ids := make([]uint32, 1+rng.IntN(20))
		for k := range ids {
			if ids[k] = uint32(rng.IntN(len(rows) + 1)); int(ids[k]) == len(rows) {
				rows = append(rows, 0)
			}
		}
		if err := c.Touch(ids); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			rows[id] = rng.Int()
		}
	}
	var restored []int
	for snapshot := range 200 {
		for range rng.IntN(30) {
			change()
		}
		all := snapshot == 0 || rng.IntN(8) == 0
		want := append([]int(nil), rows...)
		clear(copied)
		c.Freeze(len(rows), all)
		if rng.IntN(5) == 0 { // given up: the next one has to be of all
			change()
			clear(copied)
			want, all = append([]int(nil), rows...), true
			c.Freeze(len(rows), all)
		}
		for done := false; !done; {
			for range rng.IntN(3) {
				change()
			}
			var err error
			if done, err = c.Copy(1 + rng.IntN(100)); err != nil {
				t.Fatal(err)
			}
		}
		if all && len(copied) != len(want) {
			t.Fatalf("%d of %d rows", len(copied), len(want))
		}
		restored = append(restored, make([]int, len(want)-len(restored))...)
		for id, v := range copied {
			restored[id] = v
		}
		for id := range want {
			if restored[id] != want[id] {
				t.Fatalf("snapshot %d: row %d is not what it was", snapshot, id)
			}
		}
	}
}
