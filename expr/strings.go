package expr

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/anabranch/anabranch/columnar"
)

func isText(t columnar.Type) bool { return t.IsString() }

// textFunction is a strict function of strings (the first texts arguments) and integers.
func textFunction(name string, minArgs, maxArgs, texts int, result columnar.Type, f rowFunc) *function {
	return &function{name: name, min: minArgs, max: maxArgs, compile: plain(f), bind: bindTexts(texts, result)}
}

func bindTexts(texts int, result columnar.Type) func([]*Expr) ([]*Expr, columnar.Type, error) {
	return func(args []*Expr) ([]*Expr, columnar.Type, error) {
		for i, a := range args {
			t := a.Type
			switch {
			case t.Kind == columnar.Null && i < texts:
				args[i] = Null(columnar.TypeString)
			case t.Kind == columnar.Null:
				args[i] = Null(columnar.TypeInteger)
			case i < texts && !t.IsString():
				return nil, result, fmt.Errorf("argument %d is %s, not a string", i+1, t.Nullable())
			case i >= texts && !t.IsInteger():
				return nil, result, fmt.Errorf("argument %d is %s, not an integer", i+1, t.Nullable())
			}
		}
		return args, result, nil
	}
}

func stringFunctions() []*function {
	str, num := columnar.TypeString, columnar.TypeInteger
	like := func(name string, fold bool) *function {
		return &function{
			name: name, infix: true, min: 2, max: 3, bind: bindTexts(3, columnar.TypeBoolean),
			compile: func(c *compiler, e *Expr) (node, error) { return compileLike(c, e, fold) },
		}
	}
	return []*function{
		textFunction("UPPER", 1, 1, 1, str, func(a []columnar.Reader, i int, out *columnar.Vector) error {
			out.SetBytes(i, bytes.ToUpper(a[0].Bytes(i)))
			return nil
		}),
		textFunction("LOWER", 1, 1, 1, str, func(a []columnar.Reader, i int, out *columnar.Vector) error {
			out.SetBytes(i, bytes.ToLower(a[0].Bytes(i)))
			return nil
		}),
		textFunction("CHAR_LENGTH", 1, 1, 1, num, func(a []columnar.Reader, i int, out *columnar.Vector) error {
			columnar.Values[int32](out)[i] = int32(utf8.RuneCount(a[0].Bytes(i)))
			return nil
		}),
		textFunction("SUBSTRING", 2, 3, 1, str, substring),
		textFunction("TRIM", 2, 3, 3, str, trim),
		trimFunction("BTRIM", bytes.Trim),
		trimFunction("LTRIM", bytes.TrimLeft),
		trimFunction("RTRIM", bytes.TrimRight),
		textFunction("POSITION", 2, 2, 2, num, func(a []columnar.Reader, i int, out *columnar.Vector) error {
			in := a[1].Bytes(i)
			at := bytes.Index(in, a[0].Bytes(i))
			if at >= 0 {
				at = utf8.RuneCount(in[:at])
			}
			columnar.Values[int32](out)[i] = int32(at + 1)
			return nil
		}),
		textFunction("REPLACE", 3, 3, 3, str, func(a []columnar.Reader, i int, out *columnar.Vector) error {
			old := a[1].Bytes(i)
			if len(old) == 0 {
				out.SetBytes(i, a[0].Bytes(i))
				return nil
			}
			out.SetBytes(i, bytes.ReplaceAll(a[0].Bytes(i), old, a[2].Bytes(i)))
			return nil
		}),
		textFunction("REVERSE", 1, 1, 1, str, func(a []columnar.Reader, i int, out *columnar.Vector) error {
			s := []rune(a[0].Text(i))
			for l, r := 0, len(s)-1; l < r; l, r = l+1, r-1 {
				s[l], s[r] = s[r], s[l]
			}
			out.SetString(i, string(s))
			return nil
		}),
		textFunction("SPLIT_INDEX", 3, 3, 2, str, splitIndex),
		{name: "||", infix: true, min: 2, max: -1, bind: bindConcat, compile: plain(concat)},
		{name: "CONCAT", min: 1, max: -1, bind: bindConcat, compile: plain(concat)},
		{name: "LPAD", min: 3, max: 3, bind: bindPad, compile: plain(pad(true))},
		{name: "RPAD", min: 3, max: 3, bind: bindPad, compile: plain(pad(false))},
		{name: "REGEXP_EXTRACT", min: 2, max: 3, fallible: true, exact: true, bind: bindTexts(2, str), compile: perRow(regexpExtract)},
		{name: "REGEXP_REPLACE", min: 3, max: 3, fallible: true, bind: bindTexts(3, str), compile: perRow(regexpReplace)},
		{name: "REGEXP", min: 2, max: 2, fallible: true, bind: bindTexts(2, columnar.TypeBoolean), compile: perRow(regexpMatch)},
		like("LIKE", false), like("ILIKE", true),
	}
}

