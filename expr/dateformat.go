package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr/calendar"
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
	split := calendar.Split(e.Args[0].Type, c.location())
	known := calendar.Patterns{}
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		p, err := known.Of(args[1].Text(i))
		if err != nil {
			return rowError(e, "%s", err)
		}
		var buf [64]byte
		day, nanos := split(args[0].Int(i))
		out.SetBytes(i, p.Append(buf[:0], day, nanos))
		return nil
	}, nil
}

// parsedFunction is TO_TIMESTAMP or TO_DATE: NULL for a text that cannot be read. With two arguments the
// second is a pattern.
func parsedFunction(name string, t columnar.Type) *function {
	return &function{
		name: name, min: 1, max: 2, exact: true, fallible: true,
		bind: argsOf("STRING", columnar.Type.IsString, fixed(t)),
		compile: func(c *compiler, e *Expr) (node, error) {
			if len(e.Args) == 1 {
				return c.compile(&Expr{Op: TryCast, Type: e.Type, Args: e.Args})
			}
			return perRow(compileParsed)(c, e)
		},
	}
}

func compileParsed(_ *compiler, e *Expr) (rowFunc, error) {
	known := calendar.Patterns{}
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		p, err := known.Of(args[1].Text(i))
		if err != nil {
			return rowError(e, "%s", err)
		}
		day, nanos, ok := p.Parse(args[0].Text(i))
		switch {
		case !ok:
			out.SetNull(i)
			return nil
		case e.Type.Kind == columnar.Date:
			return storeInt(out, i, day)
		}
		v, _ := calendar.Join(day*86400+nanos/1e9, nanos%1e9, e.Type.Precision)
		columnar.Values[int64](out)[i] = v
		return nil
	}, nil
}
