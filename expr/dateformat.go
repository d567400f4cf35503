package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

func bindDateFormat(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[0].Type
	if t.IsString() {
		c, err := NewCast(args[0], columnar.TimestampOf(3), false)
		if err != nil {
			return nil, t, err
		}
		args[0] = c
		t = c.Type
	}
	if !t.IsTimestamp() && t.Kind != columnar.Date {
		return nil, t, fmt.Errorf("argument 1 is %s, not a date or timestamp", t.Nullable())
	}
	if !args[1].Type.IsString() {
		return nil, t, fmt.Errorf("argument 2 is %s, not a string", args[1].Type.Nullable())
	}
	return args, columnar.TypeString, nil
}

// compileDateFormat compiles DATE_FORMAT with patterns of Java's DateTimeFormatter.
func compileDateFormat(c *compiler, e *Expr) (rowFunc, error) {
	split := dayAndMicros(e.Args[0].Type, c.location())
	known := map[string]string{}
	return func(args []values, i int, out *columnar.Vector) error {
		pattern := args[1].text(i)
		layout, ok := known[pattern]
		if !ok {
			var err error
			if layout, err = goLayout(pattern); err != nil {
				return rowError(e, "%s", err)
			}
			known[pattern] = layout
		}
		day, micros := split(args[0].int(i))
		t := time.Unix(day*86400+micros/1e6, micros%1e6*1000).UTC()
		var buf [64]byte
		out.SetBytes(i, t.AppendFormat(buf[:0], layout))
		return nil
	}, nil
}

var layoutOf = map[string]string{
	"yyyy": "2006", "yy": "06", "MM": "01", "M": "1", "MMM": "Jan", "MMMM": "January", "dd": "02", "d": "2",
	"HH": "15", "hh": "03", "h": "3", "mm": "04", "m": "4", "ss": "05", "s": "5", "a": "PM", "E": "Mon", "EEE": "Mon", "EEEE": "Monday",
	"uuuu": "2006", "DDD": "002", "S": "0", "SS": "00", "SSS": "000", "SSSSSS": "000000", "SSSSSSSSS": "000000000",
}

// goLayout translates a pattern of Java's DateTimeFormatter into a layout of Go's time package.
func goLayout(pattern string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		ch := pattern[i]
		switch {
		case ch == '\'':
			end := strings.IndexByte(pattern[i+1:], '\'')
			if end < 0 {
				return "", fmt.Errorf("pattern %q has an open quote", pattern)
			}
			text := pattern[i+1 : i+1+end]
			if text == "" {
				text = "'"
			}
			if strings.ContainsAny(text, "0123456789JMPZ") {
				return "", fmt.Errorf("pattern %q: quoted text %q is not supported", pattern, text)
			}
			b.WriteString(text)
			i += end + 2
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == ch {
				n++
			}
			layout, ok := layoutOf[pattern[i:i+n]]
			if !ok {
				return "", fmt.Errorf("pattern %q: %q is not supported", pattern, pattern[i:i+n])
			}
			if ch == 'S' && !strings.HasSuffix(b.String(), ".") && !strings.HasSuffix(b.String(), ",") {
				return "", fmt.Errorf("pattern %q: fractions of a second must follow a point", pattern)
			}
			b.WriteString(layout)
			i += n
		default:
			b.WriteByte(ch)
			i++
		}
	}
	return b.String(), nil
}
