package parser

import "github.com/anabranch/anabranch/sql/ast"

// atQuery reports whether a query begins here without a parenthesis.
func (p *parser) atQuery() bool {
	p.tried = append(p.tried, "SELECT", "WITH", "VALUES")
	return p.startsQuery(0)
}

func (p *parser) startsQuery(n int) bool {
	t := p.peek(n)
	if t.kind != tokenWord {
		return false
	}
	switch t.upper {
	case "SELECT", "WITH", "VALUES":
		return true
	case "TABLE":
		return p.peek(n + 1).isName()
	}
	return false
}

// atParenQuery reports whether a query begins here behind one or more parentheses.
func (p *parser) atParenQuery() bool {
	if !p.at("(") {
		return false
	}
	at := p.tok.pos.Offset
	if p.runStart <= at && at < p.runEnd {
		return p.runIsQuery
	}
	n := 1
	for p.peek(n).is("(") {
		n++
	}
	p.runStart, p.runEnd = at, p.peek(n).pos.Offset
	p.runIsQuery = p.startsQuery(n)
	return p.runIsQuery
}

// atQueryEnd reports whether what follows a query in parentheses makes it part of a larger query, or ends it.
func (p *parser) atQueryEnd() bool {
	return p.atAny(")", "UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH")
}

// query reads a whole query.
func (p *parser) query() *ast.Query {
	defer p.leave()
	q := &ast.Query{Pos: p.tok.pos}
	if !p.enter() {
		q.Body = &ast.Values{Pos: p.tok.pos}
		return q
	}
	if p.at("WITH") {
		q.With = p.with()
	}
	q.Body = p.setOps(p.queryPrimary(), 1)
	p.queryTail(q)
	return collapse(q)
}

// queryFrom reads on behind a query in parentheses that turned out to be the left part of a larger one.
func (p *parser) queryFrom(left *ast.Query) *ast.Query {
	q := &ast.Query{Pos: left.Pos, Body: p.setOps(bodyOf(left), 1)}
	p.queryTail(q)
	return collapse(q)
}

// collapse drops a query around a query that says nothing itself.
func collapse(q *ast.Query) *ast.Query {
	inner, ok := q.Body.(*ast.Query)
	if ok && isBodyOnly(q) {
		return inner
	}
	return q
}

// bodyOf drops parentheses that a query does not need.
func bodyOf(q *ast.Query) ast.QueryBody {
	if isBodyOnly(q) {
		return q.Body
	}
	return q
}

func isBodyOnly(q *ast.Query) bool {
	return q.With == nil && len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil
}

// parenQuery reads (query).
func (p *parser) parenQuery() *ast.Query {
	pos := p.tok.pos
	items, q := p.paren()
	if q != nil {
		return q
	}
	if len(items) > 0 {
		pos = items[0].Position()
	}
	p.failAt(pos, "expected a query in the parentheses, found an expression")
	return emptyQuery(pos)
}

// emptyQuery stands in for a query behind an error.
func emptyQuery(pos ast.Pos) *ast.Query {
	return &ast.Query{Pos: pos, Body: &ast.Values{Pos: pos}}
}

func (p *parser) with() *ast.With {
	w := &ast.With{Pos: p.take().pos}
	w.Recursive = p.accept("RECURSIVE")
	w.CTEs = listOf(p, func() ast.CTE {
		c := ast.CTE{Pos: p.tok.pos, Name: p.ident("the name of a common table expression")}
		if p.at("(") {
			c.Columns = p.idents("a column name")
		}
		p.expect("AS")
		c.Query = p.parenQuery()
		return c
	})
	return w
}

