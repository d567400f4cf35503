package expr

import (
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr/calendar"
)

func unitOf(e *Expr) (string, error) {
	text, ok := constantText(e)
	unit, known := calendar.ParseUnit(text)
	if !ok || !known {
		return "", fmt.Errorf("unknown unit of time %s; did you mean %s?", e, Nearest(unit, calendar.Units()))
	}
	return unit, nil
}

// stepOf is a unit that time can be moved by or cut off to.
func stepOf(e *Expr) (string, error) {
	unit, err := unitOf(e)
	if err == nil && calendar.Months(unit) == 0 && calendar.Nanos(unit) == 0 {
		err = fmt.Errorf("%s is no length of time", unit)
	}
	return unit, err
}

func bindExtract(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[1].Type
	if !isTemporal(t) && t.Kind != columnar.Null {
		return nil, t, fmt.Errorf("cannot extract from %s", t.Nullable())
	}
	_, err := unitOf(args[0])
	return args, columnar.TypeBigInt, err
}

func compileExtract(c *compiler, e *Expr) (rowFunc, error) {
	unit, err := unitOf(e.Args[0])
	if err != nil {
		return nil, err
	}
	t := e.Args[1].Type
	if t.IsInterval() {
		return extractInterval(unit, t), nil
	}
	loc := c.location()
	if unit == "EPOCH" {
		loc = time.UTC // the same everywhere
	}
	split := calendar.Split(t, loc)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		day, nanos := split(args[1].Int(i))
		columnar.Values[int64](out)[i] = calendar.Part(unit, day, nanos)
		return nil
	}, nil
}

func extractInterval(unit string, t columnar.Type) rowFunc {
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		v, r := args[1].Int(i), int64(0)
		switch {
		case t.Kind == columnar.IntervalMonth && unit == "YEAR":
			r = v / 12
		case t.Kind == columnar.IntervalMonth && unit == "MONTH":
			r = v % 12
		case t.Kind == columnar.IntervalDay && unit == "DAY":
			r = v / dayMicros
		case t.Kind == columnar.IntervalDay && unit == "EPOCH":
			r = v / 1e6
		case t.Kind == columnar.IntervalDay:
			r = calendar.Part(unit, 0, v%dayMicros*1000)
		}
		columnar.Values[int64](out)[i] = r
		return nil
	}
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

// floorTime is FLOOR or CEIL of a date, time or timestamp to a unit, in the session's time zone.
func floorTime(c *compiler, e *Expr, up bool) (rowFunc, error) {
	unit, err := stepOf(e.Args[1])
	if err != nil {
		return nil, err
	}
	t := e.Type
	split, zone := calendar.Split(t, c.location()), c.location()
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		day, nanos := split(args[0].Int(i))
		d, n := calendar.Floor(unit, day, nanos)
		if up && (d != day || n != nanos) {
			d, n = calendar.Next(unit, d, n)
		}
		switch {
		case t.Kind == columnar.Time && d != 0:
			return rowError(e, "%s out of range", t.Nullable())
		case t.Kind == columnar.Time:
			return storeInt(out, i, n/1e6)
		case !calendar.IsDay(d):
			return rowError(e, "%s out of range, which holds the years 1 to 9999", t.Nullable())
		case t.Kind == columnar.Date:
			return storeInt(out, i, d)
		}
		second := d*86400 + n/1e9
		if t.Kind == columnar.TimestampLTZ {
			second = columnar.InstantOf(second, zone)
		}
		v, ok := calendar.Join(second, n%1e9, t.Precision)
		if !ok {
			return rowError(e, "%s out of range", t.Nullable())
		}
		columnar.Values[int64](out)[i] = v
		return nil
	}, nil
}
