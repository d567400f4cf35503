package binder

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

func joinType(k ast.JoinKind) join.Type {
	switch k {
	case ast.LeftJoin:
		return join.Left
	case ast.RightJoin:
		return join.Right
	case ast.FullJoin:
		return join.Full
	case ast.SemiJoin:
		return join.Semi
	case ast.AntiJoin:
		return join.Anti
	default:
		return join.Inner
	}
}

func (b *Binder) join(j *ast.Join, with *ctes) (*relation, error) {
	left, err := b.tableRef(j.Left, with)
	if err != nil {
		return nil, err
	}
	if f := b.userTable(j.Right); f != nil {
		return b.joinTable(j, f, left)
	}
	right, err := b.tableRef(j.Right, with)
	if err != nil {
		return nil, err
	}
	both := concat(left.scope, right.scope)
	using := j.Using
	if j.Natural {
		using = common(left.scope, right.scope, j)
	}
	var on *expr.Expr
	var pairs [][2]int
	switch {
	case len(using) > 0:
		on, pairs, err = usingCondition(left.scope, right.scope, using)
	case j.On != nil:
		on, err = b.condition(j.On, both, "ON")
	}
	if err != nil {
		return nil, err
	}
	node := plan.NewJoin(joinType(j.Kind), left.node, right.node, on)
	if node.LeftOnly() {
		return &relation{node: node, scope: left.scope}, nil
	}
	for i, f := range node.Out.Fields {
		both.columns[i].typ = f.Type
	}
	return merge(j.Kind, node, both, pairs)
}

// condition binds a boolean.
func (b *Binder) condition(e ast.Expr, s *scope, place string) (*expr.Expr, error) {
	x := &exprBinder{b: b, scope: s, clause: place}
	return x.boolean(e)
}

// common are the columns of a NATURAL join.
func common(l, r *scope, at ast.Node) []ast.Ident {
	var using []ast.Ident
	for _, c := range l.columns {
		if !c.qualified && len(r.find("", c.name)) > 0 {
			using = append(using, ast.Ident{Pos: at.Position(), Name: c.name})
		}
	}
	return using
}

func usingCondition(l, r *scope, using []ast.Ident) (*expr.Expr, [][2]int, error) {
	var conjuncts []*expr.Expr
	var pairs [][2]int
	for _, id := range using {
		var at [2]int
		for side, s := range []*scope{l, r} {
			hits := s.find("", id.Name)
			if len(hits) != 1 {
				what := map[bool]string{true: "no", false: "more than one"}[len(hits) == 0]
				return nil, nil, ast.Errorf(id, ast.ClassSemantic, "the %s side of the join has %s column %s", [2]string{"left", "right"}[side], what, id.Name)
			}
			at[side] = hits[0]
		}
		n := len(l.columns)
		a, c := l.columns[at[0]], r.columns[at[1]]
		e, err := call(id, "=", expr.Col(at[0], a.name, a.typ), expr.Col(n+at[1], c.name, c.typ))
		if err != nil {
			return nil, nil, err
		}
		conjuncts = append(conjuncts, e)
		pairs = append(pairs, [2]int{at[0], n + at[1]})
	}
	return conjunction(conjuncts), pairs, nil
}

// merge makes one column of each pair of a USING: the side that is never null without a match,
// or for a full join the one that is not null.
func merge(kind ast.JoinKind, node *plan.Join, s *scope, pairs [][2]int) (*relation, error) {
	if len(pairs) == 0 {
		return &relation{node: node, scope: s}, nil
	}
	exprs, names := plan.Cols(node), node.Out.Names()
	for _, p := range pairs {
		keep, hide := p[0], p[1]
		if kind == ast.RightJoin {
			keep, hide = hide, keep
		}
		s.columns[hide].qualified = true
		if kind != ast.FullJoin {
			s.columns[keep].merged = true
			continue
		}
		s.columns[keep].qualified = true
		e, err := expr.NewCall("COALESCE", exprs[keep], exprs[hide])
		if err != nil {
			return nil, fmt.Errorf("using %s: %w", names[keep], err)
		}
		exprs, names = append(exprs, e), append(names, names[keep])
		s.columns = append(slices.Clip(s.columns), scopeColumn{name: names[keep], typ: e.Type, merged: true})
	}
	if kind != ast.FullJoin {
		return &relation{node: node, scope: s}, nil
	}
	return &relation{node: plan.NewProject(node, exprs, names), scope: s}, nil
}
