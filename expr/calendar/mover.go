package calendar

import (
	"math"

	"github.com/anabranch/anabranch/columnar"
)

// Mover adds to dates, times and timestamps; ok is false beyond what the type holds.
type Mover struct {
	kind           columnar.Kind
	perDay, lo, hi int64
}

// MoverOf is the Mover of values of type t.
func MoverOf(t columnar.Type) Mover {
	switch t.Kind {
	case columnar.Date:
		return Mover{t.Kind, 1, firstDay, lastDay}
	case columnar.Time:
		return Mover{kind: t.Kind, perDay: 86400_000}
	}
	unit := columnar.UnitsPerSecond(t.Precision)
	if unit == 1e9 {
		return Mover{t.Kind, 86400 * unit, math.MinInt64, math.MaxInt64}
	}
	return Mover{t.Kind, 86400 * unit, firstDay * 86400 * unit, (lastDay+1)*86400*unit - 1}
}

// Bounds are the least and the greatest value, those of times of day aside.
func (m Mover) Bounds() (lo, hi int64) { return m.lo, m.hi }

// Months moves a value by months; a day past the month's end becomes its last.
func (m Mover) Months(v, by int64) (s int64, ok bool) {
	if max(by, -by) > 12*(lastDay-firstDay) {
		return 0, false
	}
	day := columnar.FloorDiv(v, m.perDay)
	moved := addMonths(day, by)
	at := columnar.MulInt64(moved, m.perDay)
	s = int64(at.Lo) + v - day*m.perDay
	return s, IsDay(moved) && at.IsInt64() && s >= int64(at.Lo)
}

// Steps moves a value n times by a number of nanoseconds. Times go round the clock.
func (m Mover) Steps(v, n, nanos int64) (s int64, ok bool) {
	size := DayNanos / m.perDay // of one of the value's units
	by := columnar.Int128Of(columnar.FloorDiv(n, max(size/nanos, 1)))
	if nanos >= size {
		by = columnar.MulInt64(n, nanos/size)
	}
	if m.kind == columnar.Time {
		_, r := by.QuoRem(columnar.Int128Of(m.perDay))
		return (v + int64(r.Lo) + m.perDay) % m.perDay, true
	}
	y := int64(by.Lo)
	s = v + y
	return s, by.IsInt64() && (v^s)&(y^s) >= 0 && m.lo <= s && s <= m.hi
}
