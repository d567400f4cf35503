package expr

import (
	"fmt"
	"math"

	"github.com/anabranch/anabranch/columnar"
)

func mathFunctions() []*function {
	double := func(name string, f func(float64) float64) *function {
		return &function{
			name: name, min: 1, max: 1, bind: bindDoubles,
			compile: plain(func(a []columnar.Reader, i int, out *columnar.Vector) error {
				columnar.Values[float64](out)[i] = f(a[0].Float(i))
				return nil
			}),
		}
	}
	return []*function{
		double("SQRT", math.Sqrt), double("EXP", math.Exp), double("LN", math.Log), double("LOG10", math.Log10),
		double("LOG2", math.Log2), double("SIN", math.Sin), double("COS", math.Cos), double("TAN", math.Tan),
		double("DEGREES", func(x float64) float64 { return x * 180 / math.Pi }),
		double("RADIANS", func(x float64) float64 { return x * math.Pi / 180 }),
		{name: "POWER", min: 2, max: 2, bind: bindDoubles, compile: plain(func(a []columnar.Reader, i int, out *columnar.Vector) error {
			columnar.Values[float64](out)[i] = math.Pow(a[0].Float(i), a[1].Float(i))
			return nil
		})},
		{name: "ABS", min: 1, max: 1, fallible: true, bind: bindSame, compile: perRow(compileAbs)},
		{name: "SIGN", min: 1, max: 1, bind: bindSame, compile: perRow(compileSign)},
		{name: "ROUND", min: 1, max: 2, fallible: true, bind: bindRound, compile: perRow(compileRound)},
		{name: "FLOOR", min: 1, max: 2, fallible: true, bind: bindFloor, compile: perRow(compileFloor(false))},
		{name: "CEIL", min: 1, max: 2, fallible: true, bind: bindFloor, compile: perRow(compileFloor(true))},
	}
}

func bindDoubles(args []*Expr) ([]*Expr, columnar.Type, error) {
	for i, a := range args {
		if !a.Type.IsNumeric() && !a.IsNullConstant() {
			return nil, columnar.TypeDouble, fmt.Errorf("argument %d is %s, not numeric", i+1, a.Type.Nullable())
		}
	}
	return args, columnar.TypeDouble, castAll(args, columnar.TypeDouble)
}

func bindSame(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[0].Type
	if !t.IsNumeric() {
		return nil, t, fmt.Errorf("argument is %s, not numeric", t.Nullable())
	}
	return args, t.Nullable(), nil
}

func compileAbs(_ *compiler, e *Expr) (rowFunc, error) {
	switch {
	case e.Type.IsFloat():
		return func(a []columnar.Reader, i int, out *columnar.Vector) error {
			storeFloat(out, i, math.Abs(a[0].Float(i)))
			return nil
		}, nil
	case e.Type.Kind == columnar.Decimal:
		return func(a []columnar.Reader, i int, out *columnar.Vector) error {
			v := a[0].Wide(i)
			if v.Neg() {
				v = v.Negate()
			}
			return storeDecimal(out, i, v, e.Type.Scale)
		}, nil
	}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		v := a[0].Int(i)
		if v == math.MinInt64 {
			return rowError(e, "%s out of range", e.Type.Nullable())
		}
		return storeInt(out, i, max(v, -v))
	}, nil
}

func compileSign(_ *compiler, e *Expr) (rowFunc, error) {
	if e.Type.IsFloat() {
		return func(a []columnar.Reader, i int, out *columnar.Vector) error {
			f := a[0].Float(i)
			if f > 0 {
				f = 1
			} else if f < 0 {
				f = -1
			}
			storeFloat(out, i, f)
			return nil
		}, nil
	}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		v, s := a[0].Wide(i), int64(1)
		if v.Neg() {
			s = -1
		} else if v == (columnar.Int128{}) {
			s = 0
		}
		return storeNumber(out, i, s)
	}, nil
}

