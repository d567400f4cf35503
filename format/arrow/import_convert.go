package arrow

import (
	"fmt"
	"math"

	lib "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/float16"

	"github.com/anabranch/anabranch/columnar"
)

// convert makes v values that lie in memory in another way.
func (m *importer) convert(v *columnar.Vector, r rows, dt lib.DataType) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	width, ok := dt.(lib.FixedWidthDataType)
	if !ok || width.Bytes() < 1 {
		return fmt.Errorf("the Arrow type %s is not supported", dt)
	}
	b, err := span(buffer(r.array, 1), r.array.Offset()+r.from, r.n, width.Bytes())
	if err != nil {
		return err
	}
	v.Reset(r.n)
	v.Valid = valid
	switch dt := dt.(type) {
	case *lib.Uint8Type:
		widen(columnar.Values[int16](v), typed[uint8](m, b))
	case *lib.Uint16Type:
		widen(columnar.Values[int32](v), typed[uint16](m, b))
	case *lib.Uint32Type:
		widen(columnar.Values[int64](v), typed[uint32](m, b))
	case *lib.Uint64Type:
		for i, x := range typed[uint64](m, b) {
			columnar.Values[columnar.Int128](v)[i] = columnar.Int128{Lo: x}
		}
	case *lib.Float16Type:
		for i, x := range typed[float16.Num](m, b) {
			columnar.Values[float32](v)[i] = x.Float32()
		}
	case *lib.Decimal32Type:
		widen(columnar.Values[int64](v), typed[int32](m, b))
	case *lib.Decimal128Type:
		return narrow(v, typed[columnar.Int128](m, b), valid)
	case *lib.Decimal256Type:
		return narrow256(v, typed[[4]uint64](m, b), valid)
	case *lib.Date64Type:
		days := columnar.Values[int32](v)
		for i, x := range typed[int64](m, b) {
			days[i] = int32(columnar.FloorDiv(x, millisPerDay))
		}
	default:
		return m.times(v, b, valid, dt)
	}
	return nil
}

func widen[D int16 | int32 | int64, S uint8 | uint16 | uint32 | int32](dst []D, src []S) {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = D(x)
	}
}

// narrow writes decimals that fit 64 bits.
func narrow(v *columnar.Vector, src []columnar.Int128, valid columnar.Bitmap) error {
	dst := columnar.Values[int64](v)[:len(src)]
	for i, x := range src {
		dst[i] = int64(x.Lo)
		if !x.IsInt64() && valid.Get(i) {
			return fmt.Errorf("%s does not fit %s", x, v.Type.Nullable())
		}
	}
	return nil
}

func narrow256(v *columnar.Vector, src [][4]uint64, valid columnar.Bitmap) error {
	for i, x := range src {
		w := columnar.Int128{Lo: x[0], Hi: int64(x[1])}
		sign := uint64(w.Hi >> 63)
		fits := x[2] == sign && x[3] == sign
		if v.Phys == columnar.PhysInt128 {
			columnar.Values[columnar.Int128](v)[i] = w
		} else {
			columnar.Values[int64](v)[i] = int64(w.Lo)
			fits = fits && w.IsInt64()
		}
		if !fits && valid.Get(i) {
			return fmt.Errorf("a decimal does not fit %s", v.Type.Nullable())
		}
	}
	return nil
}

// times converts units of times, and intervals of days and milliseconds.
func (m *importer) times(v *columnar.Vector, b []byte, valid columnar.Bitmap, dt lib.DataType) error {
	switch dt := dt.(type) {
	case *lib.Time32Type:
		dst := columnar.Values[int32](v)
		for i, x := range typed[int32](m, b) {
			dst[i] = x * 1000
		}
		return nil
	case *lib.Time64Type:
		unit := int64(1e3)
		if dt.Unit == lib.Nanosecond {
			unit = 1e6
		}
		dst := columnar.Values[int32](v)
		for i, x := range typed[int64](m, b) {
			dst[i] = int32(columnar.FloorDiv(x, unit))
		}
		return nil
	case *lib.TimestampType:
		return scale(v, typed[int64](m, b), 1000, valid)
	case *lib.DurationType:
		switch dt.Unit {
		case lib.Second:
			return scale(v, typed[int64](m, b), 1e6, valid)
		case lib.Millisecond:
			return scale(v, typed[int64](m, b), 1000, valid)
		}
		dst := columnar.Values[int64](v)
		for i, x := range typed[int64](m, b) {
			dst[i] = columnar.FloorDiv(x, 1000)
		}
		return nil
	case *lib.DayTimeIntervalType:
		dst := columnar.Values[int64](v)
		for i, x := range typed[lib.DayTimeInterval](m, b) {
			dst[i] = (int64(x.Days)*millisPerDay + int64(x.Milliseconds)) * 1000
		}
		return nil
	}
	return fmt.Errorf("the Arrow type %s is not supported", dt)
}

// scale multiplies by factor and refuses what does not fit.
func scale(v *columnar.Vector, src []int64, factor int64, valid columnar.Bitmap) error {
	dst := columnar.Values[int64](v)[:len(src)]
	for i, x := range src {
		if (x > math.MaxInt64/factor || x < math.MinInt64/factor) && valid.Get(i) {
			return fmt.Errorf("%d times %d does not fit %s", x, factor, v.Type.Nullable())
		}
		dst[i] = x * factor
	}
	return nil
}
