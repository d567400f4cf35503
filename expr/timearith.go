package expr

import (
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr/calendar"
)

// bindTemporal types + - * on dates, timestamps and intervals.
func bindTemporal(op string, args []*Expr) ([]*Expr, columnar.Type, error) {
	a, b := args[0].Type, args[1].Type
	if op == "+" && a.IsInterval() && !b.IsInterval() {
		args[0], args[1] = args[1], args[0]
		a, b = b, a
	}
	switch {
	case op == "*" && a.IsInterval() && b.IsInteger():
		return args, a.Nullable(), nil
	case op == "*" && b.IsInterval() && a.IsInteger():
		return []*Expr{args[1], args[0]}, b.Nullable(), nil
	case op != "+" && op != "-":
	case b.IsInterval() && (a.IsTimestamp() || a.Kind == b.Kind), a.Kind == columnar.Time && b.Kind == columnar.IntervalDay:
		return args, a.Nullable(), nil
	case b.IsInterval() && a.Kind == columnar.Date:
		if b.Kind == columnar.IntervalMonth || wholeDays(args[1]) {
			return args, a.Nullable(), nil
		}
		t := columnar.TimestampOf(3)
		c, err := NewCast(args[0], t, false)
		return []*Expr{c, args[1]}, t, err
	case op == "-" && a.IsTimestamp() && b.IsTimestamp() && a.Kind == b.Kind:
		return args, columnar.Type{Kind: columnar.IntervalDay}, nil
	case op == "-" && a.Kind == columnar.Date && b.Kind == columnar.Date:
		return args, columnar.TypeInteger, nil
	}
	return nil, a, fmt.Errorf("no such operation on %s and %s", a.Nullable(), b.Nullable())
}

const dayMicros = 86400 * 1e6

// wholeDays reports whether an interval is a constant number of days, which keeps a DATE one.
func wholeDays(e *Expr) bool {
	return e.IsConstant() && !e.Value.Null && e.Value.Int%dayMicros == 0
}

func compileTemporal(c *compiler, e *Expr) (node, error) {
	if e.Name == "*" {
		return plain(func(args []columnar.Reader, i int, out *columnar.Vector) error {
			p := columnar.MulInt64(args[0].Int(i), args[1].Int(i))
			if !p.IsInt64() {
				return rowError(e, "interval out of range")
			}
			return storeInt(out, i, int64(p.Lo))
		})(c, e)
	}
	sign := int64(1)
	if e.Name == "-" {
		sign = -1
	}
	a, b := e.Args[0].Type, e.Args[1].Type
	switch {
	case a.IsTimestamp() && b.IsTimestamp():
		ua, ub := int64(1e6), int64(1e6)
		pa, pb := columnar.UnitsPerSecond(a.Precision), columnar.UnitsPerSecond(b.Precision)
		return plain(func(args []columnar.Reader, i int, out *columnar.Vector) error {
			columnar.Values[int64](out)[i] = scaleTime(args[0].Int(i), pa, ua) - scaleTime(args[1].Int(i), pb, ub)
			return nil
		})(c, e)
	case a.IsInterval() || a.Kind == columnar.Date && b.Kind == columnar.Date:
		return plain(func(args []columnar.Reader, i int, out *columnar.Vector) error {
			return storeInt(out, i, args[0].Int(i)+sign*args[1].Int(i))
		})(c, e)
	}
	return compileShift(c, e, sign)
}

// scaleTime converts between units per second, rounding down.
func scaleTime(v, from, to int64) int64 {
	if to >= from {
		return v * (to / from)
	}
	return columnar.FloorDiv(v, from/to)
}

// addInterval adds an interval to a date, time or timestamp, or takes it away.
func addInterval(e *Expr, sign int64) rowFunc {
	months, to := e.Args[1].Type.Kind == columnar.IntervalMonth, calendar.MoverOf(e.Type)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		v, by := args[0].Int(i), sign*args[1].Int(i)
		var ok bool
		if months {
			v, ok = to.Months(v, by)
		} else {
			v, ok = to.Steps(v, by, 1000)
		}
		if !ok {
			return moveError(e)
		}
		return storeInt(out, i, calendar.CutTime(v, e.Type))
	}
}

