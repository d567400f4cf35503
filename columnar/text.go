package columnar

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// FormatDecimal is v with the point scale digits from the right.
func FormatDecimal(v Int128, scale int) string {
	if scale == 0 {
		return v.String()
	}
	s := v.String()
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}

// AppendText appends row i of v as CAST(... AS STRING) shows it; a null is NULL. Instants are
// shown in loc.
func AppendText(dst []byte, v *Vector, i int, loc *time.Location) []byte {
	if v.IsNull(i) {
		return append(dst, "NULL"...)
	}
	i = v.Index(i)
	if v.Enc == Dictionary {
		v = v.Dict
	}
	switch v.Type.Kind {
	case Boolean:
		return append(dst, strings.ToUpper(strconv.FormatBool(v.Bits().Get(i)))...)
	case TinyInt, SmallInt, Integer, BigInt:
		return strconv.AppendInt(dst, v.Int64At(i), 10)
	case Float:
		return appendFloat(dst, float64(Values[float32](v)[i]), 32)
	case Double:
		return appendFloat(dst, Values[float64](v)[i], 64)
	case Decimal:
		return append(dst, FormatDecimal(v.WideAt(i), v.Type.Scale)...)
	case Char, Varchar:
		return append(dst, v.Bytes(i)...)
	case Binary, Varbinary:
		return append(dst, hex.EncodeToString(v.Bytes(i))...)
	case Date:
		return AppendDate(dst, Values[int32](v)[i])
	case Time:
		return appendClock(dst, int64(Values[int32](v)[i])*1e6, v.Type.Precision)
	case Timestamp:
		return AppendTimestamp(dst, Values[int64](v)[i], v.Type.Precision, time.UTC)
	case TimestampLTZ:
		return AppendTimestamp(dst, Values[int64](v)[i], v.Type.Precision, loc)
	case IntervalMonth:
		return appendMonths(dst, Values[int32](v)[i])
	case IntervalDay:
		return appendInterval(dst, Values[int64](v)[i])
	}
	return appendNested(dst, v, i, loc)
}

func appendNested(dst []byte, v *Vector, i int, loc *time.Location) []byte {
	switch v.Type.Kind {
	case Row:
		dst = append(dst, '(')
		for c, child := range v.Children {
			if c > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendText(dst, child, i, loc)
		}
		return append(dst, ')')
	case Array, Map:
		offsets, marks := v.Offsets(), "[]"
		if v.Type.Kind == Map {
			marks = "{}"
		}
		dst = append(dst, marks[0])
		for e := offsets[i]; e < offsets[i+1]; e++ {
			if e > offsets[i] {
				dst = append(dst, ", "...)
			}
			dst = AppendText(dst, v.Children[0], int(e), loc)
			if v.Type.Kind == Map {
				dst = append(dst, '=')
				dst = AppendText(dst, v.Children[1], int(e), loc)
			}
		}
		return append(dst, marks[1])
	}
	return append(dst, "NULL"...)
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f != f:
		return append(dst, "NaN"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-3 || a >= 1e15) {
		return strconv.AppendFloat(dst, f, 'E', -1, bits)
	}
	n := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	if !strings.ContainsRune(string(dst[n:]), '.') {
		dst = append(dst, ".0"...)
	}
	return dst
}

