// Package calendar owns the arithmetic of dates, times and timestamps: how they are divided into units, moved, cut off
// and written by patterns. It knows values, not expressions.
//
// Invariants:
//   - A moment is a day, counted from 1970-01-01, and the nanoseconds of it, from 0 on and fewer than DayNanos.
//   - Days are those of the proleptic Gregorian calendar, of the years 1 to 9999; what leads to others says so.
package calendar
