package state

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestByHash orders few rows and so many that they are sorted by digits.
func TestByHash(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1<<14 - 1, 1 << 14, 100_000} {
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		hashes := make([]uint64, n)
		for i := range hashes {
			hashes[i] = rng.Uint64() << 16 >> rng.IntN(3) << rng.IntN(3) &^ 0xffff
		}
		ids := byHash(n, func(id uint32) uint64 { return hashes[id] })
		if !slices.IsSortedFunc(ids, func(a, b uint32) int {
			switch {
			case hashes[a] < hashes[b]:
				return -1
			case hashes[a] > hashes[b]:
				return 1
			}
			return 0
		}) {
			t.Errorf("%d rows are not in order", n)
		}
		slices.Sort(ids)
		for i, id := range ids {
			if id != uint32(i) {
				t.Fatalf("%d rows: place %d is row %d", n, i, id)
			}
		}
	}
}
