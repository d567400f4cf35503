package binder

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// setOp binds a chain of set operations, which is deep on the left, without recursion there.
func (b *Binder) setOp(s *ast.SetOp, with *ctes, outer *scope) (*relation, error) {
	chain := []*ast.SetOp{s}
	for {
		left, ok := chain[len(chain)-1].Left.(*ast.SetOp)
		if !ok {
			break
		}
		chain = append(chain, left)
	}
	r, err := b.body(chain[len(chain)-1].Left, with, outer)
	for i := len(chain) - 1; i >= 0 && err == nil; i-- {
		var right *relation
		if right, err = b.body(chain[i].Right, with, outer); err == nil {
			r, err = b.combine(chain[i], r, right)
		}
	}
	return r, err
}

func (b *Binder) combine(s *ast.SetOp, l, r *relation) (*relation, error) {
	if plan.Width(l.node) != plan.Width(r.node) {
		return nil, ast.Errorf(s, ast.ClassSemantic, "the left side of %s has %d columns, the right one %d", s.Op, plan.Width(l.node), plan.Width(r.node))
	}
	types := make([]columnar.Type, plan.Width(l.node))
	for i, f := range l.node.Schema().Fields {
		g := r.node.Schema().Fields[i]
		t, ok := expr.CommonType(f.Type, g.Type)
		if plan.OnlyNull(l.node, i) {
			t, ok = g.Type.Nullable(), true
		} else if plan.OnlyNull(r.node, i) {
			t, ok = f.Type.Nullable(), true
		}
		if !ok {
			return nil, ast.Errorf(s, ast.ClassSemantic, "column %d (%s) of %s is %s on the left and %s on the right", i+1, f.Name, s.Op, f.Type.Nullable(), g.Type.Nullable())
		}
		types[i] = t
	}
	var node plan.Node
	var err error
	switch {
	case s.Op == ast.Union:
		node, err = union(s, l.node, r.node, types)
		if err == nil && !s.All {
			node, err = distinct(s, "UNION", node)
		}
	default:
		node, err = difference(s, l.node, r.node, types)
	}
	if err != nil {
		return nil, err
	}
	return &relation{node: node, scope: scopeOf(node.Schema(), "")}, nil
}

// castTo gives a node's columns other types, and appends a number where tag is not negative.
func castTo(at ast.Node, n plan.Node, types []columnar.Type, tag int64) (plan.Node, error) {
	exprs, names := plan.Cols(n), n.Schema().Names()
	same := tag < 0
	for i, e := range exprs {
		c, err := expr.NewCast(e, types[i], false)
		if err != nil {
			return nil, fault(at, err)
		}
		same = same && c == e
		exprs[i] = c
	}
	if same {
		return n, nil
	}
	if tag >= 0 {
		exprs, names = append(exprs, expr.Int(tag, columnar.TypeInteger)), append(names, "side")
	}
	return plan.NewProject(n, exprs, names), nil
}

// union flattens chains of UNION ALL.
func union(at ast.Node, l, r plan.Node, types []columnar.Type) (plan.Node, error) {
	l, err := castTo(at, l, types, -1)
	if err != nil {
		return nil, err
	}
	if r, err = castTo(at, r, types, -1); err != nil {
		return nil, err
	}
	if u, ok := l.(*plan.Union); ok {
		return plan.NewUnion(append(append([]plan.Node{}, u.All...), r)...), nil
	}
	return plan.NewUnion(l, r), nil
}

// difference is INTERSECT or EXCEPT: rows are counted by side, since grouping, unlike a hash
// join, takes nulls for equal. With ALL each row is there as often as the counts say.
func difference(s *ast.SetOp, l, r plan.Node, types []columnar.Type) (plan.Node, error) {
	agg, err := countSides(s, l, r, types)
	if err != nil {
		return nil, err
	}
	width := len(types)
	zero := expr.Int(0, columnar.TypeBigInt)
	left, right := plan.Col(agg, width), plan.Col(agg, width+1)
	names := agg.Schema().Names()[:width]
	if s.All {
		times, err := remaining(s, left, right)
		if err != nil {
			return nil, err
		}
		return &plan.Repeat{Input: plan.NewProject(agg, append(plan.Cols(agg)[:width], times), append(names, "times"))}, nil
	}
	some, err := call(s, ">", left, zero)
	if err != nil {
		return nil, err
	}
	op := map[ast.SetOperator]string{ast.Intersect: ">", ast.Except: "="}[s.Op]
	other, err := call(s, op, right, zero)
	if err != nil {
		return nil, err
	}
	filter := &plan.Filter{Input: agg, Predicate: conjunction([]*expr.Expr{some, other})}
	return plan.NewProject(filter, plan.Cols(filter)[:width], names), nil
}

// countSides groups equal rows of both sides and counts them by side.
func countSides(s *ast.SetOp, l, r plan.Node, types []columnar.Type) (plan.Node, error) {
	keys, err := wholeRow(s, s.Op.String(), types)
	if err != nil {
		return nil, err
	}
	if l, err = castTo(s, l, types, 0); err != nil {
		return nil, err
	}
	if r, err = castTo(s, r, types, 1); err != nil {
		return nil, err
	}
	all := plan.NewUnion(l, r)
	width := len(types)
	sides := make([]*expr.Aggregate, 2)
	for i := range sides {
		is, err := call(s, "=", plan.Col(all, width), expr.Int(int64(i), columnar.TypeInteger))
		if err != nil {
			return nil, err
		}
		if sides[i], err = expr.NewAggregate("COUNT", false, is); err != nil {
			return nil, fault(s, err)
		}
	}
	return plan.NewAggregate(all, keys, sides), nil
}

// remaining is how often a row is in the result of INTERSECT ALL or EXCEPT ALL that is there so often on
// each side.
func remaining(s *ast.SetOp, left, right *expr.Expr) (*expr.Expr, error) {
	if s.Op == ast.Intersect {
		return call(s, "LEAST", left, right)
	}
	more, err := call(s, "-", left, right)
	if err != nil {
		return nil, err
	}
	return call(s, "GREATEST", more, expr.Int(0, columnar.TypeBigInt))
}
