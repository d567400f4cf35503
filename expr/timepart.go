package expr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// units of EXTRACT, FLOOR ... TO, TIMESTAMPADD and TIMESTAMPDIFF.
var timeUnits = []string{
	"MILLENNIUM", "CENTURY", "DECADE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND",
	"MILLISECOND", "MICROSECOND", "NANOSECOND", "DOY", "DOW", "ISODOW", "ISOYEAR", "EPOCH",
}

func unitOf(e *Expr) (string, error) {
	u, ok := constantText(e)
	u = strings.TrimPrefix(strings.ToUpper(u), "SQL_TSI_")
	if !ok || !slices.Contains(timeUnits, u) {
		return "", fmt.Errorf("unknown unit of time %s; did you mean %s?", e, Nearest(u, timeUnits))
	}
	return u, nil
}

func bindExtract(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[1].Type
	if !isTemporal(t) && t.Kind != columnar.Null {
		return nil, t, fmt.Errorf("cannot extract from %s", t.Nullable())
	}
	_, err := unitOf(args[0])
	return args, columnar.TypeBigInt, err
}

// dayAndMicros splits a temporal value into days since 1970 and microseconds of the day.
func dayAndMicros(t columnar.Type, loc *time.Location) func(v int64) (day, micros int64) {
	switch t.Kind {
	case columnar.Date:
		return func(v int64) (int64, int64) { return v, 0 }
	case columnar.Time:
		return func(v int64) (int64, int64) { return 0, v * 1000 }
	}
	unit := columnar.UnitsPerSecond(t.Precision)
	return func(v int64) (int64, int64) {
		if t.Kind == columnar.TimestampLTZ && loc != time.UTC {
			_, offset := time.Unix(columnar.FloorDiv(v, unit), 0).In(loc).Zone()
			v += int64(offset) * unit
		}
		day := columnar.FloorDiv(v, 86400*unit)
		return day, scaleTime(v-day*86400*unit, unit, 1e6)
	}
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
	split := dayAndMicros(t, c.location())
	return func(args []values, i int, out *columnar.Vector) error {
		day, micros := split(args[1].int(i))
		columnar.Values[int64](out)[i] = extractUnit(unit, day, micros)
		return nil
	}, nil
}

func extractInterval(unit string, t columnar.Type) rowFunc {
	return func(args []values, i int, out *columnar.Vector) error {
		v, r := args[1].int(i), int64(0)
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
			r = extractUnit(unit, 0, v%dayMicros)
		}
		columnar.Values[int64](out)[i] = r
		return nil
	}
}

func extractUnit(unit string, day, micros int64) int64 {
	switch unit {
	case "HOUR":
		return micros / 3600e6
	case "MINUTE":
		return micros / 60e6 % 60
	case "SECOND":
		return micros / 1e6 % 60
	case "MILLISECOND":
		return micros / 1000 % 60000
	case "MICROSECOND":
		return micros % 60e6
	case "NANOSECOND":
		return micros % 60e6 * 1000
	case "EPOCH":
		return day*86400 + micros/1e6
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

// microsOf is the length of a unit of fixed length in microseconds; 0 for months and longer.
func microsOf(unit string) int64 {
	return map[string]int64{
		"WEEK": 7 * dayMicros, "DAY": dayMicros, "HOUR": 3600e6, "MINUTE": 60e6, "SECOND": 1e6, "MILLISECOND": 1000, "MICROSECOND": 1,
	}[unit]
}

func monthsOf(unit string) int64 {
	return map[string]int64{"MONTH": 1, "QUARTER": 3, "YEAR": 12, "DECADE": 120, "CENTURY": 1200}[unit]
}
