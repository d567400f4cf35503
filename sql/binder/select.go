package binder

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// selection is one SELECT being bound. Its expressions refer to columns of the input, and beyond
// them to aggregate calls and subqueries that get their positions last.
type selection struct {
	b     *Binder
	with  *ctes
	input *relation
	x     *exprBinder

	items   []*expr.Expr
	names   []string
	grouped bool
	keys    []*expr.Expr
	having  *expr.Expr
	order   []sortItem
}

// selectQuery binds a SELECT with the ORDER BY and limits of the query around it.
func (b *Binder) selectQuery(s *ast.Select, q *ast.Query, with *ctes, outer *scope) (*relation, error) {
	sel, err := b.start(s, with, outer)
	if err != nil {
		return nil, err
	}
	if err = sel.where(s.Where); err != nil {
		return nil, err
	}
	if err = sel.bind(s, q); err != nil {
		return nil, err
	}
	r, err := sel.build(s, q)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (b *Binder) start(s *ast.Select, with *ctes, outer *scope) (*selection, error) {
	if s.Qualify != nil {
		return nil, plan.Refuse(s.Qualify, "qualify")
	}
	if len(s.Windows) > 0 {
		return nil, plan.Refuse(s.Windows[0], "over")
	}
	sel := &selection{b: b, with: with}
	var err error
	if len(s.From) == 0 {
		sel.input = oneRow()
		sel.input.scope.outer = outer
	} else if sel.input, err = b.from(s.From, with, outer); err != nil {
		return nil, err
	}
	sel.x = &exprBinder{
		b: b, with: with, scope: sel.input.scope, clause: "SELECT",
		calls: &[]*expr.Aggregate{}, subs: &[]subquery{}, ranks: &[]rank{}, at: map[*expr.Expr]ast.Node{},
	}
	return sel, nil
}

// oneRow is a relation of one row; its one column has no name.
func oneRow() *relation {
	zero := expr.Int(0, columnar.TypeInteger)
	node := &plan.Values{Rows: [][]*expr.Expr{{zero}}, Out: columnar.NewSchema(columnar.Field{Name: "ZERO", Type: zero.Type})}
	return &relation{node: node, scope: &scope{}}
}

// bind binds the clauses behind WHERE.
func (s *selection) bind(q *ast.Select, query *ast.Query) error {
	if err := s.groupBy(q); err != nil {
		return err
	}
	for _, item := range q.Items {
		if err := s.item(item); err != nil {
			return err
		}
	}
	if q.Having != nil {
		s.grouped = true
		s.x.clause = "HAVING"
		var err error
		if s.having, err = s.x.boolean(q.Having); err != nil {
			return err
		}
	}
	s.x.clause = "ORDER BY"
	if err := s.orderBy(query.OrderBy); err != nil {
		return err
	}
	s.grouped = s.grouped || len(*s.x.calls) > 0
	return nil
}

func (s *selection) item(item ast.SelectItem) error {
	if star, ok := item.Expr.(*ast.Star); ok {
		return s.star(star)
	}
	e, err := s.x.bind(item.Expr)
	if err != nil {
		return err
	}
	if e.Type.Kind == columnar.Null {
		e = expr.Null(columnar.TypeString)
	}
	s.items = append(s.items, e)
	s.names = append(s.names, itemName(item, len(s.names)))
	return nil
}

func itemName(item ast.SelectItem, position int) string {
	if item.Alias != nil {
		return item.Alias.Name
	}
	switch e := item.Expr.(type) {
	case *ast.Column:
		return e.Parts.Last().Name
	case *ast.Field:
		return e.Name.Name
	}
	return fmt.Sprintf("EXPR$%d", position)
}

// star adds all columns, those a USING merged first, or the fields of a ROW.
func (s *selection) star(star *ast.Star) error {
	table := star.Qualifier.Last().Name
	if len(star.Qualifier) > 1 && s.isRow(star.Qualifier) {
		return s.fields(star)
	}
	found := false
	for _, merged := range []bool{true, false} {
		for i, c := range s.input.scope.columns {
			if c.merged != merged && table == "" || table == "" && c.qualified {
				continue
			}
			if table != "" && (c.table != table || merged) {
				continue
			}
			found = true
			e := expr.Col(i, c.name, c.typ)
			s.x.at[e] = star
			s.items, s.names = append(s.items, e), append(s.names, c.name)
		}
	}
	if !found && table != "" {
		return s.fields(star)
	}
	if !found {
		return ast.Errorf(star, ast.ClassSemantic, "* needs a table in FROM")
	}
	return nil
}

// isRow reports whether a name begins with a column that is a ROW: its last part may be the name of a table too.
func (s *selection) isRow(name ast.Name) bool {
	i, _, err := s.x.scope.lookup(name)
	return err == nil && i >= 0 && s.x.scope.columns[i].typ.Kind == columnar.Row
}

// fields adds those of a ROW.
func (s *selection) fields(star *ast.Star) error {
	name := star.Qualifier.Last().Name
	if i, _, err := s.x.scope.lookup(star.Qualifier); i < 0 && err == nil {
		return ast.Errorf(star, ast.ClassSemantic, "unknown table %s", name)
	}
	row, err := s.x.column(&ast.Column{Pos: star.Pos, Parts: star.Qualifier})
	if err != nil {
		return err
	}
	if row.Type.Kind != columnar.Row {
		return ast.Errorf(star, ast.ClassSemantic, "%s.* needs a table or a ROW; %s is %s", name, name, row.Type.Nullable())
	}
	for _, f := range row.Type.Fields {
		e, err := expr.NewField(row, f.Name)
		if err != nil {
			return err
		}
		s.items, s.names = append(s.items, e), append(s.names, f.Name)
	}
	return nil
}

// build stacks the plan: aggregation, HAVING, projection, DISTINCT, order, limit.
func (s *selection) build(q *ast.Select, query *ast.Query) (*relation, error) {
	node := s.input.node
	rewrite := func(e *expr.Expr) (*expr.Expr, error) { return e, nil }
	if s.grouped {
		agg, err := s.aggregate()
		if err != nil {
			return nil, err
		}
		node, rewrite = agg, s.overGroups
	}
	node, moved, err := attach(node, *s.x.subs, s.grouped)
	if err != nil {
		return nil, err
	}
	final := func(e *expr.Expr) (*expr.Expr, error) {
		e, err := rewrite(e)
		if err != nil {
			return nil, err
		}
		return e.Remap(moved), nil
	}
	if s.having != nil {
		h, err := final(s.having)
		if err != nil {
			return nil, err
		}
		node = &plan.Filter{Input: node, Predicate: h}
	}
	if node, final, err = numbered(node, *s.x.ranks, final); err != nil {
		return nil, err
	}
	exprs := make([]*expr.Expr, 0, len(s.items)+len(s.order))
	for _, e := range s.items {
		if e, err = final(e); err != nil {
			return nil, err
		}
		exprs = append(exprs, e)
	}
	for i, o := range s.order {
		if o.expr == nil {
			continue
		}
		if o.expr, err = final(o.expr); err != nil {
			return nil, err
		}
		s.order[i] = o
	}
	return s.finish(node, exprs, q, query)
}

// finish projects, makes rows distinct, sorts and limits.
func (s *selection) finish(node plan.Node, exprs []*expr.Expr, q *ast.Select, query *ast.Query) (*relation, error) {
	width := len(exprs)
	exprs, keys, err := s.sortKeys(exprs, q.Distinct)
	if err != nil {
		return nil, err
	}
	names := s.names
	for len(names) < len(exprs) {
		names = append(names, fmt.Sprintf("ORDER$%d", len(names)-width))
	}
	node = plan.NewProject(node, exprs, names)
	if q.Distinct {
		if node, err = distinct(q, "DISTINCT", node); err != nil {
			return nil, err
		}
	}
	r := &relation{node: node, scope: scopeOf(node.Schema(), "")}
	if len(keys) > 0 {
		r.node = &plan.Sort{Input: node, Keys: keys}
	}
	if r, err = s.b.limit(query, r); err != nil {
		return nil, err
	}
	if width < len(exprs) {
		r.node = plan.NewProject(r.node, plan.Cols(r.node)[:width], names[:width])
		r.scope = scopeOf(r.node.Schema(), "")
	}
	return r, nil
}

// distinct keeps one of equal rows, for what, which is at at.
func distinct(at ast.Node, what string, n plan.Node) (plan.Node, error) {
	keys, err := wholeRow(at, what, n.Schema().Types())
	if err != nil {
		return nil, err
	}
	return plan.NewAggregate(n, keys, nil), nil
}

// wholeRow is all columns as keys.
func wholeRow(at ast.Node, what string, types []columnar.Type) ([]int, error) {
	keys := make([]int, len(types))
	for i, t := range types {
		if t.IsNested() {
			return nil, ast.Errorf(at, ast.ClassSemantic, "%s takes no %s", what, t.Nullable())
		}
		keys[i] = i
	}
	return keys, nil
}

// where adds the conditions of WHERE to the input. Subqueries in IN and EXISTS become joins.
func (s *selection) where(e ast.Expr) error {
	var conjuncts []*expr.Expr
	for _, c := range conjunctsOf(e) {
		node, done, err := s.membership(c)
		if err != nil {
			return err
		}
		if done {
			s.input.node = node
			continue
		}
		x := &exprBinder{b: s.b, with: s.with, scope: s.input.scope, clause: "WHERE", subs: &[]subquery{}}
		p, err := x.boolean(c)
		if err != nil {
			return err
		}
		node, moved, err := attach(s.input.node, *x.subs, false)
		if err != nil {
			return err
		}
		s.input.node = node
		conjuncts = append(conjuncts, p.Remap(moved))
	}
	if p := conjunction(conjuncts); p != nil {
		s.input.node = &plan.Filter{Input: s.input.node, Predicate: p}
	}
	return nil
}

// conjunctsOf splits a condition at AND, in order.
func conjunctsOf(e ast.Expr) []ast.Expr {
	if e == nil {
		return nil
	}
	var reversed []ast.Expr
	for {
		b, ok := e.(*ast.Binary)
		if !ok || b.Op != ast.OpAnd {
			break
		}
		right := conjunctsOf(b.Right)
		for i := len(right) - 1; i >= 0; i-- {
			reversed = append(reversed, right[i])
		}
		e = b.Left
	}
	reversed = append(reversed, e)
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	return reversed
}

// attach joins subqueries to a node and tells where their placeholders went.
func attach(node plan.Node, subs []subquery, grouped bool) (plan.Node, func(int) int, error) {
	at := make([]int, len(subs))
	for i, sub := range subs {
		base := plan.Width(node)
		var on *expr.Expr
		t := join.Inner
		if sub.on != nil {
			if grouped {
				return nil, nil, plan.Refuse(sub.pos, "correlated", "a column")
			}
			on = sub.on.Remap(func(c int) int {
				if c >= innerBase {
					return base + c - innerBase
				}
				return c
			})
		}
		if !sub.oneRow {
			t = join.Left
		}
		node = plan.NewJoin(t, node, sub.node, on)
		at[i] = base + sub.column
	}
	return node, func(c int) int {
		if c >= subBase && c < innerBase {
			return at[c-subBase]
		}
		return c
	}, nil
}
