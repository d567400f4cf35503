package text

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"

	"github.com/anabranch/anabranch/columnar"
)

// AppendDecimal appends an unscaled decimal with scale digits behind the point.
func AppendDecimal(b []byte, v columnar.Int128, scale int) []byte {
	var digits []byte
	neg := v.Neg()
	if v.IsInt64() && int64(v.Lo) > -1<<63 {
		x := int64(v.Lo)
		if neg {
			x = -x
		}
		var room [24]byte
		digits = strconv.AppendInt(room[:0], x, 10)
	} else {
		digits = new(big.Int).Abs(v.Big()).Append(nil, 10)
	}
	if neg {
		b = append(b, '-')
	}
	if scale == 0 {
		return append(b, digits...)
	}
	if len(digits) <= scale {
		b = append(b, '0', '.')
		for range scale - len(digits) {
			b = append(b, '0')
		}
		return append(b, digits...)
	}
	b = append(b, digits[:len(digits)-scale]...)
	return append(append(b, '.'), digits[len(digits)-scale:]...)
}

// appendFloat appends a number; infinities are as SQL and Java have them, without a +.
func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

// Append appends row i of v, which is not null and not nested, in SQL's form; strings are appended as they are,
// binaries in base64.
func Append(b []byte, v *columnar.Vector, i int) []byte {
	switch {
	case v.Type.IsBinary():
		return base64.StdEncoding.AppendEncode(b, v.Bytes(i))
	case v.Phys == columnar.PhysView:
		return append(b, v.Bytes(i)...)
	}
	at := v.Index(i)
	if v.Enc == columnar.Dictionary {
		v = v.Dict
	}
	switch v.Type.Kind {
	case columnar.Boolean:
		return strconv.AppendBool(b, v.Bits().Get(at))
	case columnar.Float:
		return appendFloat(b, float64(columnar.Values[float32](v)[at]), 32)
	case columnar.Double:
		return appendFloat(b, columnar.Values[float64](v)[at], 64)
	case columnar.Decimal:
		return AppendDecimal(b, v.WideAt(at), v.Type.Scale)
	case columnar.Date:
		return AppendDate(b, v.Int64At(at))
	case columnar.Time:
		return AppendTime(b, v.Int64At(at))
	case columnar.Timestamp:
		return AppendTimestamp(b, v.Int64At(at), v.Type.Precision, ' ')
	case columnar.TimestampLTZ:
		return append(AppendTimestamp(b, v.Int64At(at), v.Type.Precision, ' '), 'Z')
	}
	return strconv.AppendInt(b, v.Int64At(at), 10)
}
