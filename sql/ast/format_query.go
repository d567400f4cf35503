package ast

func (p *printer) query(q *Query) {
	if q.With != nil {
		p.with(q.With)
		p.put(" ")
	}
	p.setOperand(q.Body, 0)
	if len(q.OrderBy) > 0 {
		p.put(" ")
		p.orderBy(q.OrderBy)
	}
	if q.Limit != nil {
		p.put(" LIMIT ")
		p.expr(q.Limit)
	}
	if q.Offset != nil {
		p.put(" OFFSET ")
		p.expr(q.Offset)
	}
}

func (p *printer) with(w *With) {
	p.put("WITH ")
	p.putIf(w.Recursive, "RECURSIVE ")
	list(p, w.CTEs, ", ", func(c CTE) {
		p.ident(c.Name)
		if len(c.Columns) > 0 {
			p.put(" ")
			p.idents(c.Columns)
		}
		p.put(" AS (")
		p.query(c.Query)
		p.put(")")
	})
}

// setLevel is how tightly a set operator binds: INTERSECT more than the others.
func setLevel(b QueryBody) int {
	switch b := b.(type) {
	case *SetOp:
		if b.Op == Intersect {
			return 2
		}
		return 1
	case *Query:
		return 0
	default:
		return 3
	}
}

// setOperand writes a body that must bind at least as tightly as least; a nested query always has parentheses.
func (p *printer) setOperand(b QueryBody, least int) {
	_, isQuery := b.(*Query)
	parens := isQuery || setLevel(b) < least
	p.putIf(parens, "(")
	p.body(b)
	p.putIf(parens, ")")
}

func (p *printer) body(b QueryBody) {
	switch b := b.(type) {
	case *Query:
		p.query(b)
	case *SetOp:
		level := setLevel(b)
		p.setOperand(b.Left, level)
		p.put(" ", b.Op.String(), " ")
		p.putIf(b.All, "ALL ")
		p.setOperand(b.Right, level+1)
	case *Values:
		p.put("VALUES ")
		list(p, b.Rows, ", ", func(r ValuesRow) {
			p.put("(")
			p.exprs(r.Items)
			p.put(")")
		})
	case *TableQuery:
		p.put("TABLE ")
		p.name(b.Name)
	case *Select:
		p.selectQuery(b)
	}
}

func (p *printer) selectQuery(s *Select) {
	p.put("SELECT ")
	if len(s.Hints) > 0 {
		p.hints(s.Hints)
		p.put(" ")
	}
	p.putIf(s.Distinct, "DISTINCT ")
	list(p, s.Items, ", ", p.selectItem)
	if len(s.From) > 0 {
		p.put(" FROM ")
		list(p, s.From, ", ", p.tableRef)
	}
	if s.Where != nil {
		p.put(" WHERE ")
		p.expr(s.Where)
	}
	if s.GroupBy != nil {
		p.put(" ")
		p.groupBy(s.GroupBy)
	}
	if s.Having != nil {
		p.put(" HAVING ")
		p.expr(s.Having)
	}
	if len(s.Windows) > 0 {
		p.put(" WINDOW ")
		list(p, s.Windows, ", ", func(w NamedWindow) {
			p.ident(w.Name)
			p.put(" AS (")
			p.windowSpec(w.Spec)
			p.put(")")
		})
	}
	if s.Qualify != nil {
		p.put(" QUALIFY ")
		p.expr(s.Qualify)
	}
}

func (p *printer) selectItem(item SelectItem) {
	p.expr(item.Expr)
	if item.Alias != nil {
		p.put(" AS ")
		p.ident(*item.Alias)
	}
}

func (p *printer) groupBy(g *GroupBy) {
	p.put("GROUP BY ")
	if g.All {
		p.put("ALL")
		return
	}
	list(p, g.Items, ", ", p.groupItem)
}

func (p *printer) groupItem(g GroupItem) {
	if g.Kind != GroupSet {
		p.put(g.Kind.String(), " (")
		list(p, g.Items, ", ", p.groupItem)
		p.put(")")
		return
	}
	if len(g.Exprs) == 1 {
		p.expr(g.Exprs[0])
		return
	}
	p.put("(")
	p.exprs(g.Exprs)
	p.put(")")
}

func (p *printer) hints(hints []Hint) {
	p.put("/*+ ")
	list(p, hints, ", ", func(h Hint) {
		p.ident(h.Name)
		if len(h.Options)+len(h.Args) == 0 {
			return
		}
		p.put("(")
		list(p, h.Options, ", ", p.property)
		p.exprs(h.Args)
		p.put(")")
	})
	p.put(" */")
}
