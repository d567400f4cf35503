package text

import "github.com/anabranch/anabranch/columnar"

// number parses n digits of b from i on; -1 if there are not as many.
func number(b []byte, i, n int) int {
	if i+n > len(b) {
		return -1
	}
	v := 0
	for _, c := range b[i : i+n] {
		if c -= '0'; c > 9 {
			return -1
		}
		v = v*10 + int(c)
	}
	return v
}

// The parts of dates and times.
var (
	yearMonth = formOf("0000-00-")
	monthDay  = formOf("00-00-00")
	clock     = formOf("00:00:00")
)

// ParseDate parses YYYY-MM-DD to days since 1970-01-01.
func ParseDate(b []byte) (int32, bool) {
	if len(b) != 10 {
		return 0, false
	}
	front, ok := yearMonth.pairs(b)
	back, also := monthDay.pairs(b[2:])
	y, m, d := pair(front, 0)*100+pair(front, 2), pair(front, 5), pair(back, 6)
	if !ok || !also || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	return int32(daysOf(y, m, d)), true
}

func monthDays(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysOf counts days since 1970-01-01 in the proleptic Gregorian calendar, with years that
// begin in March so that the leap day is the last.
func daysOf(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	of := y - era*400
	day := (153*(m-3)+2)/5 + d - 1
	return int64(era)*146097 + int64(of*365+of/4-of/100+day) - 719468
}

// dateOf is the inverse of daysOf.
func dateOf(days int64) (y, m, d int) {
	days += 719468
	era := days / 146097
	if days < 0 {
		era = (days - 146096) / 146097
	}
	doe := int(days - era*146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + int(era)*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

// parseClock parses HH:MM[:SS[.fraction]] to seconds of the day and nanoseconds of the second.
func parseClock(b []byte) (seconds, nanoseconds int64, ok bool) {
	var h, m, s, nanos int
	switch {
	case len(b) == 5 && b[2] == ':':
		h, m = number(b, 0, 2), number(b, 3, 2)
	case len(b) < 8:
		return 0, 0, false
	default:
		p, ok := clock.pairs(b)
		if !ok {
			return 0, 0, false
		}
		h, m, s = pair(p, 0), pair(p, 3), pair(p, 6)
	}
	if n := len(b) - 9; n >= 0 {
		if nanos = number(b, 9, n); b[8] != '.' || n < 1 || n > 9 || nanos < 0 {
			return 0, 0, false
		}
		for ; n < 9; n++ {
			nanos *= 10
		}
	}
	if h < 0 || h > 23 || m < 0 || m > 59 || s > 59 {
		return 0, 0, false
	}
	return int64(h)*3600 + int64(m)*60 + int64(s), int64(nanos), true
}

// ParseTime parses HH:MM:SS[.fraction] to milliseconds of the day.
func ParseTime(b []byte) (int32, bool) {
	seconds, nanos, ok := parseClock(b)
	return int32(seconds*1000 + nanos/1e6), ok
}

// powersOfTen are those of a second in nanoseconds.
var powersOfTen = [10]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// ParseTimestamp parses a date, a blank or T, a time and an optional Z to units of the
// precision since 1970-01-01. Digits beyond the precision are cut off.
func ParseTimestamp(b []byte, precision int) (int64, bool) {
	if len(b) > 0 && b[len(b)-1] == 'Z' {
		b = b[:len(b)-1]
	}
	if len(b) < 16 || b[10] != ' ' && b[10] != 'T' {
		return 0, false
	}
	days, ok := ParseDate(b[:10])
	if !ok {
		return 0, false
	}
	clock, nanos, ok := parseClock(b[11:])
	if !ok {
		return 0, false
	}
	seconds := int64(days)*86400 + clock
	if precision%3 != 0 || precision == 0 {
		digit := powersOfTen[9-precision]
		nanos = nanos / digit * digit
	}
	switch columnar.UnitsPerSecond(precision) {
	case 1e3:
		return seconds*1e3 + nanos/1e6, true
	case 1e6:
		return seconds*1e6 + nanos/1e3, true
	}
	return seconds*1e9 + nanos, seconds <= 9223372035 && seconds >= -9223372036
}

// AppendDate appends days since 1970-01-01 as YYYY-MM-DD.
func AppendDate(b []byte, days int64) []byte {
	y, m, d := dateOf(days)
	if y < 0 {
		b, y = append(b, '-'), -y
	}
	b = append(b, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	return appendTwo(append(appendTwo(b, m), '-'), d)
}

func appendTwo(b []byte, v int) []byte { return append(b, byte('0'+v/10), byte('0'+v%10)) }

func appendClock(b []byte, seconds int64, nanos int) []byte {
	b = append(appendTwo(b, int(seconds/3600)), ':')
	b = append(appendTwo(b, int(seconds/60%60)), ':')
	b = appendTwo(b, int(seconds%60))
	if nanos == 0 {
		return b
	}
	b = append(b, '.')
	for scale := 100_000_000; nanos > 0; scale /= 10 {
		b = append(b, byte('0'+nanos/scale))
		nanos %= scale
	}
	return b
}

// AppendTime appends milliseconds of the day as HH:MM:SS[.fraction].
func AppendTime(b []byte, millis int64) []byte {
	return appendClock(b, millis/1000, int(millis%1000)*1e6)
}

// AppendTimestamp appends a timestamp of the given precision with separator sep between date
// and time and as many fractional digits as it needs.
func AppendTimestamp(b []byte, v int64, precision int, sep byte) []byte {
	unit := columnar.UnitsPerSecond(precision)
	seconds, rest := v/unit, v%unit
	if rest < 0 {
		seconds, rest = seconds-1, rest+unit
	}
	days, clock := seconds/86400, seconds%86400
	if clock < 0 {
		days, clock = days-1, clock+86400
	}
	return appendClock(append(AppendDate(b, days), sep), clock, int(rest*(1e9/unit)))
}
