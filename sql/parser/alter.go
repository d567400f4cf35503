package parser

import "github.com/anabranch/anabranch/sql/ast"

func (p *parser) drop() ast.Statement {
	s := &ast.Drop{Pos: p.take().pos}
	s.Temporary = p.accept("TEMPORARY")
	s.System = s.Temporary && p.accept("SYSTEM")
	if s.System && !p.at("FUNCTION") {
		p.expected("FUNCTION")
	}
	switch {
	case p.atAny("TABLE", "VIEW", "FUNCTION"), !s.Temporary && p.atAny("DATABASE", "CATALOG"):
		s.Kind = ast.ObjectKind(p.take().upper)
	default:
		p.expected("TABLE, VIEW, FUNCTION, DATABASE or CATALOG after DROP")
	}
	s.IfExists = p.ifExists()
	s.Name = p.name("the name of what to drop")
	if s.Kind == ast.ObjectDatabase {
		s.Cascade = p.accept("CASCADE")
		if !s.Cascade {
			p.accept("RESTRICT")
		}
	}
	return s
}

func (p *parser) ifExists() bool {
	if !p.accept("IF") {
		return false
	}
	p.expect("EXISTS")
	return true
}

func (p *parser) alter() ast.Statement {
	pos := p.take().pos
	switch {
	case p.accept("TABLE"):
		return p.alterTable(pos)
	case p.accept("VIEW"):
		s := &ast.AlterView{Pos: pos, Name: p.name("a view name")}
		if p.accept("AS") {
			s.Query = p.query()
			return s
		}
		p.expect("RENAME", "TO")
		s.RenameTo = p.name("a view name")
		return s
	case p.atAny("DATABASE", "FUNCTION", "CATALOG", "MATERIALIZED"):
		p.unsupported(p.tok.pos, "ALTER "+p.tok.upper, "drop it and create it again")
	default:
		p.expected("TABLE or VIEW after ALTER")
	}
	return emptyQuery(pos)
}

func (p *parser) alterTable(pos ast.Pos) ast.Statement {
	s := &ast.AlterTable{Pos: pos, IfExists: p.ifExists(), Name: p.name("a table name")}
	switch {
	case p.at("RENAME") && !p.peek(1).is("TO"):
		p.unsupported(p.tok.pos, "renaming a column", "create the table again")
	case p.accept("RENAME"):
		p.expect("TO")
		s.RenameTo = p.name("a table name")
	case p.accept("SET"):
		if s.Set = p.properties(); len(s.Set) == 0 {
			p.failAt(s, "ALTER TABLE .. SET needs at least one option")
		}
	case p.accept("RESET"):
		p.expect("(")
		s.Reset = listOf(p, func() string { return p.str("an option key as a string") })
		p.expect(")")
	case p.atAny("ADD", "MODIFY", "DROP", "ALTER"):
		p.unsupported(p.tok.pos, "ALTER TABLE .. "+p.tok.upper, "drop the table and create it again")
	default:
		p.expected("RENAME TO, SET or RESET")
	}
	return s
}
