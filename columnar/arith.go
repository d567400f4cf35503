package columnar

import (
	"math"
	"math/bits"
)

// Signed lists the integer value types.
type Signed interface {
	int8 | int16 | int32 | int64
}

// AddChecked writes a+b into dst and reports whether any row overflowed.
func AddChecked[T Signed](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	var over T
	for i := range dst {
		x, y := a[i], b[i]
		s := x + y
		dst[i] = s
		over |= (x ^ s) & (y ^ s)
	}
	return over < 0
}

// SubChecked writes a-b into dst and reports whether any row overflowed.
func SubChecked[T Signed](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	var over T
	for i := range dst {
		x, y := a[i], b[i]
		s := x - y
		dst[i] = s
		over |= (x ^ y) & (x ^ s)
	}
	return over < 0
}

// MulChecked writes a*b into dst and reports whether any row overflowed.
func MulChecked[T int8 | int16 | int32](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	var over int64
	for i := range dst {
		p := int64(a[i]) * int64(b[i])
		dst[i] = T(p)
		over |= p ^ int64(T(p))
	}
	return over != 0
}

// MulChecked64 writes a*b into dst and reports whether any row overflowed.
func MulChecked64(dst, a, b []int64) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	var over int64
	for i := range dst {
		x, y := a[i], b[i]
		hi, lo := bits.Mul64(uint64(x), uint64(y))
		h := int64(hi) - (x>>63)&y - (y>>63)&x
		dst[i] = int64(lo)
		over |= h ^ int64(lo)>>63
	}
	return over != 0
}

// ScaleChecked64 writes a*factor into dst and reports whether any row overflowed.
func ScaleChecked64(dst, a []int64, factor int64) bool {
	a = a[:len(dst)]
	var over int64
	for i := range dst {
		x := a[i]
		hi, lo := bits.Mul64(uint64(x), uint64(factor))
		h := int64(hi) - (x>>63)&factor - (factor>>63)&x
		dst[i] = int64(lo)
		over |= h ^ int64(lo)>>63
	}
	return over != 0
}

// ShiftChecked64 writes a+by into dst and reports whether any row overflowed or is not between lo and hi.
func ShiftChecked64(dst, a []int64, by, lo, hi int64) bool {
	a = a[:len(dst)]
	var over int64
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range dst {
		x := a[i]
		y := x + by
		dst[i] = y
		over |= (x ^ y) & (by ^ y)
		least, most = min(least, y), max(most, y)
	}
	return over < 0 || len(dst) > 0 && (least < lo || most > hi)
}

// Floats lists the floating-point value types.
type Floats interface{ float32 | float64 }

// AddFloat writes a+b into dst.
func AddFloat[T Floats](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// SubFloat writes a-b into dst.
func SubFloat[T Floats](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// MulFloat writes a*b into dst.
func MulFloat[T Floats](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// DivFloat writes a/b into dst, by IEEE 754.
func DivFloat[T Floats](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

// Convert writes a into dst by Go's conversion and reports whether any integer changed its
// value.
func Convert[D, S Signed](dst []D, a []S) bool {
	a = a[:len(dst)]
	var lost int64
	for i, x := range a {
		d := D(x)
		dst[i] = d
		lost |= int64(x) ^ int64(d)
	}
	return lost != 0
}

// ToFloat writes a into dst as floats.
func ToFloat[D Floats, S Signed | Floats](dst []D, a []S) {
	a = a[:len(dst)]
	for i, x := range a {
		dst[i] = D(x)
	}
}
