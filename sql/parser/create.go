package parser

import "github.com/anabranch/anabranch/sql/ast"

func (p *parser) create() ast.Statement {
	pos := p.take().pos
	replace := p.accept("OR", "REPLACE")
	temporary := p.accept("TEMPORARY")
	system := temporary && p.accept("SYSTEM")
	switch {
	case p.at("FUNCTION") && !replace:
		return p.createFunction(&ast.CreateFunction{Pos: pos, Temporary: temporary, System: system})
	case system:
		p.expect("FUNCTION")
	case p.accept("TABLE"):
		return p.createTable(&ast.CreateTable{Pos: pos, Replace: replace, Temporary: temporary})
	case p.accept("VIEW"):
		return p.createView(&ast.CreateView{Pos: pos, Replace: replace, Temporary: temporary})
	case replace || temporary:
		p.expected("TABLE, VIEW or FUNCTION")
	case p.accept("CATALOG"):
		s := &ast.CreateCatalog{Pos: pos, IfNotExists: p.ifNotExists(), Name: p.ident("a catalog name"), Comment: p.comment()}
		s.Options = p.withOptions()
		return s
	case p.accept("DATABASE"):
		s := &ast.CreateDatabase{Pos: pos, IfNotExists: p.ifNotExists(), Name: p.name("a database name"), Comment: p.comment()}
		s.Options = p.withOptions()
		return s
	case p.at("MATERIALIZED"):
		p.unsupported(p.tok.pos, "CREATE MATERIALIZED TABLE", "create a table and fill it by INSERT INTO")
	case p.atAny("MODEL", "INDEX", "SCHEMA", "TYPE"):
		p.unsupported(p.tok.pos, "CREATE "+p.tok.upper, "")
	default:
		p.expected("TABLE, VIEW, FUNCTION, DATABASE or CATALOG after CREATE")
	}
	return emptyQuery(pos)
}

func (p *parser) ifNotExists() bool {
	if !p.accept("IF") {
		return false
	}
	p.expect("NOT", "EXISTS")
	return true
}

func (p *parser) withOptions() []ast.Property {
	if !p.accept("WITH") {
		return nil
	}
	return p.properties()
}

func (p *parser) createFunction(s *ast.CreateFunction) ast.Statement {
	p.expect("FUNCTION")
	s.IfNotExists = p.ifNotExists()
	s.Name = p.name("a function name")
	p.expect("AS")
	s.Class = p.str("the function's class as a string")
	if p.accept("LANGUAGE") {
		s.Language = p.word("a language")
	}
	if p.at("USING") {
		p.unsupported(p.tok.pos, "USING JAR", "functions are written in Go and compiled in")
	}
	return s
}

func (p *parser) createView(s *ast.CreateView) ast.Statement {
	s.IfNotExists = p.ifNotExists()
	s.Name = p.name("a view name")
	if p.accept("(") {
		s.Columns = listOf(p, func() ast.ViewColumn {
			return ast.ViewColumn{Pos: p.tok.pos, Name: p.ident("a column name"), Comment: p.comment()}
		})
		p.expect(")")
	}
	s.Comment = p.comment()
	p.expect("AS")
	s.Query = p.query()
	return s
}

func (p *parser) createTable(s *ast.CreateTable) ast.Statement {
	s.IfNotExists = p.ifNotExists()
	s.Name = p.name("a table name")
	if p.accept("(") {
		if !p.at(")") {
			p.tableElement(s)
			for p.accept(",") {
				p.tableElement(s)
			}
		}
		if !p.at(")") {
			p.expected("a comma or ) after a column")
		}
		p.expect(")")
	}
	s.Comment = p.comment()
	if p.at("DISTRIBUTED") {
		p.unsupported(p.tok.pos, "DISTRIBUTED BY", "set the connector's own partitioning options")
	}
	if p.accept("PARTITIONED") {
		p.expect("BY")
		s.PartitionedBy = p.idents("a column name")
	}
	s.Options = p.withOptions()
	if p.at("LIKE") {
		s.Like = p.likeTable()
	}
	if p.accept("AS") {
		s.Query = p.query()
	}
	for _, c := range s.Columns {
		if s.Query == nil && c.Kind == ast.ColumnPhysical && c.Type == nil {
			p.failAt(c, "column %s has no type", ast.QuoteIdent(c.Name.Name))
		}
	}
	return s
}

