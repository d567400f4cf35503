package calendar

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// moment draws a day of the years 1 to 9999 and nanoseconds of it, often at the bounds of units.
func moment(t *rapid.T, name string) (day, nanos int64) {
	day = rapid.OneOf(rapid.Int64Range(firstDay, lastDay), rapid.SampledFrom([]int64{firstDay, -1, 0, 58, 59, 365, 11016, 10956, lastDay})).Draw(t, name+" day")
	nanos = rapid.OneOf(rapid.Int64Range(0, DayNanos-1), rapid.SampledFrom([]int64{0, 1, 3600e9 - 1, 3600e9, DayNanos - 1})).Draw(t, name+" nanos")
	return day, nanos
}

func timeOf(day, nanos int64) time.Time { return time.Unix(day*86400, nanos).UTC() }

// TestPart compares the parts of moments with those of package time.
func TestPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day, nanos := moment(t, "at")
		at := timeOf(day, nanos)
		year, week := at.ISOWeek()
		for unit, want := range map[string]int{
			"YEAR": at.Year(), "QUARTER": (int(at.Month()) + 2) / 3, "MONTH": int(at.Month()), "DAY": at.Day(), "DOY": at.YearDay(),
			"DOW": int(at.Weekday()) + 1, "ISODOW": (int(at.Weekday())+6)%7 + 1, "WEEK": week, "ISOYEAR": year,
			"HOUR": at.Hour(), "MINUTE": at.Minute(), "SECOND": at.Second(), "NANOSECOND": at.Second()*1e9 + at.Nanosecond(),
			"EPOCH": int(at.Unix()), "DECADE": at.Year() / 10, "CENTURY": (at.Year() + 99) / 100, "MILLENNIUM": (at.Year() + 999) / 1000,
		} {
			if got := Part(unit, day, nanos); got != int64(want) {
				t.Errorf("%s of %s is %d, want %d", unit, at, got, want)
			}
		}
	})
}

// TestFloorAndNext has each moment lie in the unit that Floor and Next bound.
func TestFloorAndNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day, nanos := moment(t, "at")
		at := timeOf(day, nanos)
		for _, unit := range Units() {
			if Months(unit) == 0 && Nanos(unit) == 0 {
				continue
			}
			from := timeOf(Floor(unit, day, nanos))
			if from.After(at) {
				t.Errorf("%s of %s begins at %s", unit, at, from)
			}
			d, n := Floor(unit, day, nanos)
			if again := timeOf(Floor(unit, d, n)); !again.Equal(from) {
				t.Errorf("%s of its begin %s begins at %s", unit, from, again)
			}
			if until := timeOf(Next(unit, d, n)); !until.After(at) {
				t.Errorf("%s of %s ends at %s", unit, at, until)
			}
		}
	})
}

// TestMonthsBetween has the first moment, moved by the months, lie before the second by less than one more.
func TestMonthsBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d1, n1 := moment(t, "from")
		d2, n2 := moment(t, "to")
		if d2 < d1 || d1 == d2 && n2 < n1 {
			d1, n1, d2, n2 = d2, n2, d1, n1
		}
		to, months := timeOf(d2, n2), MonthsBetween(d1, n1, d2, n2)
		if timeOf(addMonths(d1, months), n1).After(to) || !timeOf(addMonths(d1, months+1), n1).After(to) {
			t.Errorf("%d months from %s to %s", months, timeOf(d1, n1), to)
		}
		if back := MonthsBetween(d2, n2, d1, n1); back != -months {
			t.Errorf("%d months there, %d back", months, back)
		}
	})
}

// TestPatterns writes moments as package time does and reads them back.
func TestPatterns(t *testing.T) {
	layouts := map[string]string{
		"yyyy-MM-dd HH:mm:ss.SSSSSSSSS":    "2006-01-02 15:04:05.000000000",
		"dd/MM/yyyy hh 'o''clock' a mm ss": "02/01/2006 03 o'clock PM 04 05",
		"EEEE d MMMM yyyy":                 "Monday 2 January 2006",
	}
	known := Patterns{}
	rapid.Check(t, func(t *rapid.T) {
		day, nanos := moment(t, "at")
		text := rapid.SampledFrom(slices.Sorted(maps.Keys(layouts))).Draw(t, "pattern")
		p, err := known.Of(text)
		if err != nil {
			t.Fatal(err)
		}
		got, want := string(p.Append(nil, day, nanos)), timeOf(day, nanos).Format(layouts[text])
		if got != want {
			t.Fatalf("%s: %q, want %q", text, got, want)
		}
		if text != "yyyy-MM-dd HH:mm:ss.SSSSSSSSS" {
			return
		}
		if d, n, ok := p.Parse(got); !ok || d != day || n != nanos {
			t.Errorf("%q is read as %d, %d, %v; want %d, %d", got, d, n, ok, day, nanos)
		}
	})
}
