package columnar

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestSumWide sums narrow and wide values in blocks that are full and are not.
func TestSumWide(t *testing.T) {
	edges := []int64{math.MinInt64, math.MaxInt64, -narrowBias, -narrowBias - 1, narrowBias - 1, narrowBias, 0, -1}
	value := rapid.OneOf(rapid.SampledFrom(edges), rapid.Int64(), rapid.Int64Range(-1000, 1000))
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]*rapid.Generator[int64]{value, rapid.Int64Range(-1000, 1000), rapid.Just(int64(narrowBias - 1))}).Draw(t, "of")
		few := rapid.SliceOfN(value, 1, 9).Draw(t, "values")
		a := make([]int64, rapid.IntRange(0, 3*sumBlock).Draw(t, "rows"))
		var some []int32
		all, part := new(big.Int), new(big.Int)
		for i := range a {
			a[i] = few[i%len(few)]
			all.Add(all, big.NewInt(a[i]))
			if i%3 > 0 {
				some = append(some, int32(i))
				part.Add(part, big.NewInt(a[i]))
			}
		}
		if got := SumWide(a, nil); got.Big().Cmp(all) != 0 {
			t.Fatalf("sum of all %s, want %s", got, all)
		}
		if got := SumWide(a, append([]int32{}, some...)); got.Big().Cmp(part) != 0 {
			t.Fatalf("sum of some %s, want %s", got, part)
		}
	})
}
