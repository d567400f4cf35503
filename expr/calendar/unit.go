package calendar

import (
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// Units are those of EXTRACT, FLOOR ... TO, TIMESTAMPADD and TIMESTAMPDIFF.
func Units() []string {
	return []string{
		"MILLENNIUM", "CENTURY", "DECADE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND",
		"MILLISECOND", "MICROSECOND", "NANOSECOND", "DOY", "DOW", "ISODOW", "ISOYEAR", "EPOCH",
	}
}

// ParseUnit is the name of a unit, which may have the prefix of JDBC and be in any case; ok is false if it is none.
func ParseUnit(text string) (unit string, ok bool) {
	unit = strings.TrimPrefix(strings.ToUpper(text), "SQL_TSI_")
	return unit, slices.Contains(Units(), unit)
}

// Nanos is the length of a unit of fixed length in nanoseconds; 0 for months and longer.
func Nanos(unit string) int64 {
	switch unit {
	case "WEEK":
		return 7 * DayNanos
	case "DAY":
		return DayNanos
	case "HOUR":
		return 3600e9
	case "MINUTE":
		return 60e9
	case "SECOND":
		return 1e9
	case "MILLISECOND":
		return 1e6
	case "MICROSECOND":
		return 1000
	case "NANOSECOND":
		return 1
	}
	return 0
}

// Months is the length of a unit in months; 0 for those of fixed length.
func Months(unit string) int64 {
	switch unit {
	case "MONTH":
		return 1
	case "QUARTER":
		return 3
	case "YEAR":
		return 12
	case "DECADE":
		return 120
	case "CENTURY":
		return 1200
	case "MILLENNIUM":
		return 12000
	}
	return 0
}

// Part is the number of the unit that a moment is in, such as the month of its year.
func Part(unit string, day, nanos int64) int64 {
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

// Floor is the begin of the unit that a moment is in. Centuries and millennia begin with the year 1.
func Floor(unit string, day, nanos int64) (int64, int64) {
	if step := Months(unit); step != 0 {
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
	step := Nanos(unit)
	if step >= DayNanos {
		return day, 0
	}
	return day, nanos / step * step
}

// Next is the begin of the unit after the one that begins at a moment.
func Next(unit string, day, nanos int64) (int64, int64) {
	if step := Months(unit); step != 0 {
		return addMonths(day, step), 0
	}
	nanos += Nanos(unit)
	return day + nanos/DayNanos, nanos % DayNanos
}
