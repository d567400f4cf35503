package expr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// units of EXTRACT, FLOOR ... TO, TIMESTAMPADD and TIMESTAMPDIFF.
var unitNames = []string{
	"MILLENNIUM", "CENTURY", "DECADE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND",
	"MILLISECOND", "MICROSECOND", "NANOSECOND", "DOY", "DOW", "ISODOW", "ISOYEAR", "EPOCH",
}

func unitOf(e *Expr) (string, error) {
	u, ok := constantText(e)
	u = strings.TrimPrefix(strings.ToUpper(u), "SQL_TSI_")
	if !ok || !slices.Contains(unitNames, u) {
		return "", fmt.Errorf("unknown unit of time %s; did you mean %s?", e, Nearest(u, unitNames))
	}
	return u, nil
}

// stepOf is a unit that time can be moved by or cut off to.
func stepOf(e *Expr) (string, error) {
	unit, err := unitOf(e)
	if err == nil && monthsOf(unit) == 0 && nanosOf(unit) == 0 {
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

// dayAndNanos splits a temporal value into days since 1970 and nanoseconds of the day.
func dayAndNanos(t columnar.Type, loc *time.Location) func(v int64) (day, nanos int64) {
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

// timeUnits is a moment as a timestamp of a precision; ok is false where that does not hold it.
func timeUnits(second, nanos int64, precision int) (v int64, ok bool) {
	unit := columnar.UnitsPerSecond(precision)
	at := columnar.MulInt64(second, unit)
	v = int64(at.Lo) + nanos/(1e9/unit)
	return v, at.IsInt64() && v >= int64(at.Lo)
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
	split := dayAndNanos(t, loc)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		day, nanos := split(args[1].Int(i))
		columnar.Values[int64](out)[i] = extractUnit(unit, day, nanos)
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
			r = extractUnit(unit, 0, v%dayMicros*1000)
		}
		columnar.Values[int64](out)[i] = r
		return nil
	}
}

func extractUnit(unit string, day, nanos int64) int64 {
	switch unit {
	case "HOUR":
		return nanos / 3600e9
	case "MINUTE":
		return nanos / 60e9 % 60
	case "SECOND":
		return nanos / 1e9 % 60
	case "MILLISECOND":
		return nanos % 60e9 / 1e6
	case "MICROSECOND":
		return nanos % 60e9 / 1000
	case "NANOSECOND":
		return nanos % 60e9
	case "EPOCH":
		return day*86400 + nanos/1e9
	case "DAY":
		_, _, d := columnar.CivilDate(day)
		return int64(d)
	}
	y, m, _ := columnar.CivilDate(day)
	dow := (day + 4) - columnar.FloorDiv(day+4, 7)*7 // 0 is Sunday
	switch unit {
	case "YEAR":
		return y
	case "MONTH":
		return int64(m)
	case "QUARTER":
		return int64(m+2) / 3
	case "DECADE":
		return columnar.FloorDiv(y, 10)
	case "CENTURY":
		return columnar.FloorDiv(y+99, 100)
	case "MILLENNIUM":
		return columnar.FloorDiv(y+999, 1000)
	case "DOY":
		return day - columnar.DaysOf(y, 1, 1) + 1
	case "DOW":
		return dow + 1
	case "ISODOW":
		return (dow+6)%7 + 1
	}
	year, week := isoWeek(day)
	if unit == "ISOYEAR" {
		return year
	}
	return week
}

func isoWeek(day int64) (year, week int64) {
	y, w := time.Unix(day*86400, 0).UTC().ISOWeek()
	return int64(y), int64(w)
}

// nanosOf is the length of a unit of fixed length in nanoseconds; 0 for months and longer.
func nanosOf(unit string) int64 {
	return map[string]int64{
		"WEEK": 7 * dayNanos, "DAY": dayNanos, "HOUR": 3600e9, "MINUTE": 60e9, "SECOND": 1e9, "MILLISECOND": 1e6, "MICROSECOND": 1000,
		"NANOSECOND": 1,
	}[unit]
}

func monthsOf(unit string) int64 {
	return map[string]int64{"MONTH": 1, "QUARTER": 3, "YEAR": 12, "DECADE": 120, "CENTURY": 1200, "MILLENNIUM": 12000}[unit]
}
