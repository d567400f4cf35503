package calendar

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// Pattern is one of Java's DateTimeFormatter: fields of a time, and the texts between them.
type Pattern []patternPart

// patternPart is a field, such as the letter M twice, or, without a letter, a text.
type patternPart struct {
	letter byte
	count  int
	text   string
}

// Patterns are those that were met before; where they become too many, as of a column, they are forgotten.
type Patterns map[string]Pattern

// patternsMax is how many are remembered.
const patternsMax = 1000

// Of is the pattern of a text.
func (known Patterns) Of(text string) (Pattern, error) {
	p, ok := known[text]
	if !ok {
		var err error
		if p, err = parsePattern(text); err != nil {
			return nil, err
		}
		if len(known) >= patternsMax {
			clear(known)
		}
		known[text] = p
	}
	return p, nil
}

// patternCounts are the letters of patterns and how often each may be repeated.
var patternCounts = map[byte]int{
	'y': 4, 'u': 4, 'M': 4, 'L': 4, 'd': 2, 'D': 3, 'H': 2, 'h': 2, 'k': 2, 'K': 2, 'm': 2, 's': 2, 'S': 9, 'a': 1, 'E': 4,
}

// quoted is the text between quotes that s begins with, and how much of s that is. Two quotes are one, in a
// text or for one.
func quoted(s string) (text string, length int, ok bool) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, true
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			text += s[i : i+1]
		case strings.HasPrefix(s[i:], "''"):
			text += "'"
			i++
		default:
			return text, i + 1, true
		}
	}
	return "", 0, false
}

func parsePattern(s string) (Pattern, error) {
	var p Pattern
	for i := 0; i < len(s); {
		ch, n := s[i], 1
		switch {
		case ch == '\'':
			text, length, ok := quoted(s[i:])
			if !ok {
				return nil, fmt.Errorf("pattern %q has an open quote", s)
			}
			p, n = append(p, patternPart{text: text}), length
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			for i+n < len(s) && s[i+n] == ch {
				n++
			}
			if n > patternCounts[ch] || n == 3 && (ch == 'y' || ch == 'u') {
				return nil, fmt.Errorf("pattern %q: %q is not supported", s, s[i:i+n])
			}
			p = append(p, patternPart{letter: ch, count: n})
		case strings.IndexByte("[]{}#", ch) >= 0:
			return nil, fmt.Errorf("pattern %q: %q is not supported; put it in quotes", s, s[i:i+1])
		default:
			p = append(p, patternPart{text: s[i : i+1]})
		}
		i += n
	}
	return p, nil
}

var (
	monthNames = [...]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	}
	dayNames  = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	halfNames = [...]string{"AM", "PM"}
)

// Append writes a moment.
func (p Pattern) Append(dst []byte, day, nanos int64) []byte {
	for _, f := range p {
		if f.letter == 0 {
			dst = append(dst, f.text...)
			continue
		}
		if names := f.names(); names != nil {
			dst = append(dst, names[f.value(day, nanos)][:f.length(names[f.value(day, nanos)])]...)
			continue
		}
		digits := strconv.FormatInt(f.value(day, nanos), 10)
		for range f.count - len(digits) {
			dst = append(dst, '0')
		}
		dst = append(dst, digits...)
	}
	return dst
}

// names are those of the values of a field that is written as a word; nil is one of digits.
func (f patternPart) names() []string {
	switch {
	case f.letter == 'E':
		return dayNames[:]
	case f.letter == 'a':
		return halfNames[:]
	case (f.letter == 'M' || f.letter == 'L') && f.count > 2:
		return monthNames[:]
	}
	return nil
}

// length is how much of a name is written: three letters, or all.
func (f patternPart) length(name string) int {
	if f.count > 3 {
		return len(name)
	}
	return min(len(name), 3)
}

// value is that of a field, of one with names the index.
func (f patternPart) value(day, nanos int64) int64 {
	hour := nanos / 3600e9
	switch f.letter {
	case 'H':
		return hour
	case 'k':
		return (hour+23)%24 + 1
	case 'K':
		return hour % 12
	case 'h':
		return (hour+11)%12 + 1
	case 'a':
		return hour / 12
	case 'm':
		return nanos / 60e9 % 60
	case 's':
		return nanos / 1e9 % 60
	case 'S':
		return nanos % 1e9 / int64(columnar.Pow10(9-f.count).Lo)
	case 'E':
		return Part("DOW", day, 0) - 1
	case 'D':
		return Part("DOY", day, 0)
	}
	y, m, d := columnar.CivilDate(day)
	switch {
	case f.letter == 'd':
		return int64(d)
	case f.names() != nil:
		return int64(m) - 1
	case f.letter == 'M' || f.letter == 'L':
		return int64(m)
	case f.count == 2:
		return y % 100
	}
	return y
}