func bindRound(args []*Expr) ([]*Expr, columnar.Type, error) {
	_, t, err := bindSame(args[:1])
	if err != nil || t.Kind != columnar.Decimal {
		return args, t, err
	}
	digits := 0
	if len(args) == 2 && args[1].IsConstant() {
		digits = int(min(max(args[1].Value.Int, 0), int64(t.Scale)))
	}
	return args, columnar.DecimalOf(min(t.Precision-t.Scale+1+digits, columnar.DigitsMax), digits), nil
}

func compileRound(_ *compiler, e *Expr) (rowFunc, error) {
	from := e.Args[0].Type
	digits := int64(0)
	if len(e.Args) == 2 {
		if !e.Args[1].IsConstant() || e.Args[1].Value.Null {
			return nil, fmt.Errorf("ROUND: the number of digits must be a constant")
		}
		digits = e.Args[1].Value.Int
	}
	switch {
	case from.IsFloat():
		p := math.Pow10(int(digits))
		return func(a []columnar.Reader, i int, out *columnar.Vector) error {
			f := a[0].Float(i)
			if r := math.Round(f*p) / p; !math.IsInf(r, 0) && r == r {
				f = r
			}
			storeFloat(out, i, f)
			return nil
		}, nil
	case from.Kind == columnar.Decimal:
		return func(a []columnar.Reader, i int, out *columnar.Vector) error {
			v, cut := a[0].Wide(i), int64(from.Scale)-digits
			if cut > 0 && cut <= columnar.DigitsMax {
				v = columnar.DivRound(v, columnar.Pow10(int(cut)))
				v, _ = v.Mul(columnar.Pow10(int(cut)))
			} else if cut > columnar.DigitsMax {
				v = columnar.Int128{}
			}
			return storeDecimal(out, i, v, from.Scale)
		}, nil
	}
	return func(a []columnar.Reader, i int, out *columnar.Vector) error {
		v := columnar.Int128Of(a[0].Int(i))
		if digits < -19 {
			v = columnar.Int128{}
		} else if digits < 0 {
			v = columnar.DivRound(v, columnar.Pow10(int(-digits)))
			v, _ = v.Mul(columnar.Pow10(int(-digits)))
		}
		if !v.IsInt64() {
			return rowError(e, "%s out of range", e.Type.Nullable())
		}
		return storeInt(out, i, int64(v.Lo))
	}, nil
}

func bindFloor(args []*Expr) ([]*Expr, columnar.Type, error) {
	if len(args) == 2 {
		return bindFloorTime(args)
	}
	args, t, err := bindSame(args)
	if err == nil && t.Kind == columnar.Decimal {
		t = columnar.DecimalOf(min(t.Precision-t.Scale+1, columnar.DigitsMax), 0)
	}
	return args, t, err
}

func compileFloor(up bool) func(*compiler, *Expr) (rowFunc, error) {
	return func(c *compiler, e *Expr) (rowFunc, error) {
		from := e.Args[0].Type
		switch {
		case len(e.Args) == 2:
			return floorTime(c, e, up)
		case from.IsFloat():
			f := math.Floor
			if up {
				f = math.Ceil
			}
			return func(a []columnar.Reader, i int, out *columnar.Vector) error {
				storeFloat(out, i, f(a[0].Float(i)))
				return nil
			}, nil
		case from.Kind == columnar.Decimal:
			return func(a []columnar.Reader, i int, out *columnar.Vector) error {
				q, r := a[0].Wide(i).QuoRem(columnar.Pow10(from.Scale))
				step := int64(0)
				if r.Neg() && !up {
					step = -1
				} else if !r.Neg() && up && r != (columnar.Int128{}) {
					step = 1
				}
				q, _ = q.Add(columnar.Int128Of(step))
				return storeDecimal(out, i, q, 0)
			}, nil
		}
		return func(a []columnar.Reader, i int, out *columnar.Vector) error { return storeInt(out, i, a[0].Int(i)) }, nil
	}
}
