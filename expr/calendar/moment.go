package calendar

import (
	"math"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// Split divides dates, times or timestamps into days since 1970 and nanoseconds of the day; instants are what clocks
// in loc show.
func Split(t columnar.Type, loc *time.Location) func(v int64) (day, nanos int64) {
	switch t.Kind {
	case columnar.Date:
		return func(v int64) (int64, int64) { return v, 0 }
	case columnar.Time:
		return func(v int64) (int64, int64) { return 0, v * 1e6 }
	}
	unit := columnar.UnitsPerSecond(t.Precision)
	return func(v int64) (int64, int64) {
		second := columnar.FloorDiv(v, unit)
		nanos := (v - second*unit) * (1e9 / unit)
		if t.Kind == columnar.TimestampLTZ && loc != time.UTC {
			_, offset := time.Unix(second, 0).In(loc).Zone()
			second += int64(offset)
		}
		day := columnar.FloorDiv(second, 86400)
		return day, (second-day*86400)*1e9 + nanos
	}
}

// Join is a moment as a timestamp of a precision; ok is false where that does not hold it.
func Join(second, nanos int64, precision int) (v int64, ok bool) {
	unit := columnar.UnitsPerSecond(precision)
	at := columnar.MulInt64(second, unit)
	v = int64(at.Lo) + nanos/(1e9/unit)
	return v, at.IsInt64() && v >= int64(at.Lo)
}

// CutDigits drops the fractional digits a precision does not have.
func CutDigits(v int64, precision int) int64 {
	unit := columnar.UnitsPerSecond(precision)
	keep := int64(math.Pow10(precision))
	return columnar.FloorDiv(v, unit/keep) * (unit / keep)
}

// CutTime drops the fractional digits that a time of day has none of.
func CutTime(v int64, t columnar.Type) int64 {
	if t.Kind != columnar.Time {
		return v
	}
	return CutDigits(v, min(t.Precision, 3))
}
