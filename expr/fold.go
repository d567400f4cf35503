package expr

import (
	"math"

	"github.com/anabranch/anabranch/columnar"
)

// Fold replaces every part of e that depends on no column by its value. A part that is
// volatile or fails stays as it is, so that its error counts only if the value is used.
func Fold(e *Expr, env *Env) *Expr {
	return e.Rewrite(func(n *Expr) *Expr {
		if n.Op == Constant || n.Op == Column || n.Type.IsNested() || n.Type.Kind == columnar.Null {
			return n
		}
		for _, a := range n.Args {
			if a.Op != Constant {
				return n
			}
		}
		if n.Op == Call && n.Volatile() {
			return n
		}
		return evaluate(n, env)
	})
}

func evaluate(e *Expr, env *Env) *Expr {
	p, err := Compile(e, env)
	if err != nil {
		return e
	}
	defer p.Close()
	one := columnar.NewBatch(&columnar.Schema{})
	one.SetLen(1)
	v, err := p.Eval(one)
	if err != nil {
		return e
	}
	t := e.Type
	if v.IsNull(0) {
		return Null(t)
	}
	t.NotNull = true
	return &Expr{Op: Constant, Type: t, Value: valueOf(v, 0)}
}

// valueOf is row i of v, not null and not nested, as a literal.
func valueOf(v *columnar.Vector, i int) *Value {
	i = v.Index(i)
	if v.Enc == columnar.Dictionary {
		v = v.Dict
	}
	switch v.Phys {
	case columnar.PhysBits:
		if v.Bits().Get(i) {
			return &Value{Int: 1}
		}
		return &Value{}
	case columnar.PhysInt128:
		w := v.WideAt(i)
		return &Value{Int: int64(w.Lo), High: w.Hi}
	case columnar.PhysFloat32:
		return &Value{Float: formatFloat(float64(columnar.Values[float32](v)[i]))}
	case columnar.PhysFloat64:
		return &Value{Float: formatFloat(columnar.Values[float64](v)[i])}
	case columnar.PhysView:
		return &Value{Bytes: append([]byte{}, v.Bytes(i)...)}
	}
	x := v.Int64At(i)
	return &Value{Int: x, High: x >> 63}
}

// ConstantInt is the value of a constant of an integer, date, time, timestamp or interval type
// that fits 64 bits; ok is false for anything else.
func (e *Expr) ConstantInt() (v int64, ok bool) {
	if e.Op != Constant || e.Value.Null {
		return 0, false
	}
	switch e.Type.Physical() {
	case columnar.PhysInt8, columnar.PhysInt16, columnar.PhysInt32, columnar.PhysInt64:
		return e.Value.Int, true
	case columnar.PhysInt128:
		return e.Value.Int, e.Value.High == e.Value.Int>>63
	}
	return 0, false
}

// ConstantFloat is the value of a constant FLOAT or DOUBLE.
func (e *Expr) ConstantFloat() (v float64, ok bool) {
	if e.Op != Constant || e.Value.Null || !e.Type.IsFloat() {
		return math.NaN(), false
	}
	return parseFloat(e.Value.Float), true
}
