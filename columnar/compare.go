package columnar

import "math"

// Ordered lists the integer types the selection kernels compare; floats are compared by their
// OrderedFloat keys.
type Ordered interface {
	int8 | int16 | int32 | int64
}

// OrderedFloat maps a float to an integer of the same order: -0 equals 0, every NaN equals
// every other and is the greatest.
func OrderedFloat(f float64) int64 {
	if f != f {
		return math.MaxInt64
	}
	b := int64(math.Float64bits(f + 0))
	return b ^ int64(uint64(b>>63)>>1)
}

// The selection kernels append to out[:0] the rows of sel (or the first len(a) rows if sel is
// nil) for which the comparison holds. They are branch-free: every row is written and the
// length advances by the outcome. out must have room for every row looked at.

// SelectEqConst selects a == c.
func SelectEqConst[T Ordered](out, sel []int32, a []T, c T) []int32 {
	n := 0
	if sel == nil {
		out = out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x == c {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] == c {
			n++
		}
	}
	return out[:n]
}

// SelectNeConst selects a != c.
func SelectNeConst[T Ordered](out, sel []int32, a []T, c T) []int32 {
	n := 0
	if sel == nil {
		out = out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x != c {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] != c {
			n++
		}
	}
	return out[:n]
}

// SelectLeConst selects a <= c.
func SelectLeConst[T Ordered](out, sel []int32, a []T, c T) []int32 {
	n := 0
	if sel == nil {
		out = out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x <= c {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] <= c {
			n++
		}
	}
	return out[:n]
}

// SelectGeConst selects a >= c.
func SelectGeConst[T Ordered](out, sel []int32, a []T, c T) []int32 {
	n := 0
	if sel == nil {
		out = out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x >= c {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] >= c {
			n++
		}
	}
	return out[:n]
}

// SelectEq selects a == b.
func SelectEq[T Ordered](out, sel []int32, a, b []T) []int32 {
	n := 0
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x == b[i] {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] == b[i] {
			n++
		}
	}
	return out[:n]
}

// SelectNe selects a != b.
func SelectNe[T Ordered](out, sel []int32, a, b []T) []int32 {
	n := 0
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x != b[i] {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] != b[i] {
			n++
		}
	}
	return out[:n]
}

// SelectLt selects a < b.
func SelectLt[T Ordered](out, sel []int32, a, b []T) []int32 {
	n := 0
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x < b[i] {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] < b[i] {
			n++
		}
	}
	return out[:n]
}

// SelectLe selects a <= b.
func SelectLe[T Ordered](out, sel []int32, a, b []T) []int32 {
	n := 0
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			out[n] = int32(i)
			if x <= b[i] {
				n++
			}
		}
		return out[:n]
	}
	out = out[:len(sel)]
	for _, i := range sel {
		out[n] = i
		if a[i] <= b[i] {
			n++
		}
	}
	return out[:n]
}

// SelectWhere selects the rows for which holds is true; it is for comparisons too dear for a
// call a row to matter.
func SelectWhere(out, sel []int32, n int, holds func(i int) bool) []int32 {
	out = out[:0]
	if sel == nil {
		for i := range n {
			if holds(i) {
				out = append(out, int32(i))
			}
		}
		return out
	}
	for _, i := range sel {
		if holds(int(i)) {
			out = append(out, i)
		}
	}
	return out
}

// SelectValid drops the rows of sel (nil: the first n) that are null in valid, in place if sel
// is out.
func SelectValid(out, sel []int32, valid Bitmap, n int) []int32 {
	if sel == nil {
		return valid.AppendOnes(out[:0], n)
	}
	k := 0
	out = out[:len(sel)]
	for _, i := range sel {
		out[k] = i
		k += int(valid[uint(i)/64] >> (uint(i) % 64) & 1)
	}
	return out[:k]
}

// Without writes the rows of sel (nil: the first n) that are not in sub, which must be part of
// it, into out.
func Without(out, sel, sub []int32, n int) []int32 {
	out = out[:0]
	k := 0
	if sel == nil {
		for i := range int32(n) {
			if k < len(sub) && sub[k] == i {
				k++
				continue
			}
			out = append(out, i)
		}
		return out
	}
	for _, i := range sel {
		if k < len(sub) && sub[k] == i {
			k++
			continue
		}
		out = append(out, i)
	}
	return out
}

// Merge writes the union of two increasing, disjoint selections into out, which may be neither.
func Merge(out, a, b []int32) []int32 {
	out = out[:0]
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if a[i] < b[j] {
			out = append(out, a[i])
			i++
		} else {
			out = append(out, b[j])
			j++
		}
	}
	out = append(out, a[i:]...)
	return append(out, b[j:]...)
}

// CompareValues orders two values of flat vectors of one type and layout, nulls aside.
func CompareValues(a *Vector, i int, b *Vector, j int) int {
	i, j = a.Index(i), b.Index(j)
	if a.Enc == Dictionary {
		a = a.Dict
	}
	if b.Enc == Dictionary {
		b = b.Dict
	}
	switch {
	case a.Phys == PhysView:
		return compareViews(&Values[View](a)[i], a.Bufs, &Values[View](b)[j], b.Bufs)
	case a.Phys == PhysInt128 || b.Phys == PhysInt128:
		return a.WideAt(i).Cmp(b.WideAt(j))
	}
	x, y := a.orderedAt(i), b.orderedAt(j)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// WideAt is the value at position i of a flat vector of decimals or integers of any width.
func (v *Vector) WideAt(i int) Int128 {
	if v.Phys == PhysInt128 {
		return Values[Int128](v)[i]
	}
	return Int128Of(v.Int64At(i))
}

// orderedAt is the value at position i as an integer of the same order.
func (v *Vector) orderedAt(i int) int64 {
	switch v.Phys {
	case PhysBits:
		return int64(b2u(v.Bits().Get(i)))
	case PhysFloat32:
		return OrderedFloat(float64(Values[float32](v)[i]))
	case PhysFloat64:
		return OrderedFloat(Values[float64](v)[i])
	}
	return v.Int64At(i)
}

// Int64At is the value at position i of a flat vector of integers of any width.
func (v *Vector) Int64At(i int) int64 {
	switch v.Phys {
	case PhysInt8:
		return int64(Values[int8](v)[i])
	case PhysInt16:
		return int64(Values[int16](v)[i])
	case PhysInt32:
		return int64(Values[int32](v)[i])
	}
	return Values[int64](v)[i]
}