// tableElement reads a column, a constraint or a watermark.
func (p *parser) tableElement(s *ast.CreateTable) {
	switch {
	case p.at("WATERMARK") && p.peek(1).is("FOR"):
		w := ast.Watermark{Pos: p.take().pos}
		p.expect("FOR")
		w.Column = p.name("a column name")
		p.expect("AS")
		w.Expr = p.expr()
		s.Watermarks = append(s.Watermarks, w)
	case p.at("CONSTRAINT") && (p.peek(2).is("PRIMARY") || p.peek(2).is("UNIQUE") || p.peek(2).is("FOREIGN") || p.peek(2).is("CHECK")):
		pos := p.take().pos
		name := p.ident("the constraint's name")
		p.constraint(s, pos, &name)
	case p.at("PRIMARY") && p.peek(1).is("KEY"), p.at("UNIQUE") && p.peek(1).is("("), p.at("FOREIGN") && p.peek(1).is("KEY"),
		p.at("CHECK") && p.peek(1).is("("):
		p.constraint(s, p.tok.pos, nil)
	default:
		p.columnDef(s)
	}
}

func (p *parser) constraint(s *ast.CreateTable, pos ast.Pos, name *ast.Ident) {
	if !p.accept("PRIMARY") {
		p.unsupported(p.tok.pos, p.tok.upper, "only PRIMARY KEY (...) NOT ENFORCED")
		return
	}
	p.expect("KEY")
	p.setPrimaryKey(s, &ast.PrimaryKey{Pos: pos, Name: name, Columns: p.idents("a column name"), NotEnforced: p.notEnforced()})
}

func (p *parser) notEnforced() bool {
	if p.accept("NOT", "ENFORCED") {
		return true
	}
	p.accept("ENFORCED")
	return false
}

func (p *parser) setPrimaryKey(s *ast.CreateTable, key *ast.PrimaryKey) {
	if s.PrimaryKey != nil {
		p.failAt(key, "the table has two primary keys")
	}
	s.PrimaryKey = key
}

func (p *parser) columnDef(s *ast.CreateTable) {
	c := ast.ColumnDef{Pos: p.tok.pos, Name: p.ident("a column name")}
	switch {
	case p.accept("AS"):
		c.Kind = ast.ColumnComputed
		c.Expr = p.expr()
	case p.atAny(",", ")"):
	default:
		c.Type = p.typ()
		p.columnParts(s, &c)
	}
	if c.Comment == "" {
		c.Comment = p.comment()
	}
	s.Columns = append(s.Columns, c)
}

// columnParts reads METADATA, PRIMARY KEY and COMMENT behind a column's type, in any order.
func (p *parser) columnParts(s *ast.CreateTable, c *ast.ColumnDef) {
	for p.err == nil {
		pos := p.tok.pos
		switch {
		case p.accept("METADATA"):
			c.Kind = ast.ColumnMetadata
			if p.accept("FROM") {
				c.MetadataKey = p.str("the metadata key as a string")
			}
			c.Virtual = p.accept("VIRTUAL")
		case p.at("PRIMARY"), p.at("CONSTRAINT"):
			var name *ast.Ident
			if p.accept("CONSTRAINT") {
				id := p.ident("the constraint's name")
				name = &id
			}
			p.expect("PRIMARY", "KEY")
			p.setPrimaryKey(s, &ast.PrimaryKey{Pos: pos, Name: name, Columns: []ast.Ident{c.Name}, NotEnforced: p.notEnforced()})
		case p.at("COMMENT") && c.Comment == "":
			c.Comment = p.comment()
		case p.atAny("UNIQUE", "DEFAULT", "REFERENCES", "CHECK", "GENERATED"):
			p.unsupported(pos, "a column's "+p.tok.upper, "")
		default:
			return
		}
	}
}

func (p *parser) likeTable() *ast.LikeTable {
	l := &ast.LikeTable{Pos: p.take().pos, Table: p.name("a table name")}
	if !p.accept("(") {
		return l
	}
	for p.err == nil && !p.at(")") {
		o := ast.LikeOption{Pos: p.tok.pos}
		switch {
		case p.accept("INCLUDING"):
		case p.accept("EXCLUDING"):
			o.Mode = ast.LikeExcluding
		case p.accept("OVERWRITING"):
			o.Mode = ast.LikeOverwriting
		default:
			p.expected("INCLUDING, EXCLUDING or OVERWRITING")
		}
		if !p.atAny("ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS") {
			p.expected("ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS")
		}
		o.Feature = ast.LikeFeature(p.take().upper)
		l.Options = append(l.Options, o)
	}
	p.expect(")")
	return l
}
