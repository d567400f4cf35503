package expr

import (
	"fmt"
	"math"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

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
