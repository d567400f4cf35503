package columnar

import "math"

// RowAt is the position of live row k: of those at sel, nil being all.
func RowAt(sel []int32, k int) int {
	if sel != nil {
		return int(sel[k])
	}
	return k
}

// EncodeWords writes n live rows of v, the first or those at sel, into every w-th word of dst and the one behind:
// integers as int64, floats as CanonicalFloat, strings as views, which refer to v's buffers. Only the words of strings
// and, if wide, of integers and decimals are two. Those of null rows are undefined.
func EncodeWords(dst []uint64, w int, v *Vector, sel []int32, n int, wide bool) {
	values := v
	if v.Enc == Dictionary {
		values = v.Dict
	}
	switch values.Phys {
	case PhysBits:
		m := values.Bits()
		for k := range n {
			dst[k*w] = b2u(m.Get(v.Index(RowAt(sel, k))))
		}
	case PhysInt8:
		encodeInts(dst, w, v, Values[int8](values), sel, n)
	case PhysInt16:
		encodeInts(dst, w, v, Values[int16](values), sel, n)
	case PhysInt32:
		encodeInts(dst, w, v, Values[int32](values), sel, n)
	case PhysInt64:
		encodeInts(dst, w, v, Values[int64](values), sel, n)
		if wide {
			for k := range n {
				dst[k*w+1] = uint64(int64(dst[k*w]) >> 63)
			}
		}
	case PhysInt128:
		encodeWide(dst, w, v, Values[Int128](values), sel, n, wide)
	case PhysFloat32:
		s := Values[float32](values)
		for k := range n {
			dst[k*w] = CanonicalFloat(float64(s[v.Index(RowAt(sel, k))]))
		}
	case PhysFloat64:
		s := Values[float64](values)
		for k := range n {
			dst[k*w] = CanonicalFloat(s[v.Index(RowAt(sel, k))])
		}
	case PhysView:
		s := Values[View](values)
		if v.Enc == Flat && sel == nil {
			for k, x := range s[:n] {
				dst[k*w], dst[k*w+1] = x.Head, x.Tail
			}
			return
		}
		for k := range n {
			x := s[v.Index(RowAt(sel, k))]
			dst[k*w], dst[k*w+1] = x.Head, x.Tail
		}
	}
}

func encodeWide(dst []uint64, w int, v *Vector, s []Int128, sel []int32, n int, wide bool) {
	for k := range n {
		x := s[v.Index(RowAt(sel, k))]
		dst[k*w] = x.Lo
		if wide {
			dst[k*w+1] = uint64(x.Hi)
		}
	}
}

func encodeInts[T int8 | int16 | int32 | int64](dst []uint64, w int, v *Vector, s []T, sel []int32, n int) {
	switch {
	case v.Enc == Flat && sel == nil:
		for k, x := range s[:n] {
			dst[k*w] = uint64(int64(x))
		}
	case v.Enc == Flat:
		for k, i := range sel[:n] {
			dst[k*w] = uint64(int64(s[i]))
		}
	default:
		for k := range n {
			dst[k*w] = uint64(int64(s[v.Index(RowAt(sel, k))]))
		}
	}
}

// SetWords makes row i of a flat vector the value of words of EncodeWords; a long string lies in bufs.
func (v *Vector) SetWords(i int, w []uint64, bufs [][]byte) {
	switch v.Phys {
	case PhysBits:
		v.Bits().SetTo(i, w[0] != 0)
	case PhysInt8:
		Values[int8](v)[i] = int8(w[0])
	case PhysInt16:
		Values[int16](v)[i] = int16(w[0])
	case PhysInt32:
		Values[int32](v)[i] = int32(w[0])
	case PhysInt64:
		Values[int64](v)[i] = int64(w[0])
	case PhysInt128:
		Values[Int128](v)[i] = Int128{w[0], int64(w[1])}
	case PhysFloat32:
		Values[float32](v)[i] = float32(math.Float64frombits(w[0]))
	case PhysFloat64:
		Values[float64](v)[i] = math.Float64frombits(w[0])
	case PhysView:
		s := View{w[0], w[1]}
		if !s.Inline() {
			v.SetBytes(i, s.Bytes(bufs))
			return
		}
		Values[View](v)[i] = s
	}
}
