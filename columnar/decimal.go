package columnar

// DigitsMax is the largest precision of a DECIMAL.
const DigitsMax = 38

// Pow10 is 10^k for k from 0 to DigitsMax.
func Pow10(k int) Int128 { return powers10[k] }

var powers10 = func() (p [DigitsMax + 1]Int128) {
	p[0] = Int128Of(1)
	for i := 1; i < len(p); i++ {
		p[i], _ = p[i-1].Mul(Int128Of(10))
	}
	return p
}()

// FitsDigits reports whether v has at most precision digits.
func FitsDigits(v Int128, precision int) bool {
	limit := Pow10(precision)
	return v.Cmp(limit) < 0 && v.Cmp(limit.Negate()) > 0
}

// DivRound is a/b rounded half away from zero.
func DivRound(a, b Int128) Int128 {
	q, r := a.QuoRem(b)
	if r.Neg() {
		r = r.Negate()
	}
	d := b
	if d.Neg() {
		d = d.Negate()
	}
	rest, _ := d.Sub(r)
	if r.Cmp(rest) < 0 {
		return q
	}
	one := Int128Of(1)
	if a.Neg() != b.Neg() {
		one = Int128Of(-1)
	}
	q, _ = q.Add(one)
	return q
}
