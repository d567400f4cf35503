package aggregate

import (
	"math"
	"math/bits"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/expr"
)

// exactSum is SUM and AVG of integers and decimals: a 128-bit sum and a count, three words. A
// sum cannot overflow 128 bits unless its values need more than 38 digits, which is an error.
type exactSum struct {
	call  *expr.Aggregate
	scale int
}

func (s *exactSum) Words() int       { return 3 }
func (s *exactSum) SizeBytes() int64 { return 0 }
func (*exactSum) Release()           {}

func (s *exactSum) StateTypes() []columnar.Type {
	return []columnar.Type{columnar.DecimalOf(columnar.DigitsMax, s.scale).Required(), columnar.TypeBigInt.Required()}
}

func (s *exactSum) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	if arg.Valid == nil && rows.Kinds == nil && arg.Enc == columnar.Flat {
		switch arg.Phys {
		case columnar.PhysInt64:
			sumFast(cells, rows, columnar.Values[int64](arg))
			return nil
		case columnar.PhysInt32:
			sumFast(cells, rows, columnar.Values[int32](arg))
			return nil
		}
	}
	v, over := columnar.Reader{Vector: arg}, false
	rows.each(arg, func(i int, g uint32, sign int64) {
		x := v.Wide(i)
		if sign < 0 {
			x = x.Negate()
		}
		over = !addWide(cells.Span(g, 3), x, uint64(sign)) || over
	})
	if over {
		return s.overflow()
	}
	return nil
}

func (s *exactSum) overflow() error {
	return failed(s.call, "the sum needs more than %d digits", columnar.DigitsMax)
}

// addWide adds x and n to the sum and the count.
func addWide(w []uint64, x columnar.Int128, n uint64) bool {
	sum, ok := columnar.Int128{Lo: w[0], Hi: int64(w[1])}.Add(x)
	w[0], w[1] = sum.Lo, uint64(sum.Hi)
	w[2] += n
	return ok
}

// sumFast adds rows without nulls or retractions.
func sumFast[T int32 | int64](cells hashtable.Cells, rows Rows, vals []T) {
	if rows.Group == nil {
		sum := columnar.SumWide(vals[:rows.Len], rows.Sel)
		addWide(cells.Span(0, 3), sum, uint64(rows.live()))
		return
	}
	if rows.Sel == nil {
		group := rows.Group[:rows.Len]
		for i, x := range vals[:rows.Len] {
			addNarrow(cells.Span(group[i], 3), int64(x))
		}
		return
	}
	for _, i := range rows.Sel {
		addNarrow(cells.Span(rows.Group[i], 3), int64(vals[i]))
	}
}

func addNarrow(w []uint64, x int64) {
	lo, carry := bits.Add64(w[0], uint64(x), 0)
	w[0] = lo
	w[1] += uint64(x>>63) + carry
	w[2]++
}

func (s *exactSum) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	sums := columnar.Grow[columnar.Int128](out[0], len(ids))
	counts := columnar.Grow[int64](out[1], len(ids))
	for k, id := range ids {
		w := cells.Span(id, 3)
		sums[k], counts[k] = columnar.Int128{Lo: w[0], Hi: int64(w[1])}, int64(w[2])
	}
}

func (s *exactSum) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	if state[0].Enc == columnar.Flat && state[0].Phys == columnar.PhysInt128 && state[1].Enc == columnar.Flat && rows.Group != nil && rows.Sel == nil {
		return s.mergeFlat(cells, rows, columnar.Values[columnar.Int128](state[0]), columnar.Values[int64](state[1]))
	}
	sums, counts, over := columnar.Reader{Vector: state[0]}, columnar.Reader{Vector: state[1]}, false
	rows.each(nil, func(i int, g uint32, _ int64) {
		over = !addWide(cells.Span(g, 3), sums.Wide(i), uint64(counts.Int(i))) || over
	})
	if over {
		return s.overflow()
	}
	return nil
}

// mergeFlat is Merge without a call a row.
func (s *exactSum) mergeFlat(cells hashtable.Cells, rows Rows, sums []columnar.Int128, counts []int64) error {
	ok := true
	group := rows.Group[:rows.Len]
	sums, counts = sums[:len(group)], counts[:len(group)]
	for i, g := range group {
		ok = addWide(cells.Span(g, 3), sums[i], uint64(counts[i])) && ok
	}
	if !ok {
		return s.overflow()
	}
	return nil
}

func (s *exactSum) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	if s.call.Type.Kind == columnar.BigInt {
		return s.bigints(cells, ids, out)
	}
	for _, id := range ids {
		w := cells.Span(id, 3)
		if w[2] == 0 {
			out.AppendNull()
			continue
		}
		if err := s.one(columnar.Int128{Lo: w[0], Hi: int64(w[1])}, int64(w[2]), out); err != nil {
			return err
		}
	}
	return nil
}

