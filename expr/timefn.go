package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

func isTemporal(t columnar.Type) bool {
	return t.IsTimestamp() || t.IsInterval() || t.Kind == columnar.Date || t.Kind == columnar.Time
}

const dayMicros, dayNanos = 86400 * 1e6, 86400 * 1e9

func timeFunctions() []*function {
	return append(datePartFunctions(), []*function{
		{name: "EXTRACT", min: 2, max: 2, bind: bindExtract, compile: perRow(compileExtract)},
		{name: "TIMESTAMPADD", min: 3, max: 3, fallible: true, bind: bindTimestampAdd, compile: perRow(compileTimestampAdd)},
		{name: "TIMESTAMPDIFF", min: 3, max: 3, fallible: true, bind: bindTimestampDiff, compile: perRow(compileTimestampDiff)},
		{
			name: "DATE_FORMAT", min: 2, max: 2, fallible: true,
			bind:    bindDateFormat,
			compile: perRow(compileDateFormat),
		},
		{
			name: "TO_TIMESTAMP_LTZ", min: 2, max: 2, fallible: true, exact: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				if !args[0].Type.IsInteger() {
					return nil, columnar.Type{}, fmt.Errorf("argument 1 is %s, not an integer", args[0].Type.Nullable())
				}
				return args, columnar.TimestampLTZOf(3), nil
			},
			compile: perRow(compileToLTZ),
		},
		parsedFunction("TO_TIMESTAMP", columnar.TimestampOf(3)),
		parsedFunction("TO_DATE", columnar.TypeDate),
		currentTime("CURRENT_TIMESTAMP", columnar.TimestampLTZOf(3)),
		currentTime("NOW", columnar.TimestampLTZOf(3)),
		currentTime("PROCTIME", columnar.TimestampLTZOf(3)),
		currentTime("LOCALTIMESTAMP", columnar.TimestampOf(3)),
		currentTime("CURRENT_DATE", columnar.TypeDate),
		currentTime("CURRENT_TIME", columnar.Type{Kind: columnar.Time}),
		currentTime("LOCALTIME", columnar.Type{Kind: columnar.Time}),
	}...)
}

// datePartFunctions are YEAR(t) for EXTRACT(YEAR FROM t) and so on.
func datePartFunctions() []*function {
	var fs []*function
	for name, unit := range map[string]string{
		"YEAR": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "WEEK": "WEEK", "DAYOFYEAR": "DOY",
		"DAYOFMONTH": "DAY", "DAYOFWEEK": "DOW", "HOUR": "HOUR", "MINUTE": "MINUTE", "SECOND": "SECOND",
	} {
		extract := func(args []*Expr) (*Expr, error) { return NewCall("EXTRACT", String(unit), args[0]) }
		fs = append(fs, &function{
			name: name, min: 1, max: 1,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				e, err := extract(args)
				if err != nil {
					return nil, columnar.TypeBigInt, err
				}
				return args, e.Type.Nullable(), nil
			},
			compile: func(c *compiler, e *Expr) (node, error) {
				call, err := extract(e.Args)
				if err != nil {
					return nil, err
				}
				return c.compile(call)
			},
		})
	}
	return fs
}

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

// addInterval adds an interval to a date, time or timestamp, or takes it away.
func addInterval(e *Expr, sign int64) rowFunc {
	months, to := e.Args[1].Type.Kind == columnar.IntervalMonth, moverOf(e.Type)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		v, by := args[0].Int(i), sign*args[1].Int(i)
		var ok bool
		if months {
			v, ok = to.months(v, by)
		} else {
			v, ok = to.steps(v, by, 1000)
		}
		if !ok {
			return moveError(e)
		}
		return storeInt(out, i, cutTime(v, e.Type))
	}
}

// The days of the years 1 to 9999, those of dates and timestamps.
const firstDay, lastDay = -719162, 2932896

func isDay(day int64) bool { return firstDay <= day && day <= lastDay }

// scaleTime converts between units per second, rounding down.
func scaleTime(v, from, to int64) int64 {
	if to >= from {
		return v * (to / from)
	}
	return columnar.FloorDiv(v, from/to)
}

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

// compileToLTZ makes instants of numbers since 1970; NULL is one beyond the years 1 to 9999.
func compileToLTZ(_ *compiler, e *Expr) (rowFunc, error) {
	in := moverOf(e.Type)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		unit := int64(1e6)
		switch p := args[1].Int(i); p {
		case 0:
			unit = 1e9
		case 3:
		default:
			return rowError(e, "precision is %d, not 0 or 3", p)
		}
		v, ok := in.steps(0, args[0].Int(i), unit)
		if !ok {
			out.SetNull(i)
			return nil
		}
		columnar.Values[int64](out)[i] = v
		return nil
	}, nil
}

func currentTime(name string, t columnar.Type) *function {
	return &function{
		name: name, max: 0, volatile: true, exact: true,
		bind: func(args []*Expr) ([]*Expr, columnar.Type, error) { return args, t.Required(), nil },
		compile: func(c *compiler, _ *Expr) (node, error) {
			if c.env == nil || c.env.Now == nil {
				return nil, fmt.Errorf("%s needs a clock", name)
			}
			now := &nowNode{env: c.env, out: columnar.NewVector(columnar.TimestampLTZOf(6))}
			if t.Kind == columnar.TimestampLTZ && t.Precision == 6 {
				return now, nil
			}
			instant := Col(0, "", now.out.Type.Required())
			cast := &Expr{Op: Cast, Type: t, Args: []*Expr{instant}}
			n := &castNode{expr: cast, arg: now, out: columnar.NewVector(t)}
			var err error
			n.slow, err = castRow(c, cast)
			return n, err
		},
	}
}

type nowNode struct {
	env *Env
	out *columnar.Vector
}

func (n *nowNode) release() { n.out.Release() }

func (n *nowNode) eval(b *columnar.Batch, _ []int32) (*columnar.Vector, error) {
	n.out.Reset(1)
	columnar.Values[int64](n.out)[0] = n.env.Now()
	n.out.SetConstant(b.Len())
	return n.out, nil
}
