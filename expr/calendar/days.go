package calendar

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// DayNanos are the nanoseconds of a day.
const DayNanos = 86400 * 1e9

// The days of the years 1 to 9999, those of dates and timestamps.
const firstDay, lastDay = -719162, 2932896

// IsDay reports whether a day, counted from 1970-01-01, is one of those.
func IsDay(day int64) bool { return firstDay <= day && day <= lastDay }

// addMonths moves a day by months; a day past the month's end becomes its last.
func addMonths(days, months int64) int64 {
	y, m, d := columnar.CivilDate(days)
	total := y*12 + int64(m-1) + months
	y, m = columnar.FloorDiv(total, 12), int(total-columnar.FloorDiv(total, 12)*12)+1
	first := columnar.DaysOf(y, m, 1)
	ny, nm := y, m+1
	if nm > 12 {
		ny, nm = y+1, 1
	}
	return min(first+int64(d)-1, columnar.DaysOf(ny, nm, 1)-1)
}

// MonthsBetween counts whole months from the first moment to the second, each a day and nanoseconds of it.
func MonthsBetween(d1, n1, d2, n2 int64) int64 {
	if d2 < d1 || d2 == d1 && n2 < n1 {
		return -MonthsBetween(d2, n2, d1, n1)
	}
	y1, mo1, _ := columnar.CivilDate(d1)
	y2, mo2, _ := columnar.CivilDate(d2)
	months := (y2-y1)*12 + int64(mo2-mo1)
	if at := addMonths(d1, months); at > d2 || at == d2 && n1 > n2 {
		months--
	}
	return months
}

// isoWeek is the week of a day and the year it is counted in.
func isoWeek(day int64) (year, week int64) {
	y, w := time.Unix(day*86400, 0).UTC().ISOWeek()
	return int64(y), int64(w)
}
