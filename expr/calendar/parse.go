package calendar

import (
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// parsedTime has what a text says of a moment; the rest is that of 1970-01-01 00:00:00.
type parsedTime struct {
	year, month, day, dayOfYear       int64
	hour, half, minute, second, nanos int64
	clock12, wrong                    bool
}

// Parse reads a text of the pattern; ok is false for any other and for moments that there are not.
func (p Pattern) Parse(s string) (day, nanos int64, ok bool) {
	t := parsedTime{year: 1970, month: 1, day: 1}
	for i, f := range p {
		if f.letter == 0 {
			if s, ok = strings.CutPrefix(s, f.text); !ok {
				return 0, 0, false
			}
			continue
		}
		var v int64
		if v, s, ok = f.read(s, i+1 < len(p) && p[i+1].letter != 0); !ok {
			return 0, 0, false
		}
		t.set(f, v)
	}
	if s != "" {
		return 0, 0, false
	}
	return t.moment()
}

// read takes a field's value from the begin of s. A field of one letter takes all digits there are, unless
// another field follows.
func (f patternPart) read(s string, adjacent bool) (v int64, rest string, ok bool) {
	for i, name := range f.names() {
		if rest, ok = strings.CutPrefix(s, name[:f.length(name)]); ok {
			return int64(i), rest, true
		}
	}
	if f.names() != nil {
		return 0, s, false
	}
	least, most := f.count, f.count
	if f.count == 1 && !adjacent && f.letter != 'S' {
		most = 4
	}
	n := 0
	for n < len(s) && n < most && s[n] >= '0' && s[n] <= '9' {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	return v, s[n:], n >= least
}

func (t *parsedTime) set(f patternPart, v int64) {
	switch f.letter {
	case 'y', 'u':
		if t.year = v; f.count == 2 {
			t.year += 2000
		}
	case 'M', 'L':
		if t.month = v; f.names() != nil {
			t.month++
		}
	case 'd':
		t.day = v
	case 'D':
		t.dayOfYear = v
		t.wrong = t.wrong || v < 1
	case 'H':
		t.hour = v
	case 'k':
		t.hour = v % 24
		t.wrong = t.wrong || v < 1 || v > 24
	case 'K', 'h':
		t.hour, t.clock12 = v%12, true
		t.wrong = t.wrong || v > 12 || v == 0 && f.letter == 'h' || v == 12 && f.letter == 'K'
	case 'a':
		t.half = v
	case 'm':
		t.minute = v
	case 's':
		t.second = v
	case 'S':
		t.nanos = v * int64(columnar.Pow10(9-f.count).Lo)
	}
}

func (t *parsedTime) moment() (day, nanos int64, ok bool) {
	if t.clock12 {
		t.hour += 12 * t.half
	}
	if t.wrong || t.month < 1 || t.month > 12 || t.day < 1 || t.hour > 23 || t.minute > 59 || t.second > 59 {
		return 0, 0, false
	}
	day = columnar.DaysOf(t.year, int(t.month), 1) + t.day - 1
	if t.dayOfYear > 0 {
		day = columnar.DaysOf(t.year, 1, 1) + t.dayOfYear - 1
	}
	y, m, _ := columnar.CivilDate(day)
	right := y == t.year && (int64(m) == t.month || t.dayOfYear > 0)
	return day, (t.hour*3600+t.minute*60+t.second)*1e9 + t.nanos, right && IsDay(day)
}
