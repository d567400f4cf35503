package cold

import (
	"math/rand/v2"
	"testing"
)

// TestFilter checks that no hash is missed and that few others are taken for one, also where the lower
// bits of all are zero.
func TestFilter(t *testing.T) {
	for _, zero := range []uint{0, 16} {
		rng := rand.New(rand.NewPCG(1, 2))
		var f filter
		for n := range 1 << 20 {
			h := rng.Uint64() << zero
			f.add(h)
			if !f.has(h) {
				t.Fatalf("hash %d is not there", n)
			}
		}
		wrong := 0
		for range 100_000 {
			if f.has(rng.Uint64() << zero) {
				wrong++
			}
		}
		if wrong > 5000 {
			t.Errorf("%d of 100000 others are taken for one", wrong)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var f filter
	for range 1 << 20 {
		f.add(rng.Uint64())
	}
	n := 0
	for b.Loop() {
		if f.has(rng.Uint64()) {
			n++
		}
	}
}
