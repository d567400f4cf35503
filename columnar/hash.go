package columnar

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// HashVersion names the hash function; it is stored with everything that is partitioned by
// hash. Version 1 is a multiply-and-fold mix over canonical values (the construction of
// wyhash, https://github.com/wangyi-fudan/wyhash).
const HashVersion = 1

// HashNull is the hash of a null.
const HashNull = 0x589965cc75374cc3

const (
	hashK0 = 0xa0761d6478bd642f
	hashK1 = 0xe7037ed1a0b428db
	hashK2 = 0x8ebc6af09c88c6e3
)

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// HashWord is the hash of one canonical 64-bit value: an integer, or the CanonicalFloat of a float.
func HashWord(x uint64) uint64 { return fold(x^hashK0, hashK1) }

// combine adds the hash of a further column to that of the columns before it.
func combine(h, x uint64) uint64 { return fold(h^hashK2, x^hashK1) }

func hashWide(x Int128) uint64 {
	if x.IsInt64() {
		return HashWord(x.Lo)
	}
	return fold(x.Lo^hashK0, uint64(x.Hi)^hashK1)
}

func hashView(v *View, bufs [][]byte) uint64 {
	if v.Inline() {
		return fold(v.Head^hashK0, v.Tail^hashK1)
	}
	return hashLong(v.Bytes(bufs))
}

// hashLong hashes a string of more than InlineLength bytes.
func hashLong(s []byte) uint64 {
	n := len(s)
	seed := fold(uint64(n)^hashK0, hashK1)
	if n < 16 {
		return fold(binary.LittleEndian.Uint64(s)^hashK1, binary.LittleEndian.Uint64(s[n-8:])^seed)
	}
	last := s[n-16:]
	for len(s) > 16 {
		seed = fold(binary.LittleEndian.Uint64(s)^hashK1, binary.LittleEndian.Uint64(s[8:])^seed)
		s = s[16:]
	}
	seed = fold(binary.LittleEndian.Uint64(last)^hashK1, binary.LittleEndian.Uint64(last[8:])^seed)
	return fold(seed^hashK0, hashK2)
}

// CanonicalFloat is the bits of f, but one zero for both and one NaN for all.
func CanonicalFloat(f float64) uint64 {
	if f != f {
		return 0x7ff8000000000001
	}
	return math.Float64bits(f + 0)
}

// HashRows writes the hash of each live row of the columns cols into dst, in live order. The
// rows are those at sel, or the first n if sel is nil.
func HashRows(dst []uint64, cols []*Vector, sel []int32, n int) []uint64 {
	if sel != nil {
		n = len(sel)
	}
	if cap(dst) < n {
		dst = make([]uint64, n)
	}
	dst = dst[:n]
	if len(cols) == 0 {
		clear(dst)
		return dst
	}
	for i, c := range cols {
		hashColumn(dst, c, sel, i == 0)
	}
	return dst
}

func hashColumn(dst []uint64, v *Vector, sel []int32, first bool) {
	if v.Enc == Flat && v.Valid == nil && v.Phys == PhysInt64 {
		hashInt64(dst, Values[int64](v), sel, first)
		return
	}
	if v.Enc == Flat && v.Valid == nil && v.Phys == PhysView {
		hashViews(dst, Values[View](v), v.Bufs, sel, first)
		return
	}
	hash := valueHasher(v)
	for k := range dst {
		i := k
		if sel != nil {
			i = int(sel[k])
		}
		h := uint64(HashNull)
		if !v.IsNull(i) {
			h = hash(v.Index(i))
		}
		if !first {
			h = combine(dst[k], h)
		}
		dst[k] = h
	}
}

func hashInt64(dst []uint64, values []int64, sel []int32, first bool) {
	switch {
	case sel == nil && first:
		values = values[:len(dst)]
		for k, x := range values {
			dst[k] = HashWord(uint64(x))
		}
	case sel == nil:
		values = values[:len(dst)]
		for k, x := range values {
			dst[k] = combine(dst[k], HashWord(uint64(x)))
		}
	case first:
		for k, i := range sel {
			dst[k] = HashWord(uint64(values[i]))
		}
	default:
		for k, i := range sel {
			dst[k] = combine(dst[k], HashWord(uint64(values[i])))
		}
	}
}

func hashViews(dst []uint64, views []View, bufs [][]byte, sel []int32, first bool) {
	for k := range dst {
		i := k
		if sel != nil {
			i = int(sel[k])
		}
		w := &views[i]
		h := fold(w.Head^hashK0, w.Tail^hashK1)
		if uint32(w.Head) > InlineLength {
			h = hashLong(w.Bytes(bufs))
		}
		if !first {
			h = combine(dst[k], h)
		}
		dst[k] = h
	}
}

// valueHasher hashes the value at a position of v's values, nulls aside.
func valueHasher(v *Vector) func(i int) uint64 {
	values := v
	if v.Enc == Dictionary {
		values = v.Dict
	}
	switch values.Phys {
	case PhysBits:
		m := values.Bits()
		return func(i int) uint64 { return HashWord(b2u(m.Get(i))) }
	case PhysInt8:
		return signedHasher(Values[int8](values))
	case PhysInt16:
		return signedHasher(Values[int16](values))
	case PhysInt32:
		return signedHasher(Values[int32](values))
	case PhysInt64:
		return signedHasher(Values[int64](values))
	case PhysInt128:
		s := Values[Int128](values)
		return func(i int) uint64 { return hashWide(s[i]) }
	case PhysFloat32:
		s := Values[float32](values)
		return func(i int) uint64 { return HashWord(CanonicalFloat(float64(s[i]))) }
	case PhysFloat64:
		s := Values[float64](values)
		return func(i int) uint64 { return HashWord(CanonicalFloat(s[i])) }
	case PhysView:
		s, bufs := Values[View](values), values.Bufs
		return func(i int) uint64 { return hashView(&s[i], bufs) }
	}
	return nestedHasher(values)
}

func signedHasher[T int8 | int16 | int32 | int64](s []T) func(i int) uint64 {
	return func(i int) uint64 { return HashWord(uint64(int64(s[i]))) }
}

func nestedHasher(v *Vector) func(i int) uint64 {
	hashers := make([]func(int) uint64, len(v.Children))
	for c, child := range v.Children {
		hashers[c] = valueHasher(child)
	}
	one := func(c, i int) uint64 {
		if v.Children[c].IsNull(i) {
			return HashNull
		}
		return hashers[c](v.Children[c].Index(i))
	}
	if v.Phys == PhysStruct {
		return func(i int) uint64 {
			h := uint64(hashK2)
			for c := range hashers {
				h = combine(h, one(c, i))
			}
			return h
		}
	}
	offsets := v.Offsets()
	return func(i int) uint64 {
		h := HashWord(uint64(offsets[i+1] - offsets[i]))
		for e := offsets[i]; e < offsets[i+1]; e++ {
			for c := range hashers {
				h = combine(h, one(c, int(e)))
			}
		}
		return h
	}
}

// KeyGroupBits is how many of the upper bits of a hash name the key group.
const KeyGroupBits = 16

// SubtaskOf is the subtask, of so many, that the hash's key group belongs to.
func SubtaskOf(h uint64, parallelism int) int {
	return int(h >> (64 - KeyGroupBits) * uint64(parallelism) >> KeyGroupBits)
}
