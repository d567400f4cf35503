package columnar

import (
	"math/big"
	"math/bits"
)

// Int128 is a two's complement 128-bit integer, low word first as in Arrow's decimal128.
type Int128 struct {
	Lo uint64
	Hi int64
}

// Int128Of is v sign-extended.
func Int128Of(v int64) Int128 { return Int128{Lo: uint64(v), Hi: v >> 63} }

// IsInt64 reports whether a fits 64 bits.
func (a Int128) IsInt64() bool { return a.Hi == int64(a.Lo)>>63 }

// Neg reports whether a is below zero.
func (a Int128) Neg() bool { return a.Hi < 0 }

// Add is a+b, wrapping; ok is false on overflow.
func (a Int128) Add(b Int128) (sum Int128, ok bool) {
	lo, c := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), c)
	sum = Int128{Lo: lo, Hi: int64(hi)}
	return sum, (a.Hi^sum.Hi)&(b.Hi^sum.Hi) >= 0
}

// Sub is a-b, wrapping; ok is false on overflow.
func (a Int128) Sub(b Int128) (diff Int128, ok bool) {
	lo, c := bits.Sub64(a.Lo, b.Lo, 0)
	hi, _ := bits.Sub64(uint64(a.Hi), uint64(b.Hi), c)
	diff = Int128{Lo: lo, Hi: int64(hi)}
	return diff, (a.Hi^b.Hi)&(a.Hi^diff.Hi) >= 0
}

// Negate is -a, wrapping.
func (a Int128) Negate() Int128 {
	d, _ := Int128{}.Sub(a)
	return d
}

func (a Int128) abs() (lo, hi uint64) {
	if a.Neg() {
		a = a.Negate()
	}
	return a.Lo, uint64(a.Hi)
}

func fromAbs(lo, hi uint64, neg bool) (Int128, bool) {
	r := Int128{Lo: lo, Hi: int64(hi)}
	if neg {
		r = r.Negate()
		return r, r.Hi < 0 || lo|hi == 0
	}
	return r, r.Hi >= 0
}

// MulInt64 is the full product of two 64-bit integers.
func MulInt64(a, b int64) Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	h := int64(hi) - (a>>63)&b - (b>>63)&a
	return Int128{Lo: lo, Hi: h}
}

// Mul is a*b; ok is false on overflow.
func (a Int128) Mul(b Int128) (Int128, bool) {
	if a.IsInt64() && b.IsInt64() {
		return MulInt64(int64(a.Lo), int64(b.Lo)), true
	}
	al, ah := a.abs()
	bl, bh := b.abs()
	if ah != 0 && bh != 0 {
		return Int128{}, false
	}
	hi, lo := bits.Mul64(al, bl)
	h1, l1 := bits.Mul64(ah, bl)
	h2, l2 := bits.Mul64(al, bh)
	hi, c1 := bits.Add64(hi, l1, 0)
	hi, c2 := bits.Add64(hi, l2, 0)
	if h1|h2|c1|c2 != 0 || int64(hi) < 0 {
		return Int128{}, false
	}
	return fromAbs(lo, hi, a.Neg() != b.Neg())
}

// QuoRem is the quotient of a/b truncated toward zero and the remainder with a's sign. The
// divisor must not be zero.
func (a Int128) QuoRem(b Int128) (quo, rem Int128) {
	if a.IsInt64() && b.IsInt64() && int64(a.Lo) != -1<<63 {
		x, y := int64(a.Lo), int64(b.Lo)
		return Int128Of(x / y), Int128Of(x % y)
	}
	al, ah := a.abs()
	bl, bh := b.abs()
	var q, r [2]uint64
	if bh == 0 {
		q[1], r[0] = bits.Div64(0, ah, bl)
		q[0], r[0] = bits.Div64(r[0], al, bl)
	} else {
		q[0], r[0], r[1] = divWide(al, ah, bl, bh)
	}
	quo, _ = fromAbs(q[0], q[1], a.Neg() != b.Neg())
	rem, _ = fromAbs(r[0], r[1], a.Neg())
	return quo, rem
}

// divWide divides a two-word number by one whose high word is not zero, so that the quotient
// fits one word (Knuth, TAOCP 4.3.1, algorithm D for two digits).
func divWide(al, ah, bl, bh uint64) (q, rl, rh uint64) {
	s := uint(bits.LeadingZeros64(bh))
	nbh := bh<<s | bl>>(64-s)
	// Estimate with the dividend halved, so that the division cannot overflow.
	q, _ = bits.Div64(ah>>1, ah<<63|al>>1, nbh)
	q >>= 63 - s
	if q != 0 {
		q--
	}
	ph, pl := bits.Mul64(q, bl)
	ph += q * bh
	rl, c := bits.Sub64(al, pl, 0)
	rh, _ = bits.Sub64(ah, ph, c)
	// The estimate is short by one or two, so that this ends at once.
	for rh > bh || rh == bh && rl >= bl {
		rl, c = bits.Sub64(rl, bl, 0)
		rh, _ = bits.Sub64(rh, bh, c)
		q++
	}
	return q, rl, rh
}

// Cmp orders a and b: -1, 0 or +1.
func (a Int128) Cmp(b Int128) int {
	switch {
	case a.Hi != b.Hi:
		if a.Hi < b.Hi {
			return -1
		}
		return 1
	case a.Lo != b.Lo:
		if a.Lo < b.Lo {
			return -1
		}
		return 1
	}
	return 0
}

// Float64 is the nearest double.
func (a Int128) Float64() float64 {
	if a.IsInt64() {
		return float64(int64(a.Lo))
	}
	f, _ := new(big.Float).SetInt(a.Big()).Float64()
	return f
}

// Big is a as a big integer.
func (a Int128) Big() *big.Int {
	r := new(big.Int).SetInt64(a.Hi)
	r.Lsh(r, 64)
	return r.Or(r, new(big.Int).SetUint64(a.Lo))
}

// Int128FromBig is b; ok is false if it does not fit.
func Int128FromBig(b *big.Int) (v Int128, ok bool) {
	if b.BitLen() > 127 {
		return Int128{}, false
	}
	abs := new(big.Int).Abs(b)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(^uint64(0))).Uint64()
	hi := new(big.Int).Rsh(abs, 64).Uint64()
	return fromAbs(lo, hi, b.Sign() < 0)
}

// String is a in decimal.
func (a Int128) String() string { return a.Big().String() }
