package binder

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// rank is a call of ROW_NUMBER.
type rank struct {
	partition, order []*expr.Expr
	items            []ast.OrderItem
}

// window binds a call with OVER and gives the column that will hold its result.
func (x *exprBinder) window(e *ast.Call, name string) (*expr.Expr, error) {
	if name != "ROW_NUMBER" || e.Over == nil || e.Over.Base != nil || e.Over.Frame != nil || x.ranks == nil || x.inAggregate || x.clause != "SELECT" && x.clause != "ORDER BY" {
		return nil, plan.Refuse(e, "over")
	}
	if len(e.Args) > 0 || e.Star || e.Distinct || e.Filter != nil {
		return nil, ast.Errorf(e, ast.ClassSemantic, "ROW_NUMBER takes no arguments")
	}
	if len(e.Over.OrderBy) == 0 {
		return nil, ast.Errorf(e, ast.ClassSemantic, "ROW_NUMBER needs an ORDER BY in its OVER clause")
	}
	inner := *x
	inner.ranks, inner.subs = nil, nil
	r := rank{items: e.Over.OrderBy}
	var err error
	if r.partition, err = inner.all(e.Over.PartitionBy); err != nil {
		return nil, err
	}
	for _, item := range r.items {
		o, err := inner.bind(item.Expr)
		if err != nil {
			return nil, err
		}
		if o.Type.IsNested() {
			return nil, ast.Errorf(item.Expr, ast.ClassSemantic, "ORDER BY: %s has no order", o.Type.Nullable())
		}
		r.order = append(r.order, o)
	}
	for i, p := range r.partition {
		if p.Type.IsNested() {
			return nil, ast.Errorf(e.Over.PartitionBy[i], ast.ClassSemantic, "PARTITION BY takes no %s", p.Type.Nullable())
		}
	}
	*x.ranks = append(*x.ranks, r)
	return expr.Col(rankBase+len(*x.ranks)-1, "ROW_NUMBER()", columnar.TypeBigInt.Required()), nil
}

// numbered adds the numbers to a node and tells final where they went.
func numbered(node plan.Node, ranks []rank, final func(*expr.Expr) (*expr.Expr, error)) (plan.Node, func(*expr.Expr) (*expr.Expr, error), error) {
	if len(ranks) == 0 {
		return node, final, nil
	}
	at := make([]int, len(ranks))
	for i, r := range ranks {
		exprs, names := plan.Cols(node), node.Schema().Names()
		column := func(e *expr.Expr) (int, error) {
			e, err := final(e)
			if err != nil {
				return 0, err
			}
			if c := slices.IndexFunc(exprs, e.Equal); c >= 0 {
				return c, nil
			}
			exprs, names = append(exprs, e), append(names, e.String())
			return len(exprs) - 1, nil
		}
		n := &plan.Rank{From: 1, Number: true}
		for _, p := range r.partition {
			c, err := column(p)
			if err != nil {
				return nil, nil, err
			}
			n.Partition = append(n.Partition, c)
		}
		for k, o := range r.order {
			c, err := column(o)
			if err != nil {
				return nil, nil, err
			}
			n.Keys = append(n.Keys, sortKey(r.items[k], c))
		}
		if n.Input = node; len(exprs) > plan.Width(node) {
			n.Input = plan.NewProject(node, exprs, names)
		}
		node, at[i] = n, plan.Width(n)-1
	}
	return node, func(e *expr.Expr) (*expr.Expr, error) {
		e, err := final(e)
		if err != nil {
			return nil, err
		}
		return e.Remap(func(c int) int {
			if c >= rankBase && c < subBase {
				return at[c-rankBase]
			}
			return c
		}), nil
	}, nil
}
