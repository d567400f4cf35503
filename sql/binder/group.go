package binder

import (
	"slices"
	"strconv"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// groupBy binds the keys. A key is an expression over the input, the ordinal of a select item,
// or its alias where no column of the input has that name.
func (s *selection) groupBy(q *ast.Select) error {
	if q.GroupBy == nil {
		return nil
	}
	if q.GroupBy.All {
		return plan.Refuse(q.GroupBy, "group-by-all")
	}
	s.grouped = true
	var constant *expr.Expr
	for _, item := range q.GroupBy.Items {
		if item.Kind != ast.GroupSet {
			return plan.Refuse(item, "grouping-sets")
		}
		for _, e := range item.Exprs {
			target, err := s.keyExpr(e, q.Items)
			if err != nil {
				return err
			}
			x := &exprBinder{b: s.b, with: s.with, scope: s.x.scope, clause: "GROUP BY", at: s.x.at}
			key, err := x.bind(target)
			if err != nil {
				return err
			}
			if key.Type.IsNested() {
				return ast.Errorf(e, ast.ClassSemantic, "GROUP BY takes no %s", key.Type.Nullable())
			}
			if key.IsConstant() {
				constant = key
			} else if !slices.ContainsFunc(s.keys, key.Equal) {
				s.keys = append(s.keys, key)
			}
		}
	}
	// Constants alone still make no group of no rows, unlike an aggregation without keys.
	if len(s.keys) == 0 && constant != nil {
		s.keys = append(s.keys, constant)
	}
	return nil
}

// keyExpr resolves ordinals and aliases.
func (s *selection) keyExpr(e ast.Expr, items []ast.SelectItem) (ast.Expr, error) {
	if n, ok := e.(*ast.NumberLiteral); ok && n.Kind == ast.NumberInteger {
		i, err := strconv.Atoi(n.Text)
		if err != nil || i < 1 || i > len(items) {
			return nil, ast.Errorf(n, ast.ClassSemantic, "GROUP BY %s: there are %d select items", n.Text, len(items))
		}
		return items[i-1].Expr, nil
	}
	c, ok := e.(*ast.Column)
	if !ok || len(c.Parts) != 1 || len(s.x.scope.find("", c.Parts[0].Name)) > 0 {
		return e, nil
	}
	for _, item := range items {
		if item.Alias != nil && item.Alias.Name == c.Parts[0].Name {
			return item.Expr, nil
		}
	}
	return e, nil
}

// aggregate makes the aggregation. Keys that are not columns are computed below it.
func (s *selection) aggregate() (plan.Node, error) {
	node := s.input.node
	exprs, names := plan.Cols(node), node.Schema().Names()
	keys := make([]int, len(s.keys))
	for i, k := range s.keys {
		if k.Op == expr.Column {
			keys[i] = k.Index
			continue
		}
		keys[i] = len(exprs)
		exprs, names = append(exprs, k), append(names, k.String())
	}
	if len(exprs) > plan.Width(node) {
		node = plan.NewProject(node, exprs, names)
	}
	return plan.NewAggregate(node, keys, *s.x.calls), nil
}

// overGroups turns an expression over the input into one over the keys and results.
func (s *selection) overGroups(e *expr.Expr) (*expr.Expr, error) {
	for i, k := range s.keys {
		if k.Equal(e) {
			name := k.String()
			return expr.Col(i, name, k.Type), nil
		}
	}
	if e.Op == expr.Column {
		switch {
		case e.Index >= rankBase:
			return e, nil
		case e.Index >= aggregateBase:
			return expr.Col(len(s.keys)+e.Index-aggregateBase, e.Name, e.Type), nil
		}
		at, ok := s.x.at[e]
		if !ok {
			at = ast.Ident{}
		}
		return nil, ast.Errorf(at, ast.ClassSemantic, "column %s is neither in GROUP BY nor inside an aggregate function", e.Name)
	}
	if len(e.Args) == 0 {
		return e, nil
	}
	c := *e
	c.Args = make([]*expr.Expr, len(e.Args))
	for i, a := range e.Args {
		var err error
		if c.Args[i], err = s.overGroups(a); err != nil {
			return nil, err
		}
	}
	return &c, nil
}