// setOps reads the set operators that follow left and bind at least as tightly as level: 1 for
// UNION and EXCEPT, 2 for INTERSECT.
func (p *parser) setOps(left ast.QueryBody, level int) ast.QueryBody {
	for count := 0; p.chained(count); count++ {
		op := ast.Union
		opLevel := 1
		switch {
		case p.at("UNION"):
		case p.at("EXCEPT"), p.at("MINUS"):
			op = ast.Except
		case p.at("INTERSECT"):
			op, opLevel = ast.Intersect, 2
		default:
			return left
		}
		if opLevel < level {
			return left
		}
		s := &ast.SetOp{Pos: p.take().pos, Op: op, Left: left}
		s.All = p.accept("ALL")
		if !s.All {
			p.accept("DISTINCT")
		}
		s.Right = p.setOps(p.queryPrimary(), opLevel+1)
		left = s
	}
	return left
}

// queryPrimary reads SELECT, VALUES, TABLE t or (query).
func (p *parser) queryPrimary() ast.QueryBody {
	pos := p.tok.pos
	switch {
	case p.at("SELECT"):
		return p.selectQuery()
	case p.at("VALUES"):
		return p.values()
	case p.at("TABLE"):
		p.next()
		return &ast.TableQuery{Pos: pos, Name: p.name("a table name")}
	case p.at("("):
		return bodyOf(p.parenQuery())
	}
	p.expected("SELECT, VALUES, TABLE or a query in parentheses")
	return &ast.Values{Pos: pos}
}

func (p *parser) values() ast.QueryBody {
	v := &ast.Values{Pos: p.take().pos}
	v.Rows = listOf(p, func() ast.ValuesRow {
		row := ast.ValuesRow{Pos: p.tok.pos}
		switch {
		case p.at("ROW") && p.peek(1).is("("):
			p.next()
			p.expect("(")
			row.Items = p.exprs()
			p.expect(")")
		case p.at("("):
			items, query := p.paren()
			if query != nil {
				items = []ast.Expr{&ast.Subquery{Pos: row.Pos, Query: query}}
			}
			row.Items = items
		default:
			row.Items = []ast.Expr{p.expr()}
		}
		return row
	})
	return v
}

// queryTail reads ORDER BY, LIMIT, OFFSET and FETCH, the latter three in any order.
func (p *parser) queryTail(q *ast.Query) {
	if p.at("ORDER") {
		q.OrderBy = p.orderBy()
	}
	hasLimit := false
	for p.err == nil {
		pos := p.tok.pos
		switch {
		case p.atAny("LIMIT", "FETCH"):
			if hasLimit {
				p.failAt(pos, "the query has two limits")
			}
			hasLimit = true
			q.Limit = p.limit()
		case p.at("OFFSET"):
			if q.Offset != nil {
				p.failAt(pos, "the query has two offsets")
			}
			p.next()
			q.Offset = p.expr()
			if !p.accept("ROWS") {
				p.accept("ROW")
			}
		default:
			return
		}
	}
}

// limit reads LIMIT n, LIMIT ALL or FETCH FIRST n ROWS ONLY; nil means all.
func (p *parser) limit() ast.Expr {
	first := p.take()
	if first.upper == "LIMIT" {
		if p.accept("ALL") {
			return nil
		}
		n := p.expr()
		if p.at(",") {
			p.failHint("write LIMIT count OFFSET start", "LIMIT takes one number")
		}
		return n
	}
	if !p.accept("FIRST") {
		p.expect("NEXT")
	}
	var n ast.Expr = &ast.NumberLiteral{Pos: first.pos, Text: "1"}
	if !p.atAny("ROW", "ROWS") {
		n = p.expr()
	}
	if !p.accept("ROWS") {
		p.expect("ROW")
	}
	p.expect("ONLY")
	return n
}

func (p *parser) orderBy() []ast.OrderItem {
	p.expect("ORDER", "BY")
	return listOf(p, p.orderItem)
}

func (p *parser) orderItem() ast.OrderItem {
	o := ast.OrderItem{Pos: p.tok.pos, Expr: p.expr()}
	if !p.accept("ASC") {
		o.Desc = p.accept("DESC")
	}
	switch {
	case p.accept("NULLS", "FIRST"):
		o.Nulls = ast.NullsFirst
	case p.accept("NULLS", "LAST"):
		o.Nulls = ast.NullsLast
	}
	return o
}
