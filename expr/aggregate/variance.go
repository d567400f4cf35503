package aggregate

import (
	"math"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// variance is VAR and STDDEV: count, mean and sum of squared differences, updated and merged
// by Chan, Golub and LeVeque (Updating Formulae and a Pairwise Algorithm for Computing Sample
// Variances, 1979).
type variance struct{ name string }

func (v *variance) Words() int       { return 3 }
func (v *variance) SizeBytes() int64 { return 0 }
func (*variance) Release()           {}

func (v *variance) StateTypes() []columnar.Type {
	return []columnar.Type{columnar.TypeBigInt.Required(), columnar.TypeDouble.Required(), columnar.TypeDouble.Required()}
}

func (v *variance) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	x := columnar.Reader{Vector: arg}
	rows.each(arg, func(i int, g uint32, sign int64) {
		mergeMoments(cells.Span(g, 3), sign, x.Float(i), 0)
	})
	return nil
}

// mergeMoments adds (or for negative n takes back) n values of the given mean and sum of
// squared differences.
func mergeMoments(w []uint64, n int64, mean, squares float64) {
	n0, mean0, sq0 := int64(w[0]), math.Float64frombits(w[1]), math.Float64frombits(w[2])
	total := n0 + n
	if total <= 0 {
		w[0], w[1], w[2] = uint64(total), 0, 0
		return
	}
	delta := mean - mean0
	mean1 := mean0 + delta*float64(n)/float64(total)
	sq1 := sq0 + math.Copysign(squares, float64(n)) + delta*delta*float64(n0)*float64(n)/float64(total)
	w[0], w[1], w[2] = uint64(total), math.Float64bits(mean1), math.Float64bits(max(sq1, 0))
}

func (v *variance) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	for _, id := range ids {
		w := cells.Span(id, 3)
		columnar.Grow[int64](out[0], 1)[0] = int64(w[0])
		columnar.Grow[float64](out[1], 1)[0] = math.Float64frombits(w[1])
		columnar.Grow[float64](out[2], 1)[0] = math.Float64frombits(w[2])
	}
}

func (v *variance) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	rows.each(nil, func(i int, g uint32, _ int64) {
		if n := (columnar.Reader{Vector: state[0]}).Int(i); n != 0 {
			mergeMoments(cells.Span(g, 3), n, columnar.Reader{Vector: state[1]}.Float(i), columnar.Reader{Vector: state[2]}.Float(i))
		}
	})
	return nil
}

func (v *variance) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	for _, id := range ids {
		w := cells.Span(id, 3)
		count := float64(int64(w[0]))
		if v.name == "VAR_SAMP" || v.name == "STDDEV_SAMP" {
			count--
		}
		if count <= 0 {
			out.AppendNull()
			continue
		}
		r := math.Float64frombits(w[2]) / count
		if v.name == "STDDEV_POP" || v.name == "STDDEV_SAMP" {
			r = math.Sqrt(r)
		}
		columnar.Grow[float64](out, 1)[0] = r
	}
	return nil
}
