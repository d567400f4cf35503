package expr

import (
	"fmt"
	"math"

	"github.com/anabranch/anabranch/columnar"
)

func arithmeticFunctions() []*function {
	var fs []*function
	for _, op := range []string{"+", "-", "*", "/", "%"} {
		fs = append(fs, &function{
			name: op, infix: true, min: 2, max: 2, fallible: true,
			bind:    func(args []*Expr) ([]*Expr, columnar.Type, error) { return bindArithmetic(op, args) },
			compile: compileArithmetic,
		})
	}
	return append(fs, &function{name: "NEGATE", operator: true, min: 1, max: 1, fallible: true, bind: bindNegate, compile: compileNegate})
}

func bindArithmetic(op string, args []*Expr) ([]*Expr, columnar.Type, error) {
	args = literalsToNumbers(args)
	a, b := args[0].Type, args[1].Type
	if isTemporal(a) || isTemporal(b) {
		return bindTemporal(op, args)
	}
	if a.Kind == columnar.Null && b.Kind == columnar.Null {
		return args, columnar.TypeInteger, castAll(args, columnar.TypeInteger)
	}
	if !(a.IsNumeric() || a.Kind == columnar.Null) || !(b.IsNumeric() || b.Kind == columnar.Null) {
		return nil, a, fmt.Errorf("no such operation on %s and %s", a.Nullable(), b.Nullable())
	}
	common, _ := CommonType(a.Nullable(), b.Nullable())
	if common.Kind != columnar.Decimal {
		return args, common, castAll(args, common)
	}
	for i := range args {
		t := asDecimal(args[i].Type)
		if t.Kind == columnar.Null {
			t = asDecimal(args[1-i].Type)
		}
		c, err := NewCast(args[i], t, false)
		if err != nil {
			return nil, a, err
		}
		args[i] = c
	}
	return args, decimalResult(op, args[0].Type, args[1].Type), nil
}

// literalsToNumbers gives a string literal the type of the other, numeric side.
func literalsToNumbers(args []*Expr) []*Expr {
	for i, a := range args {
		other := args[1-i].Type
		if a.IsConstant() && a.Type.IsString() && other.IsNumeric() {
			if c, err := NewCast(a, other, false); err == nil {
				args[i] = c
			}
		}
	}
	return args
}

func castAll(args []*Expr, t columnar.Type) error {
	for i, a := range args {
		c, err := NewCast(a, t, false)
		if err != nil {
			return err
		}
		args[i] = c
	}
	return nil
}

func bindNegate(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[0].Type
	if t.Kind == columnar.Null {
		return args, columnar.TypeInteger, castAll(args, columnar.TypeInteger)
	}
	if !t.IsNumeric() && !t.IsInterval() {
		return nil, t, fmt.Errorf("argument is %s, not numeric", t.Nullable())
	}
	return args, t.Nullable(), nil
}

// compileNegate compiles -x as 0-x, which is exact for every type but -0.0.
func compileNegate(c *compiler, e *Expr) (node, error) {
	zero := Int(0, e.Type)
	op := "-"
	if e.Type.IsFloat() {
		zero, op = Float(-1, e.Type), "*"
	}
	minus := &Expr{Op: Call, Name: op, Type: e.Type, Args: []*Expr{zero, e.Args[0]}, Place: e.Place}
	return compileArithmetic(c, minus)
}

func compileArithmetic(c *compiler, e *Expr) (node, error) {
	if isTemporal(e.Args[0].Type) || isTemporal(e.Args[1].Type) {
		return compileTemporal(c, e)
	}
	args, err := c.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	base := binary{expr: e, left: args[0], right: args[1], out: columnar.NewVector(e.Type)}
	switch e.Type.Physical() {
	case columnar.PhysInt8:
		return newIntNode(base, columnar.MulChecked[int8]), nil
	case columnar.PhysInt16:
		return newIntNode(base, columnar.MulChecked[int16]), nil
	case columnar.PhysFloat32:
		return newFloatNode[float32](base), nil
	case columnar.PhysFloat64:
		return newFloatNode[float64](base), nil
	}
	if e.Type.Kind == columnar.Decimal {
		return newDecimalNode(base), nil
	}
	if e.Type.Physical() == columnar.PhysInt32 {
		return newIntNode(base, columnar.MulChecked[int32]), nil
	}
	return newIntNode(base, columnar.MulChecked64), nil
}

