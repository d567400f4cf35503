package text

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
)

// ParseInt parses a decimal integer with an optional sign.
func ParseInt(b []byte) (int64, bool) {
	i, neg := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		i = 1
	}
	if i == len(b) {
		return 0, false
	}
	if len(b)-i > 18 {
		v, err := strconv.ParseInt(unsafe.String(unsafe.SliceData(b), len(b)), 10, 64)
		return v, err == nil
	}
	v := int64(0)
	for _, c := range b[i:] {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + int64(d)
	}
	if neg {
		v = -v
	}
	return v, true
}

// exactPowers are the powers of ten that a double holds exactly.
var exactPowers = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// ParseFloat parses a floating-point number. Up to 15 digits without an exponent, an exact
// integer is divided by an exact power of ten, which rounds correctly; the rest is strconv's.
func ParseFloat(b []byte) (float64, bool) {
	i, neg := 0, false
	if len(b) > 0 && b[0] == '-' {
		neg, i = true, 1
	}
	v, digits, point := int64(0), 0, -1
	for ; i < len(b); i++ {
		d := b[i] - '0'
		if d <= 9 {
			v = v*10 + int64(d)
			if digits++; digits > 15 {
				break
			}
			continue
		}
		if b[i] != '.' || point >= 0 {
			break
		}
		point = digits
	}
	if i == len(b) && digits > 0 {
		f := float64(v)
		if point >= 0 {
			f /= exactPowers[digits-point]
		}
		if neg {
			f = -f
		}
		return f, true
	}
	if bytes.ContainsAny(b, "_xX") {
		return 0, false // forms of numbers that are Go's alone
	}
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	return f, err == nil || math.IsInf(f, 0)
}

// ParseDecimal parses a number to the unscaled value of DECIMAL(precision, scale), rounding
// half away from zero; what has too many digits before the point is not ok.
func ParseDecimal(b []byte, precision, scale int) (columnar.Int128, bool) {
	i, neg := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg, i = b[0] == '-', 1
	}
	start, v, fraction, point := i, int64(0), 0, false
	for ; i < len(b); i++ {
		d := b[i] - '0'
		switch {
		case b[i] == '.' && !point:
			point = true
			continue
		case d > 9 || i-start > 17:
			return parseWide(b, precision, scale)
		}
		v = v*10 + int64(d)
		if point {
			fraction++
		}
	}
	if i == start || point && i == start+1 {
		return columnar.Int128{}, false
	}
	for ; fraction < scale; fraction++ {
		if v > math.MaxInt64/10 {
			return parseWide(b, precision, scale)
		}
		v *= 10
	}
	for ; fraction > scale; fraction-- {
		if fraction > scale+1 {
			v /= 10
		} else {
			v = (v + 5) / 10
		}
	}
	if precision < len(tens) && v >= tens[precision] {
		return columnar.Int128{}, false
	}
	if neg {
		v = -v
	}
	return columnar.Int128Of(v), true
}

var tens = [...]int64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// parseWide is ParseDecimal for long numbers and ones with exponents.
func parseWide(b []byte, precision, scale int) (columnar.Int128, bool) {
	s := string(b)
	for i, c := range b {
		// Rat also knows fractions, other bases and underscores; SQL does not. A long exponent
		// would build a huge number.
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' ||
			(c == 'e' || c == 'E') && len(b)-i > 5 {
			return columnar.Int128{}, false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return columnar.Int128{}, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	twice := new(big.Int).Mul(r.Num(), big.NewInt(2))
	if r.Sign() < 0 {
		twice.Sub(twice, r.Denom())
	} else {
		twice.Add(twice, r.Denom())
	}
	q := twice.Quo(twice, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	if q.CmpAbs(limit) >= 0 {
		return columnar.Int128{}, false
	}
	return columnar.Int128FromBig(q)
}

// ParseBool parses true and false in any case.
func ParseBool(b []byte) (value, ok bool) {
	switch len(b) {
	case 4:
		return true, b[0]|32 == 't' && b[1]|32 == 'r' && b[2]|32 == 'u' && b[3]|32 == 'e'
	case 5:
		return false, b[0]|32 == 'f' && b[1]|32 == 'a' && b[2]|32 == 'l' && b[3]|32 == 's' && b[4]|32 == 'e'
	}
	return false, false
}
