package columnar

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// drawInt128 is a number of a random width, so that operands differ in size by any number of
// bits.
func drawInt128(t *rapid.T, label string) Int128 {
	v := Int128{Lo: rapid.Uint64().Draw(t, label+" low"), Hi: rapid.Int64().Draw(t, label+" high")}
	width := uint(rapid.IntRange(0, 127).Draw(t, label+" width"))
	b := v.Big()
	b.Rsh(b.Abs(b), 127-width)
	if rapid.Bool().Draw(t, label+" negative") {
		b.Neg(b)
	}
	v, _ = Int128FromBig(b)
	return v
}

func TestInt128DividesAsBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawInt128(t, "dividend"), drawInt128(t, "divisor")
		if b == (Int128{}) {
			b = Int128Of(1) // zero is nobody's divisor
		}
		quo, rem := a.QuoRem(b)
		wantQuo, wantRem := new(big.Int).QuoRem(a.Big(), b.Big(), new(big.Int))
		if quo.Big().Cmp(wantQuo) != 0 || rem.Big().Cmp(wantRem) != 0 {
			t.Fatalf("%s / %s is %s rest %s, want %s rest %s", a, b, quo, rem, wantQuo, wantRem)
		}
	})
}

// TestInt128DividesAtOnce divides the widest by the narrowest divisor of two words: an estimate
// of the quotient that is off by more than a little would count up for hours.
func TestInt128DividesAtOnce(t *testing.T) {
	a := Int128{Lo: ^uint64(0), Hi: 1<<63 - 1}
	for shift := range 62 {
		b := Int128{Lo: 12345, Hi: 1 << shift}
		quo, rem := a.QuoRem(b)
		wantQuo, wantRem := new(big.Int).QuoRem(a.Big(), b.Big(), new(big.Int))
		if quo.Big().Cmp(wantQuo) != 0 || rem.Big().Cmp(wantRem) != 0 {
			t.Errorf("%s / %s is %s rest %s, want %s rest %s", a, b, quo, rem, wantQuo, wantRem)
		}
	}
}

func TestInt128MultipliesAsBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawInt128(t, "a"), drawInt128(t, "b")
		got, ok := a.Mul(b)
		want := new(big.Int).Mul(a.Big(), b.Big())
		if ok != (want.BitLen() <= 127) || ok && got.Big().Cmp(want) != 0 {
			t.Fatalf("%s * %s is %s (%v), want %s", a, b, got, ok, want)
		}
	})
}
