package binder

import (
	"slices"
	"strconv"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// sortItem is one key of ORDER BY: an output column, or with expr set an expression that may
// turn out to be one.
type sortItem struct {
	item   ast.OrderItem
	column int
	expr   *expr.Expr
}

func (s *selection) orderBy(items []ast.OrderItem) error {
	for _, item := range items {
		column, err := outputColumn(item, s.names)
		if err != nil {
			return err
		}
		o := sortItem{item: item, column: column}
		if column < 0 {
			if o.expr, err = s.x.bind(item.Expr); err != nil {
				return err
			}
		}
		s.order = append(s.order, o)
	}
	return nil
}

// outputColumn finds the output column that an ordinal or a name means, -1 if it is neither.
func outputColumn(item ast.OrderItem, names []string) (int, error) {
	switch e := item.Expr.(type) {
	case *ast.NumberLiteral:
		i, err := strconv.Atoi(e.Text)
		if err != nil || i < 1 || i > len(names) {
			return 0, ast.Errorf(e, ast.ClassSemantic, "ORDER BY %s: there are %d output columns", e.Text, len(names))
		}
		return i - 1, nil
	case *ast.Column:
		if len(e.Parts) != 1 {
			return -1, nil
		}
		at := slices.Index(names, e.Parts[0].Name)
		if at >= 0 && slices.Contains(names[at+1:], e.Parts[0].Name) {
			return -1, nil
		}
		return at, nil
	}
	return -1, nil
}

// sortKeys finds or adds the columns to sort by.
func (s *selection) sortKeys(exprs []*expr.Expr, distinct bool) ([]*expr.Expr, []order.Key, error) {
	var keys []order.Key
	for _, o := range s.order {
		if o.expr != nil && o.expr.IsConstant() {
			continue
		}
		if o.expr != nil {
			o.column = slices.IndexFunc(exprs, o.expr.Equal)
		}
		if o.column < 0 {
			if distinct {
				return nil, nil, ast.Errorf(o.item.Expr, ast.ClassSemantic, "with SELECT DISTINCT, ORDER BY takes select items only")
			}
			o.column = len(exprs)
			exprs = append(exprs, o.expr)
		}
		if t := exprs[o.column].Type; t.IsNested() {
			return nil, nil, ast.Errorf(o.item.Expr, ast.ClassSemantic, "ORDER BY: %s has no order", t.Nullable())
		}
		keys = append(keys, sortKey(o.item, o.column))
	}
	return exprs, keys, nil
}

// sortKey applies the default that nulls are low.
func sortKey(item ast.OrderItem, column int) order.Key {
	k := order.Key{Column: column, Desc: item.Desc, NullsFirst: !item.Desc}
	if item.Nulls != ast.NullOrderDefault {
		k.NullsFirst = item.Nulls == ast.NullsFirst
	}
	return k
}

// orderOutput sorts a query that is not a SELECT, by its output only.
func (b *Binder) orderOutput(q *ast.Query, r *relation) (*relation, error) {
	var keys []order.Key
	for _, item := range q.OrderBy {
		column, err := outputColumn(item, r.node.Schema().Names())
		if err != nil {
			return nil, err
		}
		if column < 0 {
			if c, ok := item.Expr.(*ast.Column); ok && len(c.Parts) == 1 {
				return nil, r.scope.unknown(c.Parts)
			}
			return nil, plan.Refuse(item.Expr, "set-op-order")
		}
		keys = append(keys, sortKey(item, column))
	}
	if len(keys) == 0 {
		return r, nil
	}
	return &relation{node: &plan.Sort{Input: r.node, Keys: keys}, scope: r.scope}, nil
}
