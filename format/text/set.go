package text

import (
	"encoding/base64"
	"math"

	"github.com/anabranch/anabranch/columnar"
)

// Set parses b as v's type into row i of a flat vector that is not nested, and reports
// whether it could. Binaries are base64, as in Flink.
func Set(v *columnar.Vector, i int, b []byte) bool {
	switch v.Type.Kind {
	case columnar.Char, columnar.Varchar:
		v.SetBytes(i, b)
		return true
	case columnar.Binary, columnar.Varbinary:
		raw, err := base64.StdEncoding.AppendDecode(nil, b)
		v.SetBytes(i, raw)
		return err == nil
	case columnar.Boolean:
		x, ok := ParseBool(b)
		v.Bits().SetTo(i, x)
		return ok
	case columnar.Float:
		x, ok := ParseFloat(b)
		columnar.Values[float32](v)[i] = float32(x)
		return ok
	case columnar.Double:
		x, ok := ParseFloat(b)
		columnar.Values[float64](v)[i] = x
		return ok
	case columnar.Decimal:
		x, ok := ParseDecimal(b, v.Type.Precision, v.Type.Scale)
		if v.Phys == columnar.PhysInt128 {
			columnar.Values[columnar.Int128](v)[i] = x
		} else {
			columnar.Values[int64](v)[i] = int64(x.Lo)
		}
		return ok
	case columnar.Date:
		x, ok := ParseDate(b)
		columnar.Values[int32](v)[i] = x
		return ok
	case columnar.Time:
		x, ok := ParseTime(b)
		columnar.Values[int32](v)[i] = x
		return ok
	case columnar.Timestamp, columnar.TimestampLTZ:
		x, ok := ParseTimestamp(b, v.Type.Precision)
		columnar.Values[int64](v)[i] = x
		return ok
	}
	x, ok := ParseInt(b)
	return ok && SetInt(v, i, x)
}

// SetInt stores x in row i of a flat integer vector; false if it does not fit.
func SetInt(v *columnar.Vector, i int, x int64) bool {
	switch v.Phys {
	case columnar.PhysInt8:
		columnar.Values[int8](v)[i] = int8(x)
		return x == int64(int8(x))
	case columnar.PhysInt16:
		columnar.Values[int16](v)[i] = int16(x)
		return x == int64(int16(x))
	case columnar.PhysInt32:
		columnar.Values[int32](v)[i] = int32(x)
		return x >= math.MinInt32 && x <= math.MaxInt32
	case columnar.PhysInt64:
		columnar.Values[int64](v)[i] = x
		return true
	}
	return false
}
