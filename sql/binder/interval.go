package binder

import (
	"math"
	"strconv"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// The units of an interval by length: months of the first ones, microseconds of the others.
func unitMonths(u ast.Unit) int64 {
	return map[ast.Unit]int64{
		ast.UnitMonth: 1, ast.UnitQuarter: 3, ast.UnitYear: 12, ast.UnitDecade: 120, ast.UnitCentury: 1200, ast.UnitMillennium: 12000,
	}[u]
}

func unitMicros(u ast.Unit) int64 {
	return map[ast.Unit]int64{
		ast.UnitWeek: 7 * 86400e6, ast.UnitDay: 86400e6, ast.UnitHour: 3600e6, ast.UnitMinute: 60e6, ast.UnitSecond: 1e6,
		ast.UnitMillisecond: 1000, ast.UnitMicrosecond: 1,
	}[u]
}

// interval binds INTERVAL '1' DAY, '1-2' YEAR TO MONTH, '1 02:03:04.5' DAY TO SECOND and kin.
func interval(e *ast.IntervalLiteral) (*expr.Expr, error) {
	if e.Qualifier == nil {
		return nil, plan.Refuse(e, "interval")
	}
	text := strings.TrimSpace(e.Value)
	negative := e.Negative
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		text, negative = rest, !negative
	}
	text = strings.TrimPrefix(text, "+")
	unit := unitMonths(e.Qualifier.From)
	t := columnar.Type{Kind: columnar.IntervalMonth}
	limit := int64(math.MaxInt32)
	if unit == 0 {
		unit, t, limit = unitMicros(e.Qualifier.From), columnar.Type{Kind: columnar.IntervalDay}, math.MaxInt64
	}
	if unit == 0 {
		return nil, plan.Refuse(e, "interval")
	}
	var v int64
	var ok bool
	if e.Qualifier.To == "" {
		v, ok = scaled(text, unit)
	} else {
		v, ok = compound(text, e.Qualifier)
	}
	if !ok || v > limit {
		return nil, ast.Errorf(e, ast.ClassSemantic, "'%s' is not an interval %s", e.Value, describe(e.Qualifier))
	}
	if negative {
		v = -v
	}
	return expr.Int(v, t), nil
}

func describe(q *ast.IntervalQualifier) string {
	if q.To == "" {
		return string(q.From)
	}
	return string(q.From) + " TO " + string(q.To)
}

// scaled is a number, with a fraction of up to six digits, times a unit.
func scaled(text string, unit int64) (int64, bool) {
	whole, fraction, hasFraction := strings.Cut(text, ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/unit {
		return 0, false
	}
	v := int64(n) * unit
	if !hasFraction {
		return v, true
	}
	if len(fraction) == 0 || len(fraction) > 9 {
		return 0, false
	}
	f, err := strconv.ParseUint(fraction, 10, 63)
	if err != nil {
		return 0, false
	}
	power := math.Pow10(len(fraction))
	return v + int64(float64(f)*float64(unit)/power), true
}

// compound reads the units from q.From to q.To, each with the separator before it.
func compound(text string, q *ast.IntervalQualifier) (int64, bool) {
	if q.From == ast.UnitYear {
		years, months, ok := strings.Cut(text, "-")
		y, ok1 := scaled(years, 12)
		m, ok2 := scaled(months, 1)
		return y + m, ok && ok1 && ok2 && m < 12
	}
	units := []ast.Unit{ast.UnitDay, ast.UnitHour, ast.UnitMinute, ast.UnitSecond}
	total, first := int64(0), true
	for _, u := range units {
		if first && u != q.From {
			continue
		}
		part, rest := text, ""
		if u != q.To {
			separator := ":"
			if u == ast.UnitDay {
				separator = " "
			}
			var ok bool
			if part, rest, ok = strings.Cut(text, separator); !ok {
				return 0, false
			}
		}
		v, ok := scaled(part, unitMicros(u))
		if !ok || !first && v >= map[ast.Unit]int64{ast.UnitHour: 24 * 3600e6, ast.UnitMinute: 3600e6, ast.UnitSecond: 60e6}[u] {
			return 0, false
		}
		total, text, first = total+v, rest, false
		if u == q.To {
			return total, true
		}
	}
	return 0, false
}