// moveError says that a sum is beyond what the type holds.
func moveError(e *Expr) error {
	if e.Type.IsTimestamp() && columnar.UnitsPerSecond(e.Type.Precision) == 1e9 {
		return rowError(e, "%s out of range, which holds the years 1678 to 2262", e.Type.Nullable())
	}
	return rowError(e, "%s out of range, which holds the years 1 to 9999", e.Type.Nullable())
}

// shift adds a constant interval of days to seconds to timestamps, column by column. Where a row fails or the
// column is encoded it goes row by row.
type shift struct {
	rowwise
	by, lo, hi int64
}

// compileShift compiles the sum of a date, time or timestamp and an interval, or with a sign of -1 their
// difference.
func compileShift(c *compiler, e *Expr, sign int64) (node, error) {
	n, err := plain(addInterval(e, sign))(c, e)
	by := e.Args[1]
	if err != nil || !e.Type.IsTimestamp() || !by.IsConstant() || by.Value.Null || by.Type.Kind == columnar.IntervalMonth {
		return n, err
	}
	to := calendar.MoverOf(e.Type)
	steps, ok := to.Steps(0, sign*by.Value.Int, 1000)
	if !ok {
		return n, nil
	}
	lo, hi := to.Bounds()
	return &shift{rowwise: *n.(*rowwise), by: steps, lo: lo, hi: hi}, nil
}

func (n *shift) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.args[0].eval(b, sel)
	if err != nil {
		return nil, err
	}
	if v.Enc == columnar.Flat && v.Phys == n.out.Type.Physical() {
		rows := b.Len()
		n.out.Reset(rows)
		if !columnar.ShiftChecked64(columnar.Values[int64](n.out), columnar.Values[int64](v)[:rows], n.by, n.lo, n.hi) {
			if v.Valid != nil {
				n.out.Valid = columnar.AndBitmaps(n.out.OwnValid(rows), v.Valid, nil, rows)
			}
			return n.out, nil
		}
	}
	n.vals[0] = columnar.Reader{Vector: v}
	by, err := n.args[1].eval(b, sel)
	if err != nil {
		return nil, err
	}
	n.vals[1] = columnar.Reader{Vector: by}
	return n.apply(b.Len(), sel)
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
	case t.Kind == columnar.Time && calendar.Months(unit) != 0:
		err = fmt.Errorf("argument 3 is %s, to which no %s is added", t, unit)
	case t.Kind == columnar.Date && calendar.Nanos(unit)%calendar.DayNanos != 0:
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
	months, nanos, to := calendar.Months(unit), calendar.Nanos(unit), calendar.MoverOf(e.Type)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		n, v := args[1].Int(i), args[2].Int(i)
		ok := false
		if by := columnar.MulInt64(n, months); months == 0 {
			v, ok = to.Steps(v, n, nanos)
		} else if by.IsInt64() {
			v, ok = to.Months(v, int64(by.Lo))
		}
		if !ok {
			return moveError(e)
		}
		return storeInt(out, i, calendar.CutTime(v, e.Type))
	}, nil
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
	from, to := calendar.Split(e.Args[1].Type, time.UTC), calendar.Split(e.Args[2].Type, time.UTC)
	months, nanos := calendar.Months(unit), calendar.Nanos(unit)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		d1, n1 := from(args[1].Int(i))
		d2, n2 := to(args[2].Int(i))
		if months != 0 {
			return storeInt(out, i, calendar.MonthsBetween(d1, n1, d2, n2)/months)
		}
		total, _ := columnar.MulInt64(d2-d1, calendar.DayNanos).Add(columnar.Int128Of(n2 - n1))
		steps, _ := total.QuoRem(columnar.Int128Of(nanos))
		if !steps.IsInt64() {
			return rowError(e, "%s is out of range of %s", steps, e.Type.Nullable())
		}
		return storeInt(out, i, int64(steps.Lo))
	}, nil
}
