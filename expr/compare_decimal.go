package expr

import "github.com/anabranch/anabranch/columnar"

// needsCompare reports whether the arguments of a comparison are exact numbers that no DECIMAL type can hold
// together with all their digits.
func needsCompare(args []*Expr) bool {
	integral, scale := 0, 0
	for _, a := range args {
		if a.Type.Kind == columnar.Null {
			continue
		}
		if !a.Type.IsInteger() && a.Type.Kind != columnar.Decimal {
			return false
		}
		t := asDecimal(a.Type)
		integral, scale = max(integral, t.Precision-t.Scale), max(scale, t.Scale)
	}
	return integral+scale > columnar.DigitsMax
}

// bindCompared makes "a < b" of such numbers COMPARE(a, b) < 0.
func bindCompared(args []*Expr) ([]*Expr, columnar.Type, error) {
	c, err := NewCall("COMPARE", args...)
	return []*Expr{c, Int(0, columnar.TypeInteger)}, columnar.TypeBoolean, err
}

// bindDistinct binds IS [NOT] DISTINCT FROM, where a COMPARE of two nulls is 0.
func bindDistinct(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := columnar.TypeBoolean.Required()
	if !needsCompare(args) {
		args, _, err := bindComparison(args)
		return args, t, err
	}
	var nulls [2]*Expr
	for i, a := range args {
		var err error
		if nulls[i], err = NewCall("IS NULL", a); err != nil {
			return nil, t, err
		}
	}
	both, err := NewCall("AND", nulls[:]...)
	if err != nil {
		return nil, t, err
	}
	args, _, err = bindCompared(args)
	if err != nil {
		return nil, t, err
	}
	args[0], err = NewCase(both, args[1], args[0])
	return args, t, err
}

// bindIn binds IN; "a IN (b, c)" that needs COMPARE is TRUE IN (a = b, a = c).
func bindIn(args []*Expr) ([]*Expr, columnar.Type, error) {
	if !needsCompare(args) {
		return bindComparison(args)
	}
	bound := []*Expr{Bool(true)}
	for _, a := range args[1:] {
		eq, err := NewCall("=", args[0], a)
		if err != nil {
			return nil, columnar.TypeBoolean, err
		}
		bound = append(bound, eq)
	}
	return bound, columnar.TypeBoolean, nil
}

func bindCompare(args []*Expr) ([]*Expr, columnar.Type, error) {
	for i, a := range args {
		c, err := NewCast(a, asDecimal(a.Type), false)
		if err != nil {
			return nil, columnar.TypeInteger, err
		}
		args[i] = c
	}
	return args, columnar.TypeInteger, nil
}

// compareDecimals is COMPARE: -1, 0 or 1 as the first number is less, equal or greater.
func compareDecimals(args []columnar.Reader, i int, out *columnar.Vector) error {
	a, restA := parts(args[0], i)
	b, restB := parts(args[1], i)
	c := a.Cmp(b)
	if c == 0 {
		c = restA.Cmp(restB)
	}
	return storeInt(out, i, int64(c))
}

// parts is the whole part of a decimal, cut off toward zero, and the rest with as many digits as there may be.
func parts(v columnar.Reader, i int) (whole, rest columnar.Int128) {
	scale := v.Type.Scale
	whole, rest = v.Wide(i).QuoRem(columnar.Pow10(scale))
	rest, _ = rest.Mul(columnar.Pow10(columnar.DigitsMax - scale))
	return whole, rest
}
