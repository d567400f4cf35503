package expr

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// rowFunc computes row i of out from the arguments, none of which is null there.
type rowFunc func(args []columnar.Reader, i int, out *columnar.Vector) error

// rowwise evaluates a strict function row by row, for those whose work outweighs a call.
type rowwise struct {
	args []node
	vals []columnar.Reader
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
		return &rowwise{args: args, vals: make([]columnar.Reader, len(args)), f: f, out: columnar.NewVector(e.Type)}, nil
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
		n.vals[k] = columnar.Reader{Vector: v}
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