// binary is what all binary operations share: operands, their flat forms and the result.
type binary struct {
	expr        *Expr
	left, right node
	lf, rf      flattener
	out         *columnar.Vector
}

func (n *binary) release() {
	n.out.Release()
	n.lf.release()
	n.rf.release()
}

// operands evaluates both sides.
func (n *binary) operands(b *columnar.Batch, sel []int32) (l, r *columnar.Vector, err error) {
	if l, err = n.left.eval(b, sel); err != nil {
		return nil, nil, err
	}
	if r, err = n.right.eval(b, sel); err != nil {
		return nil, nil, err
	}
	return n.lf.flat(l, n.left), n.rf.flat(r, n.right), nil
}

// begin prepares the result: n rows, null where either side is.
func (n *binary) begin(p columnar.Physical, l, r *columnar.Vector, rows int) {
	n.out.ResetAs(p, rows)
	if l.Valid != nil || r.Valid != nil {
		n.out.Valid = columnar.AndBitmaps(n.out.OwnValid(rows), l.Valid, r.Valid, rows)
	}
}

type intNode[T columnar.Signed] struct {
	binary
	kernel func(dst, a, b []T) bool
	scalar func(a, b T) (T, bool)
	divide bool
}

func newIntNode[T columnar.Signed](base binary, mul func(dst, a, b []T) bool) node {
	n := &intNode[T]{binary: base}
	switch base.expr.Name {
	case "+":
		n.kernel, n.scalar = columnar.AddChecked[T], func(a, b T) (T, bool) { return a + b, (a^(a+b))&(b^(a+b)) >= 0 }
	case "-":
		n.kernel, n.scalar = columnar.SubChecked[T], func(a, b T) (T, bool) { return a - b, (a^b)&(a^(a-b)) >= 0 }
	case "*":
		n.kernel, n.scalar = mul, func(a, b T) (T, bool) {
			p := columnar.MulInt64(int64(a), int64(b))
			return T(p.Lo), p.IsInt64() && int64(T(p.Lo)) == int64(p.Lo)
		}
	case "/":
		n.divide, n.scalar = true, func(a, b T) (T, bool) { return a / b, b != -1 || a != -a || a == 0 }
	default:
		n.divide, n.scalar = true, func(a, b T) (T, bool) {
			if b == -1 {
				return 0, true
			}
			return a % b, true
		}
	}
	return n
}

func (n *intNode[T]) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	l, r, err := n.operands(b, sel)
	if err != nil {
		return nil, err
	}
	rows := b.Len()
	n.begin(n.out.Type.Physical(), l, r, rows)
	dst, x, y := columnar.Values[T](n.out), columnar.Values[T](l), columnar.Values[T](r)
	if !n.divide && !n.kernel(dst, x, y) {
		return n.out, nil
	}
	// Division, or some row overflowed: go over the live rows one by one.
	err = eachLive(sel, n.out.Valid, rows, func(i int) error {
		if n.divide && y[i] == 0 {
			return rowError(n.expr, "division by zero: %d %s 0", x[i], n.expr.Name)
		}
		v, ok := n.scalar(x[i], y[i])
		if !ok {
			return rowError(n.expr, "%s out of range: %d %s %d", n.expr.Type.Nullable(), x[i], n.expr.Name, y[i])
		}
		dst[i] = v
		return nil
	})
	return n.out, err
}

type floatNode[T columnar.Floats] struct {
	binary
	kernel func(dst, a, b []T)
}

func newFloatNode[T columnar.Floats](base binary) node {
	kernels := map[string]func(dst, a, b []T){
		"+": columnar.AddFloat[T], "-": columnar.SubFloat[T], "*": columnar.MulFloat[T], "/": columnar.DivFloat[T], "%": modFloat[T],
	}
	return &floatNode[T]{binary: base, kernel: kernels[base.expr.Name]}
}

func (n *floatNode[T]) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	l, r, err := n.operands(b, sel)
	if err != nil {
		return nil, err
	}
	n.begin(n.out.Type.Physical(), l, r, b.Len())
	n.kernel(columnar.Values[T](n.out), columnar.Values[T](l), columnar.Values[T](r))
	return n.out, nil
}

// modFloat is the remainder with the dividend's sign, as in C and Java.
func modFloat[T columnar.Floats](dst, a, b []T) {
	for i := range dst {
		dst[i] = T(math.Mod(float64(a[i]), float64(b[i])))
	}
}
