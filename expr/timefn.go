package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr/calendar"
)

func isTemporal(t columnar.Type) bool {
	return t.IsTimestamp() || t.IsInterval() || t.Kind == columnar.Date || t.Kind == columnar.Time
}

func timeFunctions() []*function {
	return append(datePartFunctions(), []*function{
		{name: "EXTRACT", min: 2, max: 2, bind: bindExtract, compile: perRow(compileExtract)},
		{name: "TIMESTAMPADD", min: 3, max: 3, fallible: true, bind: bindTimestampAdd, compile: perRow(compileTimestampAdd)},
		{name: "TIMESTAMPDIFF", min: 3, max: 3, fallible: true, bind: bindTimestampDiff, compile: perRow(compileTimestampDiff)},
		{
			name: "DATE_FORMAT", min: 2, max: 2, fallible: true,
			bind:    bindDateFormat,
			compile: perRow(compileDateFormat),
		},
		{
			name: "TO_TIMESTAMP_LTZ", min: 2, max: 2, fallible: true, exact: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				if !args[0].Type.IsInteger() {
					return nil, columnar.Type{}, fmt.Errorf("argument 1 is %s, not an integer", args[0].Type.Nullable())
				}
				return args, columnar.TimestampLTZOf(3), nil
			},
			compile: perRow(compileToLTZ),
		},
		parsedFunction("TO_TIMESTAMP", columnar.TimestampOf(3)),
		parsedFunction("TO_DATE", columnar.TypeDate),
		currentTime("CURRENT_TIMESTAMP", columnar.TimestampLTZOf(3)),
		currentTime("NOW", columnar.TimestampLTZOf(3)),
		currentTime("PROCTIME", columnar.TimestampLTZOf(3)),
		currentTime("LOCALTIMESTAMP", columnar.TimestampOf(3)),
		currentTime("CURRENT_DATE", columnar.TypeDate),
		currentTime("CURRENT_TIME", columnar.Type{Kind: columnar.Time}),
		currentTime("LOCALTIME", columnar.Type{Kind: columnar.Time}),
	}...)
}

// datePartFunctions are YEAR(t) for EXTRACT(YEAR FROM t) and so on.
func datePartFunctions() []*function {
	var fs []*function
	for name, unit := range map[string]string{
		"YEAR": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "WEEK": "WEEK", "DAYOFYEAR": "DOY",
		"DAYOFMONTH": "DAY", "DAYOFWEEK": "DOW", "HOUR": "HOUR", "MINUTE": "MINUTE", "SECOND": "SECOND",
	} {
		extract := func(args []*Expr) (*Expr, error) { return NewCall("EXTRACT", String(unit), args[0]) }
		fs = append(fs, &function{
			name: name, min: 1, max: 1,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				e, err := extract(args)
				if err != nil {
					return nil, columnar.TypeBigInt, err
				}
				return args, e.Type.Nullable(), nil
			},
			compile: func(c *compiler, e *Expr) (node, error) {
				call, err := extract(e.Args)
				if err != nil {
					return nil, err
				}
				return c.compile(call)
			},
		})
	}
	return fs
}

// compileToLTZ makes instants of numbers since 1970; NULL is one beyond the years 1 to 9999.
func compileToLTZ(_ *compiler, e *Expr) (rowFunc, error) {
	in := calendar.MoverOf(e.Type)
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		unit := int64(1e6)
		switch p := args[1].Int(i); p {
		case 0:
			unit = 1e9
		case 3:
		default:
			return rowError(e, "precision is %d, not 0 or 3", p)
		}
		v, ok := in.Steps(0, args[0].Int(i), unit)
		if !ok {
			out.SetNull(i)
			return nil
		}
		columnar.Values[int64](out)[i] = v
		return nil
	}, nil
}

func currentTime(name string, t columnar.Type) *function {
	return &function{
		name: name, max: 0, volatile: true, exact: true,
		bind: func(args []*Expr) ([]*Expr, columnar.Type, error) { return args, t.Required(), nil },
		compile: func(c *compiler, _ *Expr) (node, error) {
			if c.env == nil || c.env.Now == nil {
				return nil, fmt.Errorf("%s needs a clock", name)
			}
			now := &nowNode{env: c.env, out: columnar.NewVector(columnar.TimestampLTZOf(6))}
			if t.Kind == columnar.TimestampLTZ && t.Precision == 6 {
				return now, nil
			}
			instant := Col(0, "", now.out.Type.Required())
			cast := &Expr{Op: Cast, Type: t, Args: []*Expr{instant}}
			n := &castNode{expr: cast, arg: now, out: columnar.NewVector(t)}
			var err error
			n.slow, err = castRow(c, cast)
			return n, err
		},
	}
}

type nowNode struct {
	env *Env
	out *columnar.Vector
}

func (n *nowNode) release() { n.out.Release() }

func (n *nowNode) eval(b *columnar.Batch, _ []int32) (*columnar.Vector, error) {
	n.out.Reset(1)
	columnar.Values[int64](n.out)[0] = n.env.Now()
	n.out.SetConstant(b.Len())
	return n.out, nil
}
