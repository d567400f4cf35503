package binder

import (
	"fmt"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// query binds a query with the common table expressions and the outer scope it sees.
func (b *Binder) query(q *ast.Query, with *ctes, outer *scope) (*relation, error) {
	if q.With != nil {
		if q.With.Recursive {
			return nil, plan.Refuse(q.With, "recursive")
		}
		named := map[string]bool{}
		for _, c := range q.With.CTEs {
			if named[c.Name.Name] {
				return nil, ast.Errorf(c.Name, ast.ClassSemantic, "two queries of WITH are named %s", c.Name.Name)
			}
			named[c.Name.Name] = true
			with = &ctes{name: c.Name.Name, query: c.Query, names: c.Columns, outer: with}
			// Binding each once tells of mistakes in those nobody reads.
			if _, err := b.cte(with, c.Name); err != nil {
				return nil, err
			}
		}
	}
	if s, ok := q.Body.(*ast.Select); ok {
		return b.selectQuery(s, q, with, outer)
	}
	r, err := b.body(q.Body, with, outer)
	if err != nil {
		return nil, err
	}
	if r, err = b.orderOutput(q, r); err != nil {
		return nil, err
	}
	return b.limit(q, r)
}

// body binds a query without clauses of its own.
func (b *Binder) body(body ast.QueryBody, with *ctes, outer *scope) (*relation, error) {
	switch body := body.(type) {
	case *ast.Query:
		return b.query(body, with, outer)
	case *ast.Select:
		return b.selectQuery(body, &ast.Query{Pos: body.Pos, Body: body}, with, outer)
	case *ast.SetOp:
		return b.setOp(body, with, outer)
	case *ast.Values:
		return b.values(body)
	case *ast.TableQuery:
		return b.table(&ast.Table{Pos: body.Pos, Name: body.Name}, with)
	}
	return nil, plan.Refuse(body, "statement", "this query")
}

// cte binds a common table expression where it is read.
func (b *Binder) cte(c *ctes, at ast.Ident) (*relation, error) {
	r, err := b.query(c.query, c.outer, nil)
	if err != nil {
		return nil, err
	}
	return rename(r, ast.TableAlias{Pos: at.Pos, Name: at, Columns: c.names})
}

// rename gives a relation a table name and, where given, new column names.
func rename(r *relation, a ast.TableAlias) (*relation, error) {
	s := &scope{outer: r.scope.outer}
	names := r.node.Schema().Names()
	if len(a.Columns) > len(names) {
		return nil, ast.Errorf(a.Columns[len(names)], ast.ClassSemantic, "%s has %d columns, but %d names are given", a.Name.Name, len(names), len(a.Columns))
	}
	if len(a.Columns) > 0 && len(a.Columns) < len(names) {
		return nil, ast.Errorf(a, ast.ClassSemantic, "%s has %d columns, but %d names are given", a.Name.Name, len(names), len(a.Columns))
	}
	for i, c := range a.Columns {
		names[i] = c.Name
	}
	for i, f := range r.node.Schema().Fields {
		s.columns = append(s.columns, scopeColumn{table: a.Name.Name, name: names[i], typ: f.Type})
	}
	node := r.node
	if len(a.Columns) > 0 {
		node = plan.NewProject(node, plan.Cols(node), names)
	}
	return &relation{node: node, scope: s}, nil
}

// values binds VALUES; each column has the common type of its items.
func (b *Binder) values(v *ast.Values) (*relation, error) {
	var rows [][]*expr.Expr
	x := &exprBinder{b: b, scope: &scope{}, clause: "VALUES"}
	for _, row := range v.Rows {
		if len(row.Items) != len(v.Rows[0].Items) {
			return nil, ast.Errorf(row, ast.ClassSemantic, "this row has %d values, the first one %d", len(row.Items), len(v.Rows[0].Items))
		}
		items, err := x.all(row.Items)
		if err != nil {
			return nil, err
		}
		rows = append(rows, items)
	}
	for c := range v.Rows[0].Items {
		t := rows[0][c].Type
		for i, r := range rows {
			u, ok := expr.CommonType(t, r[c].Type)
			if !ok {
				return nil, ast.Errorf(v.Rows[i].Items[c], ast.ClassSemantic, "column %d of VALUES has %s here and %s above", c+1, r[c].Type.Nullable(), t.Nullable())
			}
			t = u
		}
		for i, r := range rows {
			e, err := expr.NewCast(r[c], t, false)
			if err != nil {
				return nil, fault(v.Rows[i].Items[c], err)
			}
			r[c] = expr.Fold(e, &expr.Env{Location: b.Location})
		}
	}
	out := plan.NewProject(nil, rows[0], anonymous(len(rows[0]))).Out
	for c := range out.Fields {
		for _, r := range rows {
			out.Fields[c].Type.NotNull = out.Fields[c].Type.NotNull && r[c].Type.NotNull
		}
	}
	node := &plan.Values{Rows: rows, Out: out}
	return &relation{node: node, scope: scopeOf(out, "")}, nil
}

// limit binds LIMIT and OFFSET; over a sort they become part of it.
func (b *Binder) limit(q *ast.Query, r *relation) (*relation, error) {
	if q.Limit == nil && q.Offset == nil {
		return r, nil
	}
	limit, err := b.count(q.Limit, "LIMIT")
	if err != nil {
		return nil, err
	}
	offset, err := b.count(q.Offset, "OFFSET")
	if err != nil {
		return nil, err
	}
	l := &plan.Limit{Input: r.node, Limit: limit}
	if offset != nil {
		l.Offset = *offset
	}
	return &relation{node: l, scope: r.scope}, nil
}

func (b *Binder) count(e ast.Expr, clause string) (*int64, error) {
	if e == nil {
		return nil, nil
	}
	x := &exprBinder{b: b, scope: &scope{}, clause: clause}
	v, err := x.bind(e)
	if err != nil {
		return nil, err
	}
	n, ok := expr.Fold(v, nil).ConstantInt()
	if !ok || !v.Type.IsInteger() || n < 0 {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s takes a number of rows, not %s", clause, v)
	}
	return &n, nil
}

// anonymous are the names of columns without one.
func anonymous(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("EXPR$%d", i)
	}
	return names
}
