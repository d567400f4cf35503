package expr

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// rescale changes the scale of v by multiplying with or dividing by a power of ten, rounding
// half away from zero; ok is false on overflow.
func rescale(v columnar.Int128, from, to int) (columnar.Int128, bool) {
	if to >= from {
		return v.Mul(columnar.Pow10(to - from))
	}
	return columnar.DivRound(v, columnar.Pow10(from-to)), true
}

// decimalNode computes on decimals. While both sides and the result fit 64 bits it runs the
// narrow checked kernels; a batch in which they overflow is done again with 128 bits.
type decimalNode struct {
	binary
	leftUp, rightUp int // digits by which a side is scaled up first
	scaled          [2][]int64
}

func newDecimalNode(base binary) node {
	n := &decimalNode{binary: base}
	l, r := base.expr.Args[0].Type.Scale, base.expr.Args[1].Type.Scale
	switch base.expr.Name {
	case "+", "-", "%":
		n.leftUp, n.rightUp = max(l, r)-l, max(l, r)-r
	case "*":
		// Scales add up by themselves.
	}
	return n
}

func (n *decimalNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	l, r, err := n.operands(b, sel)
	if err != nil {
		return nil, err
	}
	if l.Phys == columnar.PhysInt64 && r.Phys == columnar.PhysInt64 && n.narrow(l, r, b.Len()) {
		return n.out, nil
	}
	return n.wide(l, r, sel, b.Len())
}

// narrow tries the operation in 64 bits and reports whether it was exact for every row.
func (n *decimalNode) narrow(l, r *columnar.Vector, rows int) bool {
	e := n.expr
	natural := decimalScale(e)
	if e.Name == "/" || e.Name == "%" || natural != e.Type.Scale || max(n.leftUp, n.rightUp) > 18 {
		return false
	}
	x, xok := n.scaleUp(0, columnar.Values[int64](l), n.leftUp, rows)
	y, yok := n.scaleUp(1, columnar.Values[int64](r), n.rightUp, rows)
	if !xok || !yok {
		return false
	}
	n.begin(columnar.PhysInt64, l, r, rows)
	dst := columnar.Values[int64](n.out)
	switch e.Name {
	case "+":
		return !columnar.AddChecked(dst, x, y)
	case "-":
		return !columnar.SubChecked(dst, x, y)
	}
	return !columnar.MulChecked64(dst, x, y)
}

// decimalScale is the scale the operation gives by itself, before the result type cuts it.
func decimalScale(e *Expr) int {
	l, r := e.Args[0].Type.Scale, e.Args[1].Type.Scale
	if e.Name == "*" {
		return l + r
	}
	return max(l, r)
}

func (n *decimalNode) scaleUp(side int, v []int64, digits, rows int) ([]int64, bool) {
	if digits == 0 {
		return v, true
	}
	if cap(n.scaled[side]) < rows {
		n.scaled[side] = make([]int64, rows)
	}
	dst := n.scaled[side][:rows]
	over := columnar.ScaleChecked64(dst, v, int64(columnar.Pow10(digits).Lo))
	return dst, !over
}

func (n *decimalNode) wide(l, r *columnar.Vector, sel []int32, rows int) (*columnar.Vector, error) {
	phys := columnar.PhysInt128
	n.begin(phys, l, r, rows)
	dst := columnar.Values[columnar.Int128](n.out)
	err := eachLive(sel, n.out.Valid, rows, func(i int) error {
		v, err := n.one(l.WideAt(i), r.WideAt(i))
		if err != nil {
			return err
		}
		dst[i] = v
		return nil
	})
	return n.out, err
}

// one computes a row in 128 bits, or in big integers where intermediate results need more.
func (n *decimalNode) one(x, y columnar.Int128) (columnar.Int128, error) {
	e := n.expr
	l, r := e.Args[0].Type, e.Args[1].Type
	if (e.Name == "/" || e.Name == "%") && y == (columnar.Int128{}) {
		return y, rowError(e, "division by zero: %s %s 0", columnar.FormatDecimal(x, l.Scale), e.Name)
	}
	v, ok := n.exact(x, y)
	if !ok {
		v, ok = bigDecimal(e, x, y)
	}
	if !ok || !columnar.FitsDigits(v, e.Type.Precision) {
		return v, rowError(e, "%s out of range: %s %s %s", e.Type.Nullable(), columnar.FormatDecimal(x, l.Scale), e.Name, columnar.FormatDecimal(y, r.Scale))
	}
	return v, nil
}

// exact computes + - * in 128 bits; ok is false if that is not enough.
func (n *decimalNode) exact(x, y columnar.Int128) (v columnar.Int128, ok bool) {
	a, ok1 := x.Mul(columnar.Pow10(n.leftUp))
	b, ok2 := y.Mul(columnar.Pow10(n.rightUp))
	if !ok1 || !ok2 {
		return v, false
	}
	switch n.expr.Name {
	case "+":
		v, ok = a.Add(b)
	case "-":
		v, ok = a.Sub(b)
	case "*":
		v, ok = a.Mul(b)
	}
	if !ok {
		return v, false
	}
	return rescale(v, decimalScale(n.expr), n.expr.Type.Scale)
}

// bigDecimal computes any operation with integers of any size.
func bigDecimal(e *Expr, x, y columnar.Int128) (columnar.Int128, bool) {
	l, r, scale := e.Args[0].Type.Scale, e.Args[1].Type.Scale, e.Type.Scale
	a, b := x.Big(), y.Big()
	common := max(l, r)
	ten := func(k int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(k)), nil) }
	var v *big.Int
	from := scale
	switch e.Name {
	case "/":
		// x/10^l / (y/10^r) * 10^scale, rounded half away from zero.
		v = roundQuo(a.Mul(a, ten(r+scale)), b.Mul(b, ten(l)))
	case "%":
		v, from = new(big.Int).Rem(a.Mul(a, ten(common-l)), b.Mul(b, ten(common-r))), common
	case "*":
		v, from = a.Mul(a, b), l+r
	case "+":
		v, from = a.Add(a.Mul(a, ten(common-l)), b.Mul(b, ten(common-r))), common
	default:
		v, from = a.Sub(a.Mul(a, ten(common-l)), b.Mul(b, ten(common-r))), common
	}
	if from > scale {
		v = roundQuo(v, ten(from-scale))
	} else {
		v.Mul(v, ten(scale-from))
	}
	return columnar.Int128FromBig(v)
}

// roundQuo is a/b rounded half away from zero.
func roundQuo(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	r.Abs(r).Lsh(r, 1)
	if r.CmpAbs(b) >= 0 {
		q.Add(q, big.NewInt(int64(a.Sign()*b.Sign())))
	}
	return q
}

// parseDecimal reads a decimal or a number with an exponent; digits beyond the scale are
// rounded half away from zero.
func parseDecimal(s string, precision, scale int) (columnar.Int128, error) {
	text := strings.TrimSpace(s)
	f, ok := new(big.Rat).SetString(text)
	if !ok || strings.ContainsAny(text, "/xXoO_pP") || len(text) > 200 {
		return columnar.Int128{}, fmt.Errorf("%q is not a number", s)
	}
	f.Mul(f, new(big.Rat).SetInt(columnar.Pow10(scale).Big()))
	v, ok := columnar.Int128FromBig(roundQuo(new(big.Int).Set(f.Num()), f.Denom()))
	if !ok || !columnar.FitsDigits(v, precision) {
		return columnar.Int128{}, fmt.Errorf("%q is out of range of DECIMAL(%d, %d)", s, precision, scale)
	}
	return v, nil
}
