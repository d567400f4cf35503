package parquet

import (
	"math/rand/v2"
	"testing"
)

func TestLookUpAgreesWithUnpack(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for width := uint(1); width <= 32; width++ {
		// The last entry of the dictionary is missing in every second round.
		for round := range 20 {
			entries := min(1<<width, 1<<16) - round%2
			src := make([]byte, 4*300+slack)
			for i := range src[:4*300] {
				src[i] = byte(rng.Uint32())
			}
			if width > 16 { // keep most indexes small
				for i := range src {
					x := rng.Uint32()
					src[i] &= byte(x) & byte(x>>8) & byte(x>>16)
				}
			}
			first, n := rng.IntN(20), rng.IntN(270)
			codes := make([]int32, n)
			unpack(codes, src, first, width)
			dict := make([]int64, entries)
			for i := range dict {
				dict[i] = rng.Int64()
			}
			bad := -1
			for i, c := range codes {
				if uint32(c) >= uint32(entries) {
					bad = i
					break
				}
			}
			dst := make([]int64, n)
			err := lookUpPacked(dst, dict, src, first, width)
			if (err != nil) != (bad >= 0) {
				t.Fatalf("width %d: error %v, first bad index is at %d", width, err, bad)
			}
			if bad < 0 {
				bad = n
			}
			for i, c := range codes[:bad] {
				if dst[i] != dict[c] {
					t.Fatalf("width %d, first %d: value %d is not entry %d", width, first, i, c)
				}
			}
		}
	}
}

func BenchmarkLookUp(b *testing.B) {
	src := make([]byte, 8192*4+slack)
	dst := make([]int64, 8192)
	dict := make([]int64, 1<<16)
	for _, width := range []uint{4, 8, 12, 20} {
		b.Run(string(rune('0'+width/10))+string(rune('0'+width%10)), func(b *testing.B) {
			n := 0
			for b.Loop() {
				if err := lookUpPacked(dst, dict, src, 0, width); err != nil {
					b.Fatal(err)
				}
				n += len(dst)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mvalues/s")
		})
	}
}
