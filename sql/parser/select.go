package parser

import "github.com/anabranch/anabranch/sql/ast"

func (p *parser) selectQuery() ast.QueryBody {
	s := &ast.Select{Pos: p.take().pos}
	s.Hints = p.hints()
	s.Distinct = p.accept("DISTINCT")
	if !s.Distinct {
		p.accept("ALL")
	}
	s.Items = listOf(p, p.selectItem)
	if p.accept("FROM") {
		s.From = listOf(p, p.tableRef)
	}
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	if p.at("GROUP") {
		s.GroupBy = p.groupBy()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	if p.accept("WINDOW") {
		s.Windows = listOf(p, func() ast.NamedWindow {
			w := ast.NamedWindow{Pos: p.tok.pos, Name: p.ident("a window name")}
			p.expect("AS")
			w.Spec = p.windowSpec()
			return w
		})
	}
	if p.accept("QUALIFY") {
		s.Qualify = p.expr()
	}
	return s
}

func (p *parser) selectItem() ast.SelectItem {
	item := ast.SelectItem{Pos: p.tok.pos}
	if star := p.star(); star != nil {
		item.Expr = star
		return item
	}
	item.Expr = p.expr()
	item.Alias = p.alias()
	return item
}

// star reads *, t.* or d.t.*; nil where there is none.
func (p *parser) star() ast.Expr {
	n := 0
	for isLabel(p.peek(n)) && p.peek(n+1).is(".") {
		n += 2
	}
	if !p.peek(n).is("*") {
		return nil
	}
	star := &ast.Star{Pos: p.tok.pos}
	for !p.at("*") && p.err == nil {
		if len(star.Qualifier) == 0 {
			star.Qualifier = append(star.Qualifier, p.ident("a table name"))
		} else {
			star.Qualifier = append(star.Qualifier, p.label("a table name"))
		}
		p.expect(".")
	}
	p.next()
	return star
}

func isLabel(t *token) bool { return t.kind == tokenWord || t.kind == tokenQuoted }

// alias reads [AS] name; nil where there is none.
func (p *parser) alias() *ast.Ident {
	if p.accept("AS") {
		id := p.ident("an alias name")
		return &id
	}
	if p.tok.kind != tokenQuoted && (p.tok.kind != tokenWord || ast.EndsName(p.tok.upper)) {
		return nil
	}
	t := p.take()
	p.isBeforeAlias = t.kind == tokenWord
	return &ast.Ident{Pos: t.pos, Name: t.text}
}

func (p *parser) groupBy() *ast.GroupBy {
	g := &ast.GroupBy{Pos: p.tok.pos}
	p.expect("GROUP", "BY")
	if p.accept("ALL") {
		g.All = true
		return g
	}
	if p.at("DISTINCT") {
		p.unsupported(p.tok.pos, "GROUP BY DISTINCT", "write each grouping set once")
	}
	g.Items = listOf(p, p.groupItem)
	return g
}

func (p *parser) groupItem() ast.GroupItem {
	defer p.leave()
	g := ast.GroupItem{Pos: p.tok.pos}
	if !p.enter() {
		return g
	}
	item := p.groupItem
	switch {
	case p.at("ROLLUP") && p.peek(1).is("("):
		p.next()
		g.Kind, item = ast.GroupRollup, p.groupSet
	case p.at("CUBE") && p.peek(1).is("("):
		p.next()
		g.Kind, item = ast.GroupCube, p.groupSet
	case p.accept("GROUPING", "SETS"):
		g.Kind = ast.GroupSets
	default:
		return p.groupSet()
	}
	p.expect("(")
	g.Items = listOf(p, item)
	p.expect(")")
	return g
}

// groupSet reads a, (a, b) or ().
func (p *parser) groupSet() ast.GroupItem {
	g := ast.GroupItem{Pos: p.tok.pos}
	if p.accept("(", ")") {
		return g
	}
	isParen := p.at("(")
	x := p.expr()
	// (a, b) is a set of two here; ROW(a, b) is one value.
	if row, ok := x.(*ast.Row); ok && isParen && p.lex.src[row.Offset] == '(' {
		g.Exprs = row.Items
		return g
	}
	g.Exprs = []ast.Expr{x}
	return g
}

// hints reads /*+ NAME('k' = 'v'), NAME(a, b) */; nil where there are none.
func (p *parser) hints() []ast.Hint {
	if !p.accept("/*+") {
		return nil
	}
	hints := listOf(p, p.hint)
	p.expect("*/")
	return hints
}

func (p *parser) hint() ast.Hint {
	h := ast.Hint{Pos: p.tok.pos, Name: p.ident("the name of a hint")}
	if !p.accept("(") {
		return h
	}
	if p.accept(")") {
		return h
	}
	if p.tok.kind == tokenString && p.peek(1).is("=") {
		h.Options = listOf(p, p.property)
	} else {
		h.Args = listOf(p, p.hintArg)
	}
	p.expect(")")
	return h
}

func (p *parser) hintArg() ast.Expr {
	switch {
	case p.tok.kind == tokenString:
		return &ast.StringLiteral{Pos: p.tok.pos, Value: p.take().text}
	case p.tok.kind == tokenNumber:
		t := p.take()
		return &ast.NumberLiteral{Pos: t.pos, Kind: t.number, Text: t.text}
	default:
		pos := p.tok.pos
		return &ast.Column{Pos: pos, Parts: p.name("a table name, a string or a number")}
	}
}
