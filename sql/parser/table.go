package parser

import "github.com/anabranch/anabranch/sql/ast"

// tableRef reads a table and what is joined to it.
func (p *parser) tableRef() ast.TableRef {
	return p.joins(p.tablePrimary())
}

// joins reads the joins that follow left.
func (p *parser) joins(left ast.TableRef) ast.TableRef {
	for count := 0; p.chained(count); count++ {
		j := p.joinWords()
		if j == nil {
			return left
		}
		j.Left = left
		j.Right = p.tablePrimary()
		p.joinCondition(j)
		left = j
	}
	return left
}

// joinWords reads the words up to JOIN; nil where there is no join.
func (p *parser) joinWords() *ast.Join {
	j := &ast.Join{Pos: p.tok.pos}
	j.Natural = p.accept("NATURAL")
	hasKind := true
	switch {
	case p.accept("INNER"):
	case p.accept("CROSS"):
		j.Kind = ast.CrossJoin
	case p.accept("LEFT"):
		j.Kind = p.leftJoin()
	case p.accept("RIGHT"):
		j.Kind = ast.RightJoin
		p.accept("OUTER")
	case p.accept("FULL"):
		j.Kind = ast.FullJoin
		p.accept("OUTER")
	case p.accept("SEMI"):
		j.Kind = ast.SemiJoin
	case p.accept("ANTI"):
		j.Kind = ast.AntiJoin
	default:
		hasKind = false
	}
	if !hasKind && !j.Natural && !p.at("JOIN") {
		return nil
	}
	if j.Natural && j.Kind == ast.CrossJoin {
		p.failAt(j, "a join cannot be both NATURAL and CROSS")
	}
	p.expect("JOIN")
	return j
}

func (p *parser) leftJoin() ast.JoinKind {
	switch {
	case p.accept("SEMI"):
		return ast.SemiJoin
	case p.accept("ANTI"):
		return ast.AntiJoin
	default:
		p.accept("OUTER")
		return ast.LeftJoin
	}
}

func (p *parser) joinCondition(j *ast.Join) {
	if j.Natural || j.Kind == ast.CrossJoin {
		return
	}
	switch {
	case p.accept("ON"):
		j.On = p.expr()
	case p.accept("USING"):
		j.Using = p.idents("a column name")
	default:
		p.expected("ON or USING after a JOIN")
	}
}

func (p *parser) tablePrimary() ast.TableRef {
	pos := p.tok.pos
	switch {
	case p.tok.kind == tokenString:
		t := &ast.File{Pos: pos, Path: p.take().text, Hints: p.hints()}
		t.Alias = p.tableAlias()
		return t
	case p.at("("):
		ref, query := p.tableParen()
		if query != nil {
			return &ast.Derived{Pos: pos, Query: query, Alias: p.tableAlias()}
		}
		if p.at("AS") {
			p.failHint("name the tables inside, or write (SELECT * FROM ...)", "a join in parentheses cannot have an alias")
		}
		return ref
	case p.at("LATERAL"):
		p.next()
		return p.lateral(pos)
	case p.at("TABLE"), p.at("UNNEST") && p.peek(1).is("("):
		return p.tableFunc(pos)
	case p.atAny("SELECT", "VALUES", "WITH"):
		p.failHint("a query in FROM stands in parentheses", "expected a table, found %s", &p.tok)
		return &ast.Table{Pos: pos}
	}
	name := p.name("a table name")
	if p.at("(") {
		return p.tableFuncEnd(&ast.TableFunc{Pos: pos, Call: p.plainCall(name)})
	}
	t := &ast.Table{Pos: pos, Name: name, Hints: p.hints()}
	if p.accept("FOR") {
		p.expect("SYSTEM_TIME", "AS", "OF")
		t.AsOf = p.expr()
	}
	t.Alias = p.tableAlias()
	if len(t.Hints) == 0 {
		t.Hints = p.hints()
	}
	return t
}

// tableParen reads what stands in parentheses in FROM: a query or a join. As in paren, which of
// the two it is can be told only behind the inner parentheses.
func (p *parser) tableParen() (ref ast.TableRef, query *ast.Query) {
	defer p.leave()
	if !p.enter() {
		return &ast.Table{Pos: p.tok.pos}, nil
	}
	p.expect("(")
	pos := p.tok.pos
	switch {
	case p.atQuery():
		query = p.query()
	case p.atParenQuery():
		ref, query = p.tableParen()
		if query != nil && p.atQueryEnd() {
			query = p.queryFrom(query)
			break
		}
		if query != nil {
			ref, query = &ast.Derived{Pos: pos, Query: query, Alias: p.tableAlias()}, nil
		}
		ref = p.joins(ref)
	default:
		ref = p.tableRef()
	}
	p.expect(")")
	return ref, query
}

// lateral reads what follows LATERAL.
func (p *parser) lateral(pos ast.Pos) ast.TableRef {
	if p.at("(") {
		return &ast.Derived{Pos: pos, Lateral: true, Query: p.parenQuery(), Alias: p.tableAlias()}
	}
	ref := p.tableFunc(pos)
	if f, ok := ref.(*ast.TableFunc); ok {
		f.Lateral = true
	}
	return ref
}

// tableFunc reads TABLE(f(..)), f(..) or UNNEST(..).
func (p *parser) tableFunc(pos ast.Pos) ast.TableRef {
	if p.at("UNNEST") && p.peek(1).is("(") {
		p.next()
		p.expect("(")
		t := &ast.Unnest{Pos: pos, Args: p.exprs()}
		p.expect(")")
		t.Ordinality = p.accept("WITH", "ORDINALITY")
		t.Alias = p.tableAlias()
		return t
	}
	f := &ast.TableFunc{Pos: pos}
	isWrapped := p.accept("TABLE")
	if isWrapped {
		p.expect("(")
	}
	f.Call = p.plainCall(p.name("the name of a table function"))
	if isWrapped {
		p.expect(")")
	}
	return p.tableFuncEnd(f)
}

func (p *parser) tableFuncEnd(f *ast.TableFunc) ast.TableRef {
	f.Ordinality = p.accept("WITH", "ORDINALITY")
	f.Alias = p.tableAlias()
	return f
}

// tableAlias reads [AS] name [(columns)]; nil where there is none.
func (p *parser) tableAlias() *ast.TableAlias {
	switch {
	case p.at("MATCH_RECOGNIZE"):
		p.unsupported(p.tok.pos, "MATCH_RECOGNIZE", "patterns over consecutive rows can often be written with LAG and LEAD")
	case p.at("TABLESAMPLE"):
		p.unsupported(p.tok.pos, "TABLESAMPLE", "filter by RAND() instead")
	}
	pos := p.tok.pos
	name := p.alias()
	if name == nil {
		return nil
	}
	a := &ast.TableAlias{Pos: pos, Name: *name}
	if p.at("(") {
		a.Columns = p.idents("a column name")
	}
	if p.at("MATCH_RECOGNIZE") {
		p.unsupported(p.tok.pos, "MATCH_RECOGNIZE", "")
	}
	return a
}
