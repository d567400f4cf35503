package expr

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

func isTemporal(t columnar.Type) bool {
	return t.IsTimestamp() || t.IsInterval() || t.Kind == columnar.Date || t.Kind == columnar.Time
}

const dayMicros = 86400 * 1e6

func timeFunctions() []*function {
	return append(datePartFunctions(), []*function{
		{name: "EXTRACT", min: 2, max: 2, bind: bindExtract, compile: perRow(compileExtract)},
		{name: "TIMESTAMPADD", min: 3, max: 3, fallible: true, bind: bindTimestampAdd, compile: perRow(compileTimestampAdd)},
		{name: "TIMESTAMPDIFF", min: 3, max: 3, bind: bindTimestampDiff, compile: perRow(compileTimestampDiff)},
		{
			name: "DATE_FORMAT", min: 2, max: 2, fallible: true,
			bind:    bindDateFormat,
			compile: perRow(compileDateFormat),
		},
		{
			name: "TO_TIMESTAMP_LTZ", min: 2, max: 2, fallible: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				if !args[0].Type.IsInteger() {
					return nil, columnar.Type{}, fmt.Errorf("argument 1 is %s, not an integer", args[0].Type.Nullable())
				}
				return args, columnar.TimestampLTZOf(3), nil
			},
			compile: perRow(compileToLTZ),
		},
		{
			name: "TO_TIMESTAMP", min: 1, max: 1, exact: true,
			bind: argsOf("STRING", columnar.Type.IsString, fixed(columnar.TimestampOf(3))),
			compile: func(c *compiler, e *Expr) (node, error) {
				return c.compile(&Expr{Op: TryCast, Type: e.Type, Args: e.Args})
			},
		},
		{
			name: "TO_DATE", min: 1, max: 1, exact: true,
			bind: argsOf("STRING", columnar.Type.IsString, fixed(columnar.TypeDate)),
			compile: func(c *compiler, e *Expr) (node, error) {
				return c.compile(&Expr{Op: TryCast, Type: e.Type, Args: e.Args})
			},
		},
		currentTime("CURRENT_TIMESTAMP", columnar.TimestampLTZOf(3)),
		currentTime("NOW", columnar.TimestampLTZOf(3)),
		currentTime("PROCTIME", columnar.TimestampLTZOf(3)),
		currentTime("LOCALTIMESTAMP", columnar.TimestampOf(3)),
		currentTime("CURRENT_DATE", columnar.TypeDate),
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
	case b.IsInterval() && (a.IsTimestamp() || a.Kind == b.Kind):
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
		return plain(func(args []values, i int, out *columnar.Vector) error {
			p := columnar.MulInt64(args[0].int(i), args[1].int(i))
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
		return plain(func(args []values, i int, out *columnar.Vector) error {
			columnar.Values[int64](out)[i] = scaleTime(args[0].int(i), pa, ua) - scaleTime(args[1].int(i), pb, ub)
			return nil
		})(c, e)
	case a.IsInterval() || a.Kind == columnar.Date && b.Kind == columnar.Date:
		return plain(func(args []values, i int, out *columnar.Vector) error {
			return storeInt(out, i, args[0].int(i)+sign*args[1].int(i))
		})(c, e)
	case a.Kind == columnar.Date && b.Kind == columnar.IntervalDay:
		return plain(func(args []values, i int, out *columnar.Vector) error {
			return storeDate(e, out, i, args[0].int(i)+sign*(args[1].int(i)/dayMicros))
		})(c, e)
	case a.Kind == columnar.Date:
		return plain(func(args []values, i int, out *columnar.Vector) error {
			return storeDate(e, out, i, addMonths(args[0].int(i), sign*args[1].int(i)))
		})(c, e)
	}
	return plain(addToTimestamp(e, a, b.Kind == columnar.IntervalMonth, sign))(c, e)
}

func addToTimestamp(e *Expr, t columnar.Type, months bool, sign int64) rowFunc {
	unit := columnar.UnitsPerSecond(t.Precision)
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	if unit < 1e9 {
		lo, hi = firstDay*86400*unit, (lastDay+1)*86400*unit-1
	}
	yMax := math.MaxInt64 / max(unit/1e6, 1)
	return func(args []values, i int, out *columnar.Vector) error {
		x, y := args[0].int(i), sign*args[1].int(i)
		var ok bool
		if months {
			day := columnar.FloorDiv(x, 86400*unit)
			moved := addMonths(day, y)
			at := columnar.MulInt64(moved, 86400*unit)
			ok = isDay(moved) && at.IsInt64()
			x, y = x-day*86400*unit, int64(at.Lo)
		} else {
			ok = -yMax <= y && y <= yMax
			y = scaleTime(y, 1e6, unit)
		}
		s := x + y
		if !ok || (x^s)&(y^s) < 0 || s < lo || s > hi {
			return rowError(e, "%s out of range", t.Nullable())
		}
		columnar.Values[int64](out)[i] = s
		return nil
	}
}

// The days of the years 1 to 9999, those of dates and timestamps.
const firstDay, lastDay = -719162, 2932896

func isDay(day int64) bool { return firstDay <= day && day <= lastDay }

func storeDate(e *Expr, out *columnar.Vector, i int, day int64) error {
	if !isDay(day) {
		return rowError(e, "DATE out of range, which holds the years 1 to 9999")
	}
	return storeInt(out, i, day)
}

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

func temporalRow(c *compiler, from, to columnar.Type) (rowFunc, error) {
	loc := c.location()
	// shift moves an instant to local time (+1) or back (-1).
	shift := func(v, unit int64, sign int64) int64 {
		sec := columnar.FloorDiv(v, unit)
		t := time.Unix(sec, 0)
		if sign < 0 {
			y, m, d := columnar.CivilDate(columnar.FloorDiv(sec, 86400))
			t = time.Date(int(y), time.Month(m), d, 0, 0, int(sec-columnar.FloorDiv(sec, 86400)*86400), 0, loc)
		}
		_, offset := t.In(loc).Zone()
		return v + sign*int64(offset)*unit
	}
	fu, tu := columnar.UnitsPerSecond(from.Precision), columnar.UnitsPerSecond(to.Precision)
	local := func(v int64) int64 {
		if from.Kind == columnar.TimestampLTZ {
			return shift(v, fu, 1)
		}
		return v
	}
	switch {
	case from.Kind == columnar.Date && to.IsTimestamp():
		return func(args []values, i int, out *columnar.Vector) error {
			v := args[0].int(i) * 86400 * tu
			if to.Kind == columnar.TimestampLTZ {
				v = shift(v, tu, -1)
			}
			columnar.Values[int64](out)[i] = v
			return nil
		}, nil
	case to.Kind == columnar.Date:
		return func(args []values, i int, out *columnar.Vector) error {
			return storeInt(out, i, columnar.FloorDiv(local(args[0].int(i)), 86400*fu))
		}, nil
	case to.Kind == columnar.Time && from.IsTimestamp():
		return func(args []values, i int, out *columnar.Vector) error {
			v := local(args[0].int(i))
			v -= columnar.FloorDiv(v, 86400*fu) * 86400 * fu
			return storeInt(out, i, scaleTime(v, fu, 1000))
		}, nil
	case to.Kind == columnar.Time:
		return func(args []values, i int, out *columnar.Vector) error { return storeInt(out, i, args[0].int(i)) }, nil
	case from.IsTimestamp() && to.IsTimestamp():
		return func(args []values, i int, out *columnar.Vector) error {
			v := scaleTime(local(args[0].int(i)), fu, tu)
			if to.Kind == columnar.TimestampLTZ {
				if from.Kind == to.Kind {
					v = scaleTime(args[0].int(i), fu, tu)
				} else {
					v = shift(v, tu, -1)
				}
			} else if from.Kind == to.Kind {
				v = scaleTime(args[0].int(i), fu, tu)
			}
			columnar.Values[int64](out)[i] = cutDigits(v, to.Precision)
			return nil
		}, nil
	}
	return nil, fmt.Errorf("no conversion from %s to %s", from.Nullable(), to.Nullable())
}

// cutDigits drops the fractional digits a precision does not have.
func cutDigits(v int64, precision int) int64 {
	unit := columnar.UnitsPerSecond(precision)
	keep := int64(math.Pow10(precision))
	return columnar.FloorDiv(v, unit/keep) * (unit / keep)
}

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

// microsOf is the length of a unit of fixed length in microseconds; 0 for months and longer.
func microsOf(unit string) int64 {
	return map[string]int64{
		"WEEK": 7 * dayMicros, "DAY": dayMicros, "HOUR": 3600e6, "MINUTE": 60e6, "SECOND": 1e6, "MILLISECOND": 1000, "MICROSECOND": 1,
	}[unit]
}

func monthsOf(unit string) int64 {
	return map[string]int64{"MONTH": 1, "QUARTER": 3, "YEAR": 12, "DECADE": 120, "CENTURY": 1200}[unit]
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

func compileToLTZ(_ *compiler, e *Expr) (rowFunc, error) {
	return func(args []values, i int, out *columnar.Vector) error {
		v := args[0].int(i)
		switch p := args[1].int(i); p {
		case 0:
			v *= 1000
		case 3:
		default:
			return rowError(e, "precision is %d, not 0 or 3", p)
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
