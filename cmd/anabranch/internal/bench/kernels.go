package bench

import (
	"context"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/progress"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/internal/clock"
)

// Kernels measures kernels against loops a person would write for the same values.
type Kernels struct {
	Rows   int // of a batch
	Repeat int // calls in a measurement
	Pairs  int // measurements of each
}

// Validate reports what is wrong with the options.
func (k Kernels) Validate() error {
	if k.Rows <= 0 || k.Repeat <= 0 || k.Pairs <= 0 {
		return fmt.Errorf("rows %d, repeat %d, pairs %d: each must be at least 1", k.Rows, k.Repeat, k.Pairs)
	}
	return nil
}

// kernelResult is one kernel.
type kernelResult struct {
	Kernel            string  `json:"kernel"`
	RowsPerSecond     float64 `json:"rows_per_second"`
	HandRowsPerSecond float64 `json:"hand_written_rows_per_second"`
	Ratio             float64 `json:"ratio_median"`
	RatioMin          float64 `json:"ratio_min"`
	RatioMax          float64 `json:"ratio_max"`
	// Allocations is how many a call of the kernel makes, once its buffers are there.
	Allocations float64 `json:"allocations_per_batch"`
}

// kernel is a pair of functions that do the same to a batch.
type kernel struct {
	name      string
	own, hand func()
	agree     func() bool // after both have run
}

// Run measures each kernel.
func (k Kernels) Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{
		Benchmark: "kernels", Machine: describe(),
		Parameters: map[string]any{"rows": k.Rows, "repeat": k.Repeat, "pairs": k.Pairs},
		Measures: []string{
			"rows/s: rows of random BIGINT in one goroutine, again and again the same batch, the median of the measurements; by hand: the loop a person would write, without nulls and selections but with the checks of the kernel, for overflow and for positions of no row; its sum is of 64 bits, the kernel's of 128",
			"ratio: the loop's time divided by the kernel's, by pairs of measurements one after the other: the median, the least and the greatest; above 1 the kernel is faster",
		},
		head: []string{"kernel", "rows/s", "by hand", "ratio", "least", "most", "allocations"},
	}
	var results []kernelResult
	for _, x := range k.kernels() {
		o.note("kernels: " + x.name)
		x.own()
		x.hand()
		if !x.agree() {
			return nil, fmt.Errorf("kernel %s and the loop by hand do not agree", x.name)
		}
		result := kernelResult{Kernel: x.name}
		var own, hand, ratios []float64
		for range k.Pairs {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			a, b := k.time(x.own), k.time(x.hand)
			own, hand, ratios = append(own, a), append(hand, b), append(ratios, b/a)
		}
		rows := float64(k.Rows) * float64(k.Repeat)
		result.RowsPerSecond, result.HandRowsPerSecond = rows/median(own), rows/median(hand)
		result.Allocations = k.allocations(x.own)
		result.Ratio, result.RatioMin, result.RatioMax = median(ratios), slices.Min(ratios), slices.Max(ratios)
		results = append(results, result)
		r.row(x.name, progress.Count(result.RowsPerSecond), progress.Count(result.HandRowsPerSecond), strconv.FormatFloat(result.Ratio, 'f', 2, 64),
			strconv.FormatFloat(result.RatioMin, 'f', 2, 64), strconv.FormatFloat(result.RatioMax, 'f', 2, 64), strconv.FormatFloat(result.Allocations, 'f', 1, 64))
	}
	r.Results = results
	return r, nil
}

// time is how many seconds the calls of a measurement take.
func (k Kernels) time(call func()) float64 {
	watch := clock.Start()
	for range k.Repeat {
		call()
	}
	return max(watch.Elapsed().Seconds(), 1e-9)
}

// allocations is how many a call makes on average; what else runs in the process counts too.
func (k Kernels) allocations(call func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range k.Repeat {
		call()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(k.Repeat)
}

// kernels makes the pairs over one batch of random values.
func (k Kernels) kernels() []kernel {
	random := rand.New(rand.NewPCG(1, 2))
	a, b, rows := make([]int64, k.Rows), make([]int64, k.Rows), make([]int32, k.Rows)
	for i := range a {
		a[i], b[i], rows[i] = random.Int64N(1<<40), random.Int64N(1<<40), int32(random.IntN(k.Rows))
	}
	vector := columnar.NewVector(columnar.TypeBigInt)
	vector.SetShared(k.Rows, columnar.RawBytes(a), nil, nil)
	return []kernel{compareKernel(a), addKernel(a, b), hashKernel(vector, a), takeKernel(vector, a, rows), sumKernel(a)}
}

func compareKernel(a []int64) kernel {
	const limit = 1 << 39 // about half of the rows
	out, loop := make([]int32, len(a)), make([]int32, 0, len(a))
	var selected []int32
	return kernel{
		name: "compare", own: func() { selected = columnar.SelectLeConst(out, nil, a, limit) },
		hand: func() {
			loop = loop[:0]
			for i, x := range a {
				if x <= limit {
					loop = append(loop, int32(i))
				}
			}
		},
		agree: func() bool { return slices.Equal(selected, loop) },
	}
}

func addKernel(a, b []int64) kernel {
	dst, loop := make([]int64, len(a)), make([]int64, len(a))
	return kernel{
		name: "arithmetic", own: func() { columnar.AddChecked(dst, a, b) },
		hand: func() {
			over := int64(0)
			for i := range loop {
				x, y := a[i], b[i]
				sum := x + y
				over |= (sum ^ x) & (sum ^ y)
				loop[i] = sum
			}
			if over < 0 {
				panic("overflow")
			}
		},
		agree: func() bool { return slices.Equal(dst, loop) },
	}
}

// hashKernel compares with a hash of the same kind: the halves of a product of 128 bits, folded.
func hashKernel(v *columnar.Vector, a []int64) kernel {
	var dst []uint64
	loop := make([]uint64, len(a))
	return kernel{
		name: "hash", own: func() { dst = columnar.HashRows(dst, []*columnar.Vector{v}, nil, len(a)) },
		hand: func() {
			for i, x := range a {
				hi, lo := bits.Mul64(uint64(x)^0x9e3779b97f4a7c15, 0xa0761d6478bd642f)
				loop[i] = hi ^ lo
			}
		},
		agree: func() bool { return len(dst) == len(loop) },
	}
}

// takeKernel has positions of which -1 would be a null: the loop looks for one too.
func takeKernel(v *columnar.Vector, a []int64, rows []int32) kernel {
	dst, loop := columnar.NewVector(columnar.TypeBigInt), make([]int64, len(a))
	return kernel{
		name: "take", own: func() { dst.Gather(v, rows) },
		hand: func() {
			sign := int32(0)
			for k, r := range rows {
				sign |= r
				loop[k] = a[max(r, 0)]
			}
			if sign < 0 {
				panic("a null")
			}
		},
		agree: func() bool { return slices.Equal(columnar.Values[int64](dst), loop) },
	}
}

func sumKernel(a []int64) kernel {
	var own columnar.Int128
	var loop int64
	return kernel{
		name: "sum", own: func() { own = columnar.SumWide(a, nil) },
		hand: func() {
			loop = 0
			over := int64(0)
			for _, x := range a {
				sum := loop + x
				over |= (loop ^ sum) & (x ^ sum)
				loop = sum
			}
			if over < 0 {
				panic("an overflow")
			}
		},
		agree: func() bool { return own == columnar.Int128Of(loop) },
	}
}
