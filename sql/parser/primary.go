package parser

import "github.com/anabranch/anabranch/sql/ast"

// primary reads a literal, a name, a call or something in parentheses.
func (p *parser) primary() ast.Expr {
	pos := p.tok.pos
	switch p.tok.kind {
	case tokenNumber:
		t := p.take()
		return &ast.NumberLiteral{Pos: pos, Kind: t.number, Text: t.text}
	case tokenString:
		return &ast.StringLiteral{Pos: pos, Value: p.take().text}
	case tokenBinary:
		return &ast.BinaryLiteral{Pos: pos, Value: []byte(p.take().text)}
	case tokenQuoted:
		return p.columnOrCall()
	case tokenWord:
		return p.wordPrimary()
	}
	if p.tok.is("(") {
		return p.parenExpr()
	}
	p.expected("an expression")
	return &ast.NullLiteral{Pos: pos}
}

func (p *parser) wordPrimary() ast.Expr {
	pos := p.tok.pos
	switch p.tok.upper {
	case "NULL":
		p.next()
		return &ast.NullLiteral{Pos: pos}
	case "TRUE":
		p.next()
		return &ast.BoolLiteral{Pos: pos, Value: ast.True}
	case "FALSE":
		p.next()
		return &ast.BoolLiteral{Pos: pos, Value: ast.False}
	case "UNKNOWN":
		p.next()
		return &ast.BoolLiteral{Pos: pos, Value: ast.Unknown}
	case "CASE":
		return p.caseExpr()
	case "EXISTS":
		return p.exists()
	case "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ":
		if x := p.temporal(); x != nil {
			return x
		}
	case "INTERVAL":
		if p.atInterval() {
			return p.interval()
		}
	case "ARRAY", "MAP":
		if p.peek(1).is("[") {
			return p.collection()
		}
	}
	if ast.IsBareFunction(p.tok.upper) {
		return p.bareCall()
	}
	if p.peek(1).is("(") {
		if x := p.specialCall(); x != nil {
			return x
		}
	}
	return p.columnOrCall()
}

// columnOrCall reads a.b.c, or a.b(args).
func (p *parser) columnOrCall() ast.Expr {
	pos := p.tok.pos
	isFunction := p.atAny("LEFT", "RIGHT") && p.peek(1).is("(")
	if !p.tok.isName() && !isFunction {
		p.expected("an expression")
		return &ast.NullLiteral{Pos: pos}
	}
	t := p.take()
	name := ast.Name{{Pos: t.pos, Name: t.text}}
	for p.accept(".") {
		if p.at("*") {
			p.failHint("", "%s.* stands only in the select list", ast.Format(name))
		}
		name = append(name, p.label("a name after the dot"))
	}
	if p.at("(") {
		return p.call(name)
	}
	return &ast.Column{Pos: pos, Parts: name}
}

// parenExpr reads (a), (a, b) or (query).
func (p *parser) parenExpr() ast.Expr {
	pos := p.tok.pos
	items, query := p.paren()
	return fromParen(pos, items, query)
}

func fromParen(pos ast.Pos, items []ast.Expr, query *ast.Query) ast.Expr {
	switch {
	case query != nil:
		return &ast.Subquery{Pos: pos, Query: query}
	case len(items) == 1:
		return items[0]
	default:
		return &ast.Row{Pos: pos, Items: items}
	}
}

// paren reads what stands in parentheses: expressions or a query. Which of the two it is can be
// told only behind the inner parentheses: ((SELECT 1) + 1), ((SELECT 1) UNION SELECT 2).
func (p *parser) paren() (items []ast.Expr, query *ast.Query) {
	defer p.leave()
	if !p.enter() {
		return []ast.Expr{&ast.NullLiteral{Pos: p.tok.pos}}, nil
	}
	p.expect("(")
	pos := p.tok.pos
	switch {
	case p.atQuery():
		query = p.query()
	case p.atParenQuery():
		items, query = p.paren()
		if query != nil && p.atQueryEnd() {
			items, query = nil, p.queryFrom(query)
			break
		}
		first := p.infix(p.postfix(fromParen(pos, items, query)), ast.PrecOr)
		items, query = []ast.Expr{first}, nil
		for p.accept(",") {
			items = append(items, p.expr())
		}
	default:
		items = p.exprs()
	}
	p.expect(")")
	return items, query
}

func (p *parser) exists() ast.Expr {
	pos := p.take().pos
	return &ast.Exists{Pos: pos, Query: p.parenQuery()}
}

func (p *parser) caseExpr() ast.Expr {
	x := &ast.Case{Pos: p.take().pos}
	if !p.at("WHEN") {
		x.Operand = p.expr()
	}
	for p.at("WHEN") {
		when := ast.When{Pos: p.take().pos}
		when.Cond = p.expr()
		p.expect("THEN")
		when.Then = p.expr()
		x.Whens = append(x.Whens, when)
	}
	if len(x.Whens) == 0 {
		p.expected("WHEN")
	}
	if p.accept("ELSE") {
		x.Else = p.expr()
	}
	p.expect("END")
	return x
}

// collection reads ARRAY[..] or MAP[..].
func (p *parser) collection() ast.Expr {
	t := p.take()
	p.expect("[")
	var items []ast.Expr
	if !p.at("]") {
		items = p.exprs()
	}
	p.expect("]")
	if t.upper == "ARRAY" {
		return &ast.Array{Pos: t.pos, Items: items}
	}
	if len(items)%2 != 0 {
		p.failAt(t.pos, "MAP[..] takes keys and values by turns, found %d items", len(items))
	}
	return &ast.Map{Pos: t.pos, Items: items}
}

// temporal reads DATE '..' and its kin; nil where the word is a name.
func (p *parser) temporal() ast.Expr {
	x := &ast.TemporalLiteral{Pos: p.tok.pos}
	switch p.tok.upper {
	case "DATE":
		x.Type = ast.TypeDate
	case "TIME":
		x.Type = ast.TypeTime
	case "TIMESTAMP":
		x.Type = ast.TypeTimestamp
		if p.atSeq("TIMESTAMP", "WITH", "LOCAL", "TIME", "ZONE") && p.peek(5).kind == tokenString {
			x.Type = ast.TypeTimestampLTZ
			p.expect("TIMESTAMP", "WITH", "LOCAL", "TIME", "ZONE")
			x.Value = p.take().text
			return x
		}
	default:
		x.Type = ast.TypeTimestampLTZ
	}
	if p.peek(1).kind != tokenString {
		return nil
	}
	p.next()
	x.Value = p.take().text
	return x
}

// atInterval reports whether INTERVAL begins a literal here and is no name.
func (p *parser) atInterval() bool {
	t := p.peek(1)
	if t.is("-") || t.is("+") {
		t = p.peek(2)
		return t.kind == tokenString
	}
	return t.kind == tokenString || t.kind == tokenNumber
}

func (p *parser) interval() ast.Expr {
	x := &ast.IntervalLiteral{Pos: p.take().pos}
	x.Negative = p.accept("-")
	if !x.Negative {
		p.accept("+")
	}
	x.Value = p.take().text
	x.Qualifier = p.intervalQualifier()
	return x
}
