package expr

import (
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

func bindTimestampAdd(args []*Expr) ([]*Expr, columnar.Type, error) {
	unit, err := unitOf(args[0])
	t := args[2].Type.Nullable()
	if err == nil && !(t.IsTimestamp() || t.Kind == columnar.Date) {
		err = fmt.Errorf("argument 3 is %s, not a date or timestamp", t)
	}
	if err == nil && !args[1].Type.IsInteger() {
		err = fmt.Errorf("argument 2 is %s, not an integer", args[1].Type.Nullable())
	}
	if err == nil && t.Kind == columnar.Date && microsOf(unit) != 0 && microsOf(unit)%dayMicros != 0 {
		t = columnar.TimestampOf(3)
		args[2], err = NewCast(args[2], t, false)
	}
	return args, t, err
}

func compileTimestampAdd(_ *compiler, e *Expr) (rowFunc, error) {
	unit, err := unitOf(e.Args[0])
	if err != nil {
		return nil, err
	}
	months, micros, t := monthsOf(unit), microsOf(unit), e.Type
	perDay := int64(1)
	if t.Kind != columnar.Date {
		perDay = 86400 * columnar.UnitsPerSecond(t.Precision)
	}
	return func(args []values, i int, out *columnar.Vector) error {
		n, v := args[1].int(i), args[2].int(i)
		switch {
		case months != 0:
			day := columnar.FloorDiv(v, perDay)
			v += (addMonths(day, n*months) - day) * perDay
		case t.Kind == columnar.Date:
			v += n * (micros / dayMicros)
		default:
			v += scaleTime(n*micros, 1e6, perDay/86400)
		}
		if !isDay(columnar.FloorDiv(v, perDay)) {
			return rowError(e, "%s out of range, which holds the years 1 to 9999", t.Nullable())
		}
		return storeInt(out, i, v)
	}, nil
}

func bindTimestampDiff(args []*Expr) ([]*Expr, columnar.Type, error) {
	_, err := unitOf(args[0])
	for _, a := range args[1:] {
		if t := a.Type; err == nil && !t.IsTimestamp() && t.Kind != columnar.Date {
			err = fmt.Errorf("%s is %s, not a date or timestamp", a, t.Nullable())
		}
	}
	return args, columnar.TypeInteger, err
}

func compileTimestampDiff(_ *compiler, e *Expr) (rowFunc, error) {
	unit, err := unitOf(e.Args[0])
	if err != nil {
		return nil, err
	}
	from, to := dayAndMicros(e.Args[1].Type, time.UTC), dayAndMicros(e.Args[2].Type, time.UTC)
	months, micros := monthsOf(unit), microsOf(unit)
	return func(args []values, i int, out *columnar.Vector) error {
		d1, m1 := from(args[1].int(i))
		d2, m2 := to(args[2].int(i))
		if months == 0 {
			return storeInt(out, i, ((d2-d1)*dayMicros+m2-m1)/micros)
		}
		return storeInt(out, i, monthsBetween(d1, m1, d2, m2)/months)
	}, nil
}

// monthsBetween counts whole months from the first moment to the second.
func monthsBetween(d1, m1, d2, m2 int64) int64 {
	if d2 < d1 || d2 == d1 && m2 < m1 {
		return -monthsBetween(d2, m2, d1, m1)
	}
	y1, mo1, _ := columnar.CivilDate(d1)
	y2, mo2, _ := columnar.CivilDate(d2)
	n := (y2-y1)*12 + int64(mo2-mo1)
	if at := addMonths(d1, n); at > d2 || at == d2 && m1 > m2 {
		n--
	}
	return n
}
