package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// floorTime is FLOOR or CEIL of a date, time or timestamp to a unit, in the session's time zone.
func floorTime(c *compiler, e *Expr, up bool) (rowFunc, error) {
	unit, err := stepOf(e.Args[1])
	if err != nil {
		return nil, err
	}
	t := e.Type
	split, zone := dayAndNanos(t, c.location()), c.location()
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		day, nanos := split(args[0].Int(i))
		d, n := floorUnit(unit, day, nanos)
		if up && (d != day || n != nanos) {
			d, n = nextUnit(unit, d, n)
		}
		switch {
		case t.Kind == columnar.Time && d != 0:
			return rowError(e, "%s out of range", t.Nullable())
		case t.Kind == columnar.Time:
			return storeInt(out, i, n/1e6)
		case !isDay(d):
			return rowError(e, "%s out of range, which holds the years 1 to 9999", t.Nullable())
		case t.Kind == columnar.Date:
			return storeInt(out, i, d)
		}
		second := d*86400 + n/1e9
		if t.Kind == columnar.TimestampLTZ {
			second = columnar.InstantOf(second, zone)
		}
		v, ok := timeUnits(second, n%1e9, t.Precision)
		if !ok {
			return rowError(e, "%s out of range", t.Nullable())
		}
		columnar.Values[int64](out)[i] = v
		return nil
	}, nil
}

// bindFloorTime types FLOOR and CEIL to a unit.
func bindFloorTime(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[0].Type
	_, err := stepOf(args[1])
	if err == nil && (!isTemporal(t) || t.IsInterval()) {
		err = fmt.Errorf("argument 1 is %s, not a date, time or timestamp", t.Nullable())
	}
	return args, t.Nullable(), err
}

// floorUnit is the begin of the unit that a moment is in. Centuries and millennia begin with the year 1.
func floorUnit(unit string, day, nanos int64) (int64, int64) {
	if step := monthsOf(unit); step != 0 {
		first := int64(0)
		if step >= 1200 {
			first = 12
		}
		y, m, _ := columnar.CivilDate(day)
		total := columnar.FloorDiv(y*12+int64(m-1)-first, step)*step + first
		return columnar.DaysOf(columnar.FloorDiv(total, 12), int(total-columnar.FloorDiv(total, 12)*12)+1, 1), 0
	}
	if unit == "WEEK" {
		return day - ((day+4)-columnar.FloorDiv(day+4, 7)*7+6)%7, 0
	}
	step := nanosOf(unit)
	if step >= dayNanos {
		return day, 0
	}
	return day, nanos / step * step
}

func nextUnit(unit string, day, nanos int64) (int64, int64) {
	if step := monthsOf(unit); step != 0 {
		return addMonths(day, step), 0
	}
	nanos += nanosOf(unit)
	return day + nanos/dayNanos, nanos % dayNanos
}
