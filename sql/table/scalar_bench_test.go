package table

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// BenchmarkScalar measures the calls of a function for one batch after the other.
func BenchmarkScalar(b *testing.B) {
	arg := columnar.NewVector(columnar.TypeBigInt.Required())
	arg.Reset(columnar.BatchRows)
	rows := make([]int32, columnar.BatchRows)
	for i := range rows {
		rows[i] = int32(i)
		columnar.Values[int64](arg)[i] = int64(i)
	}
	out := columnar.NewVector(columnar.TypeBigInt.Required())
	defer arg.Release()
	defer out.Release()
	twice := func(n int64) (int64, error) { return 2 * n, nil }
	for _, c := range []struct {
		name string
		f    Function
	}{
		{"reflected", Scalar("twice", twice)},
		{"typed", Scalar1("twice", twice)},
	} {
		b.Run(c.name, func(b *testing.B) {
			call := newScalarCaller(c.f.(*scalar))
			b.ReportAllocs()
			for b.Loop() {
				out.Reset(len(rows))
				if err := call.call([]*columnar.Vector{arg}, rows, out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(rows))/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