// CivilDate is the year, month and day of a number of days since 1970-01-01 in the proleptic
// Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
func CivilDate(days int64) (year int64, month, day int) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp + 3)
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// DaysOf is the number of days since 1970-01-01 of a civil date.
func DaysOf(year int64, month, day int) int64 {
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yoe := year - era*400
	m := int64(month+9) % 12
	doy := (153*m+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// FloorDiv is a/b rounded down; b is positive.
func FloorDiv(a, b int64) int64 { return floorDiv(a, b) }

// AppendDate appends days since 1970 as YYYY-MM-DD.
func AppendDate(dst []byte, days int32) []byte {
	y, m, d := CivilDate(int64(days))
	if y < 0 || y > 9999 {
		return fmt.Appendf(dst, "%05d-%02d-%02d", y, m, d)
	}
	return append(dst, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

// appendClock appends nanoseconds of a day as HH:MM:SS with precision fractional digits.
func appendClock(dst []byte, nanos int64, precision int) []byte {
	s := nanos / 1e9
	two := func(x int64) { dst = append(dst, byte('0'+x/10), byte('0'+x%10)) }
	two(s / 3600)
	dst = append(dst, ':')
	two(s / 60 % 60)
	dst = append(dst, ':')
	two(s % 60)
	if precision == 0 {
		return dst
	}
	dst = append(dst, '.')
	frac := nanos % 1e9
	for div := int64(1e8); precision > 0; precision, div = precision-1, div/10 {
		dst = append(dst, byte('0'+frac/div%10))
	}
	return dst
}

// AppendTimestamp appends a timestamp of the given precision as YYYY-MM-DD HH:MM:SS[.fff], in
// the zone loc.
func AppendTimestamp(dst []byte, v int64, precision int, loc *time.Location) []byte {
	unit := UnitsPerSecond(precision)
	sec := floorDiv(v, unit)
	frac := v - sec*unit
	if loc != nil && loc != time.UTC {
		_, offset := time.Unix(sec, 0).In(loc).Zone()
		sec += int64(offset)
	}
	days := floorDiv(sec, 86400)
	dst = AppendDate(dst, int32(days))
	dst = append(dst, ' ')
	return appendClock(dst, (sec-days*86400)*1e9+frac*(1e9/unit), precision)
}

func appendMonths(dst []byte, months int32) []byte {
	sign := byte('+')
	if months < 0 {
		sign, months = '-', -months
	}
	return fmt.Appendf(append(dst, sign), "%d-%02d", months/12, months%12)
}

// appendInterval appends microseconds as Flink shows an interval: +D HH:MM:SS.fff.
func appendInterval(dst []byte, micros int64) []byte {
	sign := byte('+')
	if micros < 0 {
		sign, micros = '-', -micros
	}
	const day = 86400 * 1e6
	dst = fmt.Appendf(append(dst, sign), "%d ", micros/day)
	return appendClock(dst, micros%day*1000, 3)
}

var errNotDate = errors.New("is not a date of the form YYYY-MM-DD")

// ParseDate reads YYYY-MM-DD as days since 1970.
func ParseDate(s string) (int32, error) {
	days, rest, ok := datePrefix(strings.TrimSpace(s))
	if !ok || rest != "" {
		return 0, fmt.Errorf("%q %w", s, errNotDate)
	}
	return int32(days), nil
}

func datePrefix(s string) (days int64, rest string, ok bool) {
	y, s, ok1 := number(s, 4, 4)
	m, s, ok2 := number(strings.TrimPrefix(s, "-"), 1, 2)
	d, s, ok3 := number(strings.TrimPrefix(s, "-"), 1, 2)
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 {
		return 0, s, false
	}
	days = DaysOf(y, int(m), int(d))
	if _, back, _ := CivilDate(days); back != int(m) {
		return 0, s, false
	}
	return days, s, true
}

// number reads a run of minDigits to maxDigits digits.
func number(s string, minDigits, maxDigits int) (v int64, rest string, ok bool) {
	n := 0
	for n < len(s) && n < maxDigits && s[n] >= '0' && s[n] <= '9' {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	return v, s[n:], n >= minDigits
}

// ParseTime reads HH:MM[:SS[.fffffffff]] as nanoseconds of the day.
func ParseTime(s string) (int64, error) {
	nanos, rest, ok := clockPrefix(strings.TrimSpace(s))
	if !ok || rest != "" {
		return 0, fmt.Errorf("%q is not a time of the form HH:MM:SS", s)
	}
	return nanos, nil
}

func clockPrefix(s string) (nanos int64, rest string, ok bool) {
	h, s, ok1 := number(s, 1, 2)
	if !ok1 || h > 23 || !strings.HasPrefix(s, ":") {
		return 0, s, false
	}
	m, s, ok2 := number(s[1:], 2, 2)
	if !ok2 || m > 59 {
		return 0, s, false
	}
	var sec, frac int64
	if strings.HasPrefix(s, ":") {
		var ok3 bool
		if sec, s, ok3 = number(s[1:], 2, 2); !ok3 || sec > 59 {
			return 0, s, false
		}
		if strings.HasPrefix(s, ".") {
			before := len(s) - 1
			if frac, s, ok3 = number(s[1:], 1, 9); !ok3 {
				return 0, s, false
			}
			for digits := before - len(s); digits < 9; digits++ {
				frac *= 10
			}
		}
	}
	return (h*3600+m*60+sec)*1e9 + frac, s, true
}

// ParseTimestamp reads YYYY-MM-DD[( |T)HH:MM[:SS[.fffffffff]]][Z|+HH:MM] in units of the
// precision; fractional digits beyond it are cut. A text without zone is taken in loc.
func ParseTimestamp(s string, precision int, loc *time.Location) (int64, error) {
	text := strings.TrimSpace(s)
	days, rest, ok := datePrefix(text)
	var nanos int64
	if ok && rest != "" && (rest[0] == ' ' || rest[0] == 'T') {
		nanos, rest, ok = clockPrefix(strings.TrimLeft(rest[1:], " "))
	}
	if !ok {
		return 0, fmt.Errorf("%q is not a timestamp of the form YYYY-MM-DD HH:MM:SS", s)
	}
	sec := days*86400 + nanos/1e9
	offset, err := zoneSuffix(rest)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q: %w", s, err)
	case rest == "":
		sec = InstantOf(sec, loc)
	default:
		sec -= offset
	}
	unit := UnitsPerSecond(precision)
	if unit == 1e9 && (sec > 9223372035 || sec < -9223372035) {
		return 0, fmt.Errorf("%q is out of range of TIMESTAMP(%d), which holds the years 1678 to 2262", s, precision)
	}
	digit := int64(1) // of the precision, in nanoseconds
	for p := precision; p < 9; p++ {
		digit *= 10
	}
	return sec*unit + nanos%1e9/digit*digit/(1e9/unit), nil
}

func zoneSuffix(s string) (seconds int64, err error) {
	switch {
	case s == "" || s == "Z":
		return 0, nil
	case s[0] != '+' && s[0] != '-':
		return 0, fmt.Errorf("unexpected text %q after the time", s)
	}
	h, rest, ok := number(s[1:], 2, 2)
	m, rest, ok2 := number(strings.TrimPrefix(rest, ":"), 0, 2)
	if !ok || !ok2 || rest != "" || h > 18 {
		return 0, fmt.Errorf("%q is not a time zone of the form +HH:MM", s)
	}
	seconds = h*3600 + m*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, nil
}