// bigints is Result of SUM of integers.
func (s *exactSum) bigints(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	base, high := out.Len(), uint64(0)
	dst := columnar.Grow[int64](out, len(ids))
	for k, id := range ids {
		w := cells.Span(id, 3)
		dst[k] = int64(w[0])
		high |= w[1] ^ uint64(int64(w[0])>>63)
		if w[2] == 0 {
			out.MakeValid().Clear(base + k)
		}
	}
	if high == 0 {
		return nil
	}
	for _, id := range ids {
		w := cells.Span(id, 3)
		if sum := (columnar.Int128{Lo: w[0], Hi: int64(w[1])}); w[2] != 0 && !sum.IsInt64() {
			return failed(s.call, "BIGINT out of range: %s", sum)
		}
	}
	return nil
}

func (s *exactSum) one(sum columnar.Int128, count int64, out *columnar.Vector) error {
	t := s.call.Type
	switch {
	case t.Kind == columnar.Double: // AVG of integers
		columnar.Grow[float64](out, 1)[0] = sum.Float64() / float64(count)
	default:
		if s.call.Name == "AVG" {
			var ok bool
			if sum, ok = mean(sum, count, t.Scale-s.scale); !ok {
				return s.overflow()
			}
		}
		if !columnar.FitsDigits(sum, columnar.DigitsMax) {
			return s.overflow()
		}
		columnar.Grow[columnar.Int128](out, 1)[0] = sum
	}
	return nil
}

// mean is sum/count with some more decimal digits, rounded half away from zero; ok is false if it needs too
// many digits.
func mean(sum columnar.Int128, count int64, digits int) (m columnar.Int128, ok bool) {
	q, r := sum.QuoRem(columnar.Int128Of(count))
	if q, ok = q.Mul(columnar.Pow10(digits)); !ok {
		return q, false
	}
	r, _ = r.Mul(columnar.Pow10(digits)) // less than 2^63 times a million
	return q.Add(columnar.DivRound(r, columnar.Int128Of(count)))
}

// floatSum is SUM and AVG of floats: Neumaier's compensated sum (Rundungsfehleranalyse einiger
// Verfahren zur Summation endlicher Summen, 1974), with NaN and the infinities counted apart, so
// that taking a row back is as exact as adding it.
type floatSum struct{ avg bool }

// The words of a floatSum.
const (
	sumValue = iota
	sumRest
	sumCount
	sumNaN
	sumPosInf
	sumNegInf
	sumWords
)

func (s *floatSum) Words() int       { return sumWords }
func (s *floatSum) SizeBytes() int64 { return 0 }
func (*floatSum) Release()           {}

func (s *floatSum) StateTypes() []columnar.Type {
	types := make([]columnar.Type, sumWords)
	for i := range types {
		types[i] = columnar.TypeBigInt.Required()
	}
	types[sumValue], types[sumRest] = columnar.TypeDouble.Required(), columnar.TypeDouble.Required()
	return types
}

func (s *floatSum) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	v := columnar.Reader{Vector: arg}
	rows.each(arg, func(i int, g uint32, sign int64) {
		addFloat(cells.Span(g, sumWords), v.Float(i), sign)
	})
	return nil
}

func addFloat(w []uint64, x float64, sign int64) {
	w[sumCount] += uint64(sign)
	switch {
	case x != x:
		w[sumNaN] += uint64(sign)
	case x > math.MaxFloat64:
		w[sumPosInf] += uint64(sign)
	case x < -math.MaxFloat64:
		w[sumNegInf] += uint64(sign)
	default:
		compensate(w, x*float64(sign))
	}
}

func compensate(w []uint64, x float64) {
	sum, rest := math.Float64frombits(w[sumValue]), math.Float64frombits(w[sumRest])
	t := sum + x
	if math.Abs(sum) >= math.Abs(x) {
		rest += (sum - t) + x
	} else {
		rest += (x - t) + sum
	}
	w[sumValue], w[sumRest] = math.Float64bits(t), math.Float64bits(rest)
}

func (s *floatSum) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	for word, v := range out {
		for _, id := range ids {
			x := cells.Span(id, sumWords)[word]
			if v.Phys == columnar.PhysFloat64 {
				columnar.Grow[float64](v, 1)[0] = math.Float64frombits(x)
			} else {
				columnar.Grow[int64](v, 1)[0] = int64(x)
			}
		}
	}
}

func (s *floatSum) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	rows.each(nil, func(i int, g uint32, _ int64) {
		w := cells.Span(g, sumWords)
		compensate(w, columnar.Reader{Vector: state[sumValue]}.Float(i))
		compensate(w, columnar.Reader{Vector: state[sumRest]}.Float(i))
		for word := sumCount; word < sumWords; word++ {
			w[word] += uint64(columnar.Reader{Vector: state[word]}.Int(i))
		}
	})
	return nil
}

func (s *floatSum) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	for _, id := range ids {
		w := cells.Span(id, sumWords)
		if w[sumCount] == 0 {
			out.AppendNull()
			continue
		}
		sum := math.Float64frombits(w[sumValue]) + math.Float64frombits(w[sumRest])
		switch {
		case w[sumNaN] != 0 || w[sumPosInf] != 0 && w[sumNegInf] != 0:
			sum = math.NaN()
		case w[sumPosInf] != 0:
			sum = math.Inf(1)
		case w[sumNegInf] != 0:
			sum = math.Inf(-1)
		}
		if s.avg {
			sum /= float64(int64(w[sumCount]))
		}
		columnar.Grow[float64](out, 1)[0] = sum
	}
	return nil
}
