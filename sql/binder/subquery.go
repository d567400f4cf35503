package binder

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// Placeholders are column positions beyond those of any input, by what they stand for: an
// aggregate call, a scalar subquery, a column of a subquery in a condition with its outer query,
// a column of the outer query.
const (
	aggregateBase = 1 << 20
	rankBase      = 1 << 21
	subBase       = 1 << 22
	innerBase     = 1 << 24
	outerBase     = 1 << 26
)

// subquery is a scalar subquery whose value is a column of node.
type subquery struct {
	pos    ast.Node
	node   plan.Node
	column int
	// on relates it to the outer query; nil if it stands alone.
	on *expr.Expr
	// oneRow says that the node has exactly one row.
	oneRow bool
}

// correlated is a SELECT whose WHERE was split into what it says of its own tables, now part of
// input, and the conditions that refer to the outer query.
type correlated struct {
	*selection
	conditions []*expr.Expr
}

// correlate binds FROM and WHERE of a subquery that may refer to outer.
func (b *Binder) correlate(s *ast.Select, with *ctes, outer *scope) (*correlated, error) {
	sel, err := b.start(s, with, outer)
	if err != nil {
		return nil, err
	}
	c := &correlated{selection: sel}
	var own []ast.Expr
	for _, e := range conjunctsOf(s.Where) {
		x := &exprBinder{b: b, with: with, scope: sel.input.scope, clause: "WHERE", isCorrelating: true}
		p, err := x.boolean(e)
		if err != nil || !refersTo(p, outerBase) {
			// Whatever is wrong with it, binding it as a plain condition says so.
			own = append(own, e)
			continue
		}
		c.conditions = append(c.conditions, p)
	}
	for _, e := range own {
		if err := sel.where(e); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func refersTo(e *expr.Expr, base int) bool {
	found := false
	e.Walk(func(n *expr.Expr) { found = found || n.Op == expr.Column && n.Index >= base })
	return found
}

// plainSelect is the SELECT of a query that is nothing else, nil otherwise.
func plainSelect(q *ast.Query) *ast.Select {
	s, ok := q.Body.(*ast.Select)
	if !ok || q.With != nil || q.Limit != nil || q.Offset != nil {
		return nil
	}
	return s
}

// membership binds x IN (query), EXISTS (query) and their negations as a semi or anti join of
// the input; done is false for any other condition.
func (s *selection) membership(e ast.Expr) (node plan.Node, done bool, err error) {
	not := false
	for {
		u, ok := e.(*ast.Unary)
		if !ok || u.Op != ast.OpNot {
			break
		}
		e, not = u.X, !not
	}
	switch e := e.(type) {
	case *ast.Exists:
		node, err = s.exists(e, not)
		return node, true, err
	case *ast.In:
		if e.Query == nil {
			return nil, false, nil
		}
		node, err = s.inQuery(e, not != e.Not)
		return node, true, err
	}
	return nil, false, nil
}

func (s *selection) exists(e *ast.Exists, not bool) (plan.Node, error) {
	var inner plan.Node
	var conditions []*expr.Expr
	if q := plainSelect(e.Query); q != nil && q.GroupBy == nil && q.Having == nil && len(q.From) > 0 && !s.b.anyAggregate(q) {
		c, err := s.b.correlate(q, s.with, s.input.scope)
		if err != nil {
			return nil, err
		}
		inner, conditions = c.input.node, c.conditions
	} else {
		r, err := s.b.query(e.Query, s.with, s.input.scope)
		if err != nil {
			return nil, err
		}
		inner = r.node
	}
	return s.semi(inner, conditions, not), nil
}

// anyAggregate reports whether a select item is an aggregate call, which makes a row of nothing.
func (b *Binder) anyAggregate(q *ast.Select) bool {
	for _, item := range q.Items {
		if c, ok := item.Expr.(*ast.Call); ok && b.Functions.IsAggregate(c.Name.Last().Name) {
			return true
		}
	}
	return false
}

// semi joins the input with inner on conditions over inner and, from outerBase on, the input.
func (s *selection) semi(inner plan.Node, conditions []*expr.Expr, not bool) plan.Node {
	t := join.Semi
	if not {
		t = join.Anti
	}
	width := plan.Width(s.input.node)
	moved := make([]*expr.Expr, len(conditions))
	for i, c := range conditions {
		moved[i] = c.Remap(func(at int) int {
			if at >= outerBase {
				return at - outerBase
			}
			return width + at
		})
	}
	return plan.NewJoin(t, s.input.node, inner, conjunction(moved))
}

// inQuery binds x [NOT] IN (query).
func (s *selection) inQuery(e *ast.In, not bool) (plan.Node, error) {
	inner, conditions, err := s.inSide(e)
	if err != nil {
		return nil, err
	}
	x := &exprBinder{b: s.b, with: s.with, scope: s.input.scope, clause: "WHERE"}
	left, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	outer := left.Remap(func(c int) int { return c + outerBase })
	equal, err := call(e, "=", outer, plan.Col(inner, 0))
	if err != nil {
		return nil, err
	}
	if not && !equal.Type.NotNull {
		if len(conditions) > 0 {
			// Null or no match differ here by the rows of each outer row: no key can tell.
			if equal, err = call(e, "IS NOT FALSE", equal); err != nil {
				return nil, err
			}
		} else if err = s.nullAware(e, left, inner); err != nil {
			return nil, err
		}
	}
	return s.semi(inner, append(conditions, equal), not), nil
}

// inSide binds the query of an IN; column 0 is the one to compare with.
func (s *selection) inSide(e *ast.In) (plan.Node, []*expr.Expr, error) {
	if q := plainSelect(e.Query); q != nil && q.GroupBy == nil && q.Having == nil && !q.Distinct && len(q.Items) == 1 && !s.b.anyAggregate(q) && len(q.From) > 0 {
		c, err := s.b.correlate(q, s.with, s.input.scope)
		if err != nil {
			return nil, nil, err
		}
		if _, star := q.Items[0].Expr.(*ast.Star); len(c.conditions) > 0 && !star {
			if err := c.item(q.Items[0]); err != nil {
				return nil, nil, err
			}
			exprs := append([]*expr.Expr{c.items[0]}, plan.Cols(c.input.node)...)
			names := append([]string{c.names[0]}, c.input.node.Schema().Names()...)
			for i, p := range c.conditions {
				c.conditions[i] = p.Remap(func(at int) int {
					if at >= outerBase {
						return at
					}
					return at + 1
				})
			}
			return plan.NewProject(c.input.node, exprs, names), c.conditions, nil
		}
	}
	r, err := s.b.query(e.Query, s.with, s.input.scope)
	if err != nil {
		return nil, nil, err
	}
	if n := plan.Width(r.node); n != 1 {
		return nil, nil, ast.Errorf(e, ast.ClassSemantic, "the subquery of IN has %d columns, not 1", n)
	}
	return r.node, nil, nil
}

// nullAware filters the input by what NOT IN says beyond "no match": unless the list is empty, x
// must not be null and no item may be.
func (s *selection) nullAware(at ast.Node, x *expr.Expr, inner plan.Node) error {
	all, err := expr.NewAggregate("COUNT", false, nil)
	if err != nil {
		return fault(at, err)
	}
	known, err := expr.NewAggregate("COUNT", false, nil, plan.Col(inner, 0))
	if err != nil {
		return fault(at, err)
	}
	counts := plan.NewAggregate(inner, nil, []*expr.Aggregate{all, known})
	base := plan.Width(s.input.node)
	node := plan.NewJoin(join.Inner, s.input.node, counts, nil)
	a, k := plan.Col(node, base), plan.Col(node, base+1)
	empty, err := call(at, "=", a, expr.Int(0, columnar.TypeBigInt))
	if err != nil {
		return err
	}
	some, err := call(at, "IS NOT NULL", x)
	if err != nil {
		return err
	}
	same, err := call(at, "=", a, k)
	if err != nil {
		return err
	}
	either, err := call(at, "OR", empty, conjunction([]*expr.Expr{some, same}))
	if err != nil {
		return err
	}
	s.input.node = &plan.Filter{Input: node, Predicate: either}
	return nil
}

// scalar binds a scalar subquery and gives the column that will hold its value.
func (x *exprBinder) scalar(e *ast.Subquery) (*expr.Expr, error) {
	if x.subs == nil {
		return nil, plan.Refuse(e, "subquery-place")
	}
	sub, err := x.scalarPlan(e)
	if err != nil {
		return nil, err
	}
	f := sub.node.Schema().Fields[sub.column]
	*x.subs = append(*x.subs, *sub)
	return expr.Col(subBase+len(*x.subs)-1, f.Name, f.Type.Nullable()), nil
}

func (x *exprBinder) scalarPlan(e *ast.Subquery) (*subquery, error) {
	if q := plainSelect(e.Query); q != nil && q.GroupBy == nil && q.Having == nil && len(q.Items) == 1 && len(q.From) > 0 {
		c, err := x.b.correlate(q, x.with, x.scope)
		if err != nil {
			return nil, err
		}
		if len(c.conditions) > 0 {
			return c.scalar(e, q)
		}
	}
	r, err := x.b.query(e.Query, x.with, x.scope)
	if err != nil {
		return nil, err
	}
	if n := plan.Width(r.node); n != 1 {
		return nil, ast.Errorf(e, ast.ClassSemantic, "a scalar subquery has 1 column, not %d", n)
	}
	exactly, atMost := rowsOf(r.node)
	if !atMost {
		return nil, plan.Refuse(e, "scalar-rows")
	}
	return &subquery{pos: e, node: r.node, oneRow: exactly}, nil
}

// rowsOf reports whether a relation has exactly one row and whether it has at most one.
func rowsOf(n plan.Node) (exactly, atMost bool) {
	switch n := n.(type) {
	case *plan.Aggregate:
		return len(n.Keys) == 0, len(n.Keys) == 0
	case *plan.Project, *plan.Sort:
		return rowsOf(n.Inputs()[0])
	case *plan.Filter:
		_, atMost = rowsOf(n.Input)
		return false, atMost
	case *plan.Limit:
		return false, n.Limit != nil && *n.Limit <= 1
	case *plan.Values:
		return len(n.Rows) == 1, len(n.Rows) <= 1
	}
	return false, false
}

// scalar makes a correlated aggregate one that is grouped by its side of the conditions, all of
// which are equalities, so that a left join finds the value of each outer row.
func (c *correlated) scalar(e *ast.Subquery, q *ast.Select) (*subquery, error) {
	var on []*expr.Expr
	c.grouped = true
	for _, p := range c.conditions {
		inner, outer := equality(p)
		if inner == nil {
			return nil, plan.Refuse(e, "correlated", outerName(p))
		}
		key := expr.Col(innerBase+len(c.keys), inner.String(), inner.Type)
		c.keys = append(c.keys, inner)
		eq, err := call(e, "=", outer.Remap(func(at int) int { return at - outerBase }), key)
		if err != nil {
			return nil, err
		}
		on = append(on, eq)
	}
	if err := c.item(q.Items[0]); err != nil {
		return nil, err
	}
	for _, a := range *c.x.calls {
		if a.Name == "COUNT" {
			// It is 0, not null, where no row matches.
			return nil, plan.Refuse(e, "correlated", outerName(c.conditions[0]))
		}
	}
	if len(*c.x.calls) == 0 {
		return nil, plan.Refuse(e, "scalar-rows")
	}
	for i, k := range c.keys {
		c.items, c.names = append(c.items, k), append(c.names, c.keys[i].String())
	}
	// The keys go first, where the conditions expect them.
	n := len(c.keys)
	c.items = append(c.items[1:], c.items[0])
	c.names = append(c.names[1:], c.names[0])
	r, err := c.build(&ast.Select{}, &ast.Query{})
	if err != nil {
		return nil, err
	}
	return &subquery{pos: e, node: r.node, column: n, on: conjunction(on)}, nil
}

// equality splits "inner = outer", either way round; nil if the condition is none.
func equality(p *expr.Expr) (inner, outer *expr.Expr) {
	if p.Op != expr.Call || p.Name != "=" {
		return nil, nil
	}
	for i, side := range p.Args {
		other := p.Args[1-i]
		if refersTo(side, outerBase) || !refersTo(other, outerBase) {
			continue
		}
		for _, c := range other.Columns() {
			if c < outerBase {
				return nil, nil
			}
		}
		return side, other
	}
	return nil, nil
}

func outerName(p *expr.Expr) string {
	name := ""
	p.Walk(func(n *expr.Expr) {
		if n.Op == expr.Column && n.Index >= outerBase && name == "" {
			name = n.Name
		}
	})
	return name
}