// substring counts characters from 1; a negative start counts from the end, as in Flink.
func substring(a []columnar.Reader, i int, out *columnar.Vector) error {
	s := a[0].Bytes(i)
	start, length := a[1].Int(i), int64(1)<<40
	if len(a) == 3 {
		length = a[2].Int(i)
	}
	if ascii(s) {
		from, to := substringRange(start, length, int64(len(s)))
		out.SetBytes(i, s[from:to])
		return nil
	}
	r := []rune(string(s))
	from, to := substringRange(start, length, int64(len(r)))
	out.SetString(i, string(r[from:to]))
	return nil
}

func substringRange(start, length, n int64) (from, to int64) {
	switch {
	case start > 0:
		start--
	case start < 0:
		start += n
	}
	end := start + length
	from, to = min(max(start, 0), n), min(max(end, 0), n)
	return from, max(from, to)
}

func ascii(s []byte) bool {
	var all byte
	for _, c := range s {
		all |= c
	}
	return all < utf8.RuneSelf
}

// trim is TRIM(s, where[, characters]), where being BOTH, LEADING or TRAILING.
func trim(a []columnar.Reader, i int, out *columnar.Vector) error {
	s, cut := a[0].Bytes(i), " "
	if len(a) == 3 {
		cut = a[2].Text(i)
	}
	switch a[1].Text(i) {
	case "LEADING":
		s = bytes.TrimLeft(s, cut)
	case "TRAILING":
		s = bytes.TrimRight(s, cut)
	default:
		s = bytes.Trim(s, cut)
	}
	out.SetBytes(i, s)
	return nil
}

// trimFunction cuts spaces or the characters of the second argument.
func trimFunction(name string, cut func(s []byte, characters string) []byte) *function {
	return textFunction(name, 1, 2, 2, columnar.TypeString, func(a []columnar.Reader, i int, out *columnar.Vector) error {
		characters := " "
		if len(a) == 2 {
			characters = a[1].Text(i)
		}
		out.SetBytes(i, cut(a[0].Bytes(i), characters))
		return nil
	})
}

func splitIndex(a []columnar.Reader, i int, out *columnar.Vector) error {
	sep, at := a[1].Text(i), a[2].Int(i)
	parts := strings.Split(a[0].Text(i), sep)
	if at < 0 || at >= int64(len(parts)) || sep == "" {
		out.SetNull(i)
		return nil
	}
	out.SetString(i, parts[at])
	return nil
}

func bindConcat(args []*Expr) ([]*Expr, columnar.Type, error) {
	return args, columnar.TypeString, castAll(args, columnar.TypeString)
}

func concat(a []columnar.Reader, i int, out *columnar.Vector) error {
	var buf [256]byte
	s := buf[:0]
	for _, v := range a {
		s = append(s, v.Bytes(i)...)
	}
	out.SetBytes(i, s)
	return nil
}

func bindPad(args []*Expr) ([]*Expr, columnar.Type, error) {
	if !isText(args[0].Type) || !args[1].Type.IsInteger() || !isText(args[2].Type) {
		return nil, columnar.TypeString, fmt.Errorf("takes a string, an integer and a string")
	}
	return args, columnar.TypeString, nil
}

func pad(left bool) rowFunc {
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		s, n, fill := []rune(a[0].Text(i)), a[1].Int(i), []rune(a[2].Text(i))
		if n < 0 || len(fill) == 0 || n > 1<<24 {
			out.SetNull(i)
			return nil
		}
		missing := int(n) - len(s)
		if missing <= 0 {
			out.SetString(i, string(s[:n]))
			return nil
		}
		padding := make([]rune, missing)
		for k := range padding {
			padding[k] = fill[k%len(fill)]
		}
		if left {
			s = append(padding, s...)
		} else {
			s = append(s, padding...)
		}
		out.SetString(i, string(s))
		return nil
	}
}

func regexpExtract(_ *compiler, e *Expr) (rowFunc, error) {
	known := patterns{memo[string, *regexp.Regexp]{}}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		re, err := known.get(e, a[1].Text(i))
		if err != nil {
			return err
		}
		group := int64(0)
		if len(a) == 3 {
			group = a[2].Int(i)
		}
		m := re.FindSubmatch(a[0].Bytes(i))
		if group < 0 || group >= int64(len(m)) || m[group] == nil {
			out.SetNull(i)
			return nil
		}
		out.SetBytes(i, m[group])
		return nil
	}, nil
}

// regexpReplace puts the replacement in as it is, as Flink does: $1 means no group.
func regexpReplace(_ *compiler, e *Expr) (rowFunc, error) {
	known := patterns{memo[string, *regexp.Regexp]{}}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		re, err := known.get(e, a[1].Text(i))
		if err != nil {
			return err
		}
		out.SetBytes(i, re.ReplaceAllLiteral(a[0].Bytes(i), a[2].Bytes(i)))
		return nil
	}, nil
}

func regexpMatch(_ *compiler, e *Expr) (rowFunc, error) {
	known := patterns{memo[string, *regexp.Regexp]{}}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		re, err := known.get(e, a[1].Text(i))
		if err == nil {
			out.Bits().SetTo(i, re.Match(a[0].Bytes(i)))
		}
		return err
	}, nil
}
