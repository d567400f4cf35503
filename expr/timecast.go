package expr

import (
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr/calendar"
)

// temporalRow converts between dates, times and timestamps. Instants are seen in the session's time zone.
func temporalRow(c *compiler, from, to columnar.Type) (rowFunc, error) {
	loc := c.location()
	toInstant := from.Kind != columnar.TimestampLTZ && to.Kind == columnar.TimestampLTZ
	if from.Kind == to.Kind {
		loc = time.UTC // as it is
	}
	split := calendar.Split(from, loc)
	switch {
	case to.IsTimestamp() && (from.IsTimestamp() || from.Kind == columnar.Date):
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			day, nanos := split(args[0].Int(i))
			second := day*86400 + nanos/1e9
			if toInstant {
				second = columnar.InstantOf(second, loc)
			}
			v, ok := calendar.Join(second, nanos%1e9, to.Precision)
			if !ok {
				return fmt.Errorf("a time is out of range of %s, which holds the years 1678 to 2262", to.Nullable())
			}
			columnar.Values[int64](out)[i] = calendar.CutDigits(v, to.Precision)
			return nil
		}, nil
	case to.Kind == columnar.Date:
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			day, _ := split(args[0].Int(i))
			return storeInt(out, i, day)
		}, nil
	case to.Kind == columnar.Time:
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			_, nanos := split(args[0].Int(i))
			return storeInt(out, i, calendar.CutTime(nanos/1e6, to))
		}, nil
	}
	return nil, fmt.Errorf("no conversion from %s to %s", from.Nullable(), to.Nullable())
}
