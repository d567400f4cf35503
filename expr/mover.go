package expr

import (
	"math"

	"github.com/anabranch/anabranch/columnar"
)

// mover adds to dates, times and timestamps; ok is false beyond what the type holds.
type mover struct {
	kind           columnar.Kind
	perDay, lo, hi int64
}

// moverOf is the mover of values of type t.
func moverOf(t columnar.Type) mover {
	switch t.Kind {
	case columnar.Date:
		return mover{t.Kind, 1, firstDay, lastDay}
	case columnar.Time:
		return mover{kind: t.Kind, perDay: 86400_000}
	}
	unit := columnar.UnitsPerSecond(t.Precision)
	if unit == 1e9 {
		return mover{t.Kind, 86400 * unit, math.MinInt64, math.MaxInt64}
	}
	return mover{t.Kind, 86400 * unit, firstDay * 86400 * unit, (lastDay+1)*86400*unit - 1}
}

// bounds are the least and the greatest value, those of times of day aside.
func (m mover) bounds() (lo, hi int64) { return m.lo, m.hi }

// months moves a value by months; a day past the month's end becomes its last.
func (m mover) months(v, by int64) (s int64, ok bool) {
	if max(by, -by) > 12*(lastDay-firstDay) {
		return 0, false
	}
	day := columnar.FloorDiv(v, m.perDay)
	moved := addMonths(day, by)
	at := columnar.MulInt64(moved, m.perDay)
	s = int64(at.Lo) + v - day*m.perDay
	return s, isDay(moved) && at.IsInt64() && s >= int64(at.Lo)
}

// steps moves a value n times by a number of nanoseconds. Times go round the clock.
func (m mover) steps(v, n, nanos int64) (s int64, ok bool) {
	size := dayNanos / m.perDay // of one of the value's units
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
