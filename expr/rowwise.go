package expr

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// values is one argument's vector with access by row, whatever its encoding.
type values struct{ *columnar.Vector }

func (v values) at(i int) (*columnar.Vector, int) {
	i = v.Index(i)
	if v.Enc == columnar.Dictionary {
		return v.Dict, i
	}
	return v.Vector, i
}

// int is row i of an integer, date, time, timestamp, interval or narrow decimal.
func (v values) int(i int) int64 {
	d, k := v.at(i)
	return d.Int64At(k)
}

func (v values) wide(i int) columnar.Int128 {
	d, k := v.at(i)
	return d.WideAt(k)
}

func (v values) bool(i int) bool {
	d, k := v.at(i)
	return d.Bits().Get(k)
}

func (v values) float(i int) float64 {
	d, k := v.at(i)
	if d.Phys == columnar.PhysFloat32 {
		return float64(columnar.Values[float32](d)[k])
	}
	return columnar.Values[float64](d)[k]
}

func (v values) text(i int) string { return string(v.Bytes(i)) }

// rowFunc computes row i of out from the arguments, none of which is null there.
type rowFunc func(args []values, i int, out *columnar.Vector) error

// rowwise evaluates a strict function row by row, for those whose work outweighs a call.
type rowwise struct {
	args []node
	vals []values
	f    rowFunc
	out  *columnar.Vector
}

// perRow makes the compile function of a rowwise function; make is called once a compilation.
func perRow(build func(c *compiler, e *Expr) (rowFunc, error)) func(*compiler, *Expr) (node, error) {
	return func(c *compiler, e *Expr) (node, error) {
		f, err := build(c, e)
		if err != nil {
			return nil, err
		}
		args, err := c.compileAll(e.Args)
		if err != nil {
			return nil, err
		}
		return &rowwise{args: args, vals: make([]values, len(args)), f: f, out: columnar.NewVector(e.Type)}, nil
	}
}

// plain is perRow of a function that needs nothing of its call.
func plain(f rowFunc) func(*compiler, *Expr) (node, error) {
	return perRow(func(*compiler, *Expr) (rowFunc, error) { return f, nil })
}

func (n *rowwise) release() { n.out.Release() }

func (n *rowwise) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	for k, a := range n.args {
		v, err := a.eval(b, sel)
		if err != nil {
			return nil, err
		}
		n.vals[k] = values{v}
	}
	return n.apply(b.Len(), sel)
}

// apply computes the rows from the arguments, which are evaluated.
func (n *rowwise) apply(rows int, sel []int32) (*columnar.Vector, error) {
	n.out.Reset(rows)
	if n.out.Phys == columnar.PhysView {
		clear(columnar.Values[columnar.View](n.out))
	}
	nulls := false
	for _, v := range n.vals {
		nulls = nulls || v.Valid != nil
	}
	if nulls {
		valid := n.out.MakeValid()
		for _, v := range n.vals {
			if v.Valid == nil {
				continue
			}
			for i := range rows {
				if v.IsNull(i) {
					valid.Clear(i)
				}
			}
		}
	}
	err := eachLive(sel, n.out.Valid, rows, func(i int) error { return n.f(n.vals, i, n.out) })
	return n.out, err
}

func (c *compiler) location() *time.Location { return c.env.location() }

// constantText is the value of a string constant argument.
func constantText(e *Expr) (string, bool) {
	if !e.IsConstant() || e.Value.Null || !e.Type.IsString() {
		return "", false
	}
	return string(e.Value.Bytes), true
}
