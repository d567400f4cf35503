package expr

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// floorTime is FLOOR or CEIL of a timestamp or date to a unit.
func floorTime(e *Expr, up bool) (rowFunc, error) {
	unit, err := unitOf(e.Args[1])
	if err != nil {
		return nil, err
	}
	t := e.Type
	split := dayAndMicros(t, time.UTC)
	return func(args []values, i int, out *columnar.Vector) error {
		v := args[0].int(i)
		day, micros := split(v)
		d, m := floorUnit(unit, day, micros)
		if up && (d != day || m != micros) {
			d, m = nextUnit(unit, d, m)
		}
		if !isDay(d) {
			return rowError(e, "%s out of range, which holds the years 1 to 9999", t.Nullable())
		}
		if t.Kind == columnar.Date {
			return storeInt(out, i, d)
		}
		u := columnar.UnitsPerSecond(t.Precision)
		columnar.Values[int64](out)[i] = d*86400*u + scaleTime(m, 1e6, u)
		return nil
	}, nil
}

func floorUnit(unit string, day, micros int64) (int64, int64) {
	if step := monthsOf(unit); step != 0 {
		y, m, _ := columnar.CivilDate(day)
		total := columnar.FloorDiv(y*12+int64(m-1), step) * step
		return columnar.DaysOf(columnar.FloorDiv(total, 12), int(total-columnar.FloorDiv(total, 12)*12)+1, 1), 0
	}
	if unit == "WEEK" {
		return day - ((day+4)-columnar.FloorDiv(day+4, 7)*7+6)%7, 0
	}
	step := microsOf(unit)
	if step == 0 || step >= dayMicros {
		return day, 0
	}
	return day, micros / step * step
}

func nextUnit(unit string, day, micros int64) (int64, int64) {
	if step := monthsOf(unit); step != 0 {
		return addMonths(day, step), 0
	}
	micros += max(microsOf(unit), 1)
	return day + micros/dayMicros, micros % dayMicros
}
