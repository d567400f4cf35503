package expr

import (
	"fmt"
	"math"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// mover adds to dates, times and timestamps; ok is false beyond what the type holds.
type mover struct {
	kind           columnar.Kind
	perDay, lo, hi int64
}

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

// moveError says that a sum is beyond what the type holds.
func moveError(e *Expr) error {
	if e.Type.IsTimestamp() && columnar.UnitsPerSecond(e.Type.Precision) == 1e9 {
		return rowError(e, "%s out of range, which holds the years 1678 to 2262", e.Type.Nullable())
	}
	return rowError(e, "%s out of range, which holds the years 1 to 9999", e.Type.Nullable())
}

func bindTimestampAdd(args []*Expr) ([]*Expr, columnar.Type, error) {
	unit, err := stepOf(args[0])
	t := args[2].Type.Nullable()
	switch {
	case err != nil:
	case !t.IsTimestamp() && t.Kind != columnar.Date && t.Kind != columnar.Time:
		err = fmt.Errorf("argument 3 is %s, not a date, time or timestamp", t)
	case !args[1].Type.IsInteger():
		err = fmt.Errorf("argument 2 is %s, not an integer", args[1].Type.Nullable())
	case t.Kind == columnar.Time && monthsOf(unit) != 0:
		err = fmt.Errorf("argument 3 is %s, to which no %s is added", t, unit)
	case t.Kind == columnar.Date && nanosOf(unit)%dayNanos != 0:
		t = columnar.TimestampOf(3)
		args[2], err = NewCast(args[2], t, false)
	}
	return args, t, err
}

func compileTimestampAdd(_ *compiler, e *Expr) (rowFunc, error) {
	unit, err := stepOf(e.Args[0])
	if err != nil {
		return nil, err
	}
	months, nanos, to := monthsOf(unit), nanosOf(unit), moverOf(e.Type)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		n, v := args[1].Int(i), args[2].Int(i)
		ok := false
		if by := columnar.MulInt64(n, months); months == 0 {
			v, ok = to.steps(v, n, nanos)
		} else if by.IsInt64() {
			v, ok = to.months(v, int64(by.Lo))
		}
		if !ok {
			return moveError(e)
		}
		return storeInt(out, i, cutTime(v, e.Type))
	}, nil
}

// cutTime drops the fractional digits that a time of day has none of.
func cutTime(v int64, t columnar.Type) int64 {
	if t.Kind != columnar.Time {
		return v
	}
	return cutDigits(v, min(t.Precision, 3))
}

func bindTimestampDiff(args []*Expr) ([]*Expr, columnar.Type, error) {
	_, err := stepOf(args[0])
	for _, a := range args[1:] {
		if t := a.Type; err == nil && !t.IsTimestamp() && t.Kind != columnar.Date {
			err = fmt.Errorf("%s is %s, not a date or timestamp", a, t.Nullable())
		}
	}
	return args, columnar.TypeInteger, err
}

func compileTimestampDiff(_ *compiler, e *Expr) (rowFunc, error) {
	unit, err := stepOf(e.Args[0])
	if err != nil {
		return nil, err
	}
	from, to := dayAndNanos(e.Args[1].Type, time.UTC), dayAndNanos(e.Args[2].Type, time.UTC)
	months, nanos := monthsOf(unit), nanosOf(unit)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		d1, n1 := from(args[1].Int(i))
		d2, n2 := to(args[2].Int(i))
		if months != 0 {
			return storeInt(out, i, monthsBetween(d1, n1, d2, n2)/months)
		}
		total, _ := columnar.MulInt64(d2-d1, dayNanos).Add(columnar.Int128Of(n2 - n1))
		steps, _ := total.QuoRem(columnar.Int128Of(nanos))
		if !steps.IsInt64() {
			return rowError(e, "%s is out of range of %s", steps, e.Type.Nullable())
		}
		return storeInt(out, i, int64(steps.Lo))
	}, nil
}

// monthsBetween counts whole months from the first moment to the second.
func monthsBetween(d1, n1, d2, n2 int64) int64 {
	if d2 < d1 || d2 == d1 && n2 < n1 {
		return -monthsBetween(d2, n2, d1, n1)
	}
	y1, mo1, _ := columnar.CivilDate(d1)
	y2, mo2, _ := columnar.CivilDate(d2)
	months := (y2-y1)*12 + int64(mo2-mo1)
	if at := addMonths(d1, months); at > d2 || at == d2 && n1 > n2 {
		months--
	}
	return months
}
