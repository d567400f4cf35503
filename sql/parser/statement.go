package parser

import "github.com/anabranch/anabranch/sql/ast"

// statement reads one statement, without the semicolon behind it.
func (p *parser) statement() ast.Statement {
	defer p.leave()
	p.enter()
	pos := p.tok.pos
	p.tried = append(p.tried, "SELECT", "WITH", "VALUES", "INSERT", "CREATE", "DROP", "ALTER", "EXPLAIN", "DESCRIBE", "SHOW", "SET",
		"RESET", "USE", "EXECUTE", "BEGIN", "COPY", "STOP", "QUIT", "EXIT", "HELP", "CLEAR")
	if p.tok.is("(") {
		return p.query()
	}
	if p.tok.kind == tokenWord {
		switch p.tok.upper {
		case "SELECT", "WITH", "VALUES", "TABLE":
			return p.query()
		case "INSERT":
			return p.insert()
		case "EXECUTE", "BEGIN":
			return p.execute()
		case "CREATE":
			return p.create()
		case "DROP":
			return p.drop()
		case "ALTER":
			return p.alter()
		case "EXPLAIN":
			return p.explain()
		case "DESCRIBE", "DESC":
			return p.describe()
		case "COPY":
			return p.copyTo()
		}
		if s := p.sessionStatement(); s != nil {
			return s
		}
		p.refusedStatement()
	}
	p.expected("a statement")
	return emptyQuery(pos)
}

// sessionStatement reads the statements that look at or change the session; nil where there is none.
func (p *parser) sessionStatement() ast.Statement {
	pos := p.tok.pos
	switch p.tok.upper {
	case "SHOW":
		return p.show()
	case "SET":
		return p.set()
	case "RESET":
		return p.reset()
	case "USE":
		p.next()
		if p.accept("CATALOG") {
			return &ast.Use{Pos: pos, Catalog: true, Name: ast.Name{p.ident("a catalog name")}}
		}
		if p.at("MODULES") {
			p.unsupported(p.tok.pos, "USE MODULES", "")
		}
		return &ast.Use{Pos: pos, Name: p.name("a database name")}
	case "STOP":
		p.next()
		p.expect("JOB")
		s := &ast.StopJob{Pos: pos, ID: p.str("the job's id as a string")}
		s.Savepoint = p.accept("WITH", "SAVEPOINT")
		s.Drain = p.accept("WITH", "DRAIN")
		return s
	case "QUIT", "EXIT":
		p.next()
		return &ast.Command{Pos: pos, Kind: ast.CommandQuit}
	case "HELP":
		p.next()
		return &ast.Command{Pos: pos, Kind: ast.CommandHelp}
	case "CLEAR":
		p.next()
		return &ast.Command{Pos: pos, Kind: ast.CommandClear}
	}
	return nil
}

// refusedStatement says clearly no to statements that other engines have.
func (p *parser) refusedStatement() {
	pos := p.tok.pos
	switch p.tok.upper {
	case "UPDATE", "DELETE", "MERGE", "TRUNCATE":
		p.unsupported(pos, p.tok.upper, "tables change by INSERT; a changelog source carries updates and deletes")
	case "ADD", "REMOVE":
		p.unsupported(pos, p.tok.upper+" JAR", "functions are written in Go and compiled in")
	case "LOAD", "UNLOAD", "CALL", "ANALYZE", "COMPILE", "GRANT", "REVOKE", "COMMIT", "ROLLBACK", "START", "PREPARE", "ATTACH":
		p.unsupported(pos, p.tok.upper, "")
	}
}

func (p *parser) insert() *ast.Insert {
	s := &ast.Insert{Pos: p.tok.pos}
	p.expect("INSERT")
	s.Overwrite = p.accept("OVERWRITE")
	if !s.Overwrite {
		p.expect("INTO")
	}
	p.accept("TABLE")
	s.Table = p.name("a table name")
	s.Hints = p.hints()
	if p.accept("PARTITION") {
		p.expect("(")
		s.Partition = listOf(p, p.partitionValue)
		p.expect(")")
	}
	if p.at("(") && !p.atParenQuery() {
		s.Columns = p.idents("a column name")
	}
	if len(s.Partition) == 0 && p.accept("PARTITION") {
		p.expect("(")
		s.Partition = listOf(p, p.partitionValue)
		p.expect(")")
	}
	s.Query = p.query()
	return s
}

func (p *parser) partitionValue() ast.PartitionValue {
	v := ast.PartitionValue{Pos: p.tok.pos, Column: p.ident("a column name")}
	if p.accept("=") {
		v.Value = p.expr()
	}
	return v
}

// execute reads EXECUTE STATEMENT SET BEGIN .. END, BEGIN STATEMENT SET; .. END, EXECUTE insert and EXECUTE query.
func (p *parser) execute() ast.Statement {
	first := p.take()
	if first.upper == "EXECUTE" && !p.at("STATEMENT") {
		if p.at("INSERT") {
			return p.insert()
		}
		if p.at("(") || p.atQuery() {
			return p.query()
		}
		p.expected("STATEMENT SET, INSERT or a query after EXECUTE")
		return emptyQuery(first.pos)
	}
	return p.statementSet(first)
}

func (p *parser) statementSet(first token) *ast.StatementSet {
	s := &ast.StatementSet{Pos: first.pos}
	p.expect("STATEMENT", "SET")
	if first.upper == "EXECUTE" {
		p.expect("BEGIN")
	} else {
		p.expect(";")
	}
	for p.err == nil && !p.at("END") {
		if !p.at("INSERT") {
			p.expected("INSERT or END in a statement set")
			break
		}
		s.Inserts = append(s.Inserts, p.insert())
		if !p.at(";") {
			p.expected("; behind an INSERT of a statement set")
			break
		}
		for p.accept(";") {
		}
	}
	if p.err == nil && len(s.Inserts) == 0 {
		p.failAt(s, "a statement set needs at least one INSERT")
	}
	p.expect("END")
	return s
}

func (p *parser) explain() ast.Statement {
	s := &ast.Explain{Pos: p.take().pos}
	switch {
	case p.accept("PLAN"):
		p.expect("FOR")
	case p.at("(") && !p.atParenQuery():
		s.Options = p.options()
	default:
		if p.atDetail() {
			s.Details = listOf(p, p.detail)
		}
	}
	if p.at("STATEMENT") {
		s.Statement = p.statementSet(token{upper: "EXECUTE", pos: p.tok.pos})
		return s
	}
	s.Statement = p.statement()
	switch s.Statement.(type) {
	case *ast.Query, *ast.Insert, *ast.StatementSet, *ast.CreateTable, *ast.Copy:
	default:
		p.failAt(s.Statement, "EXPLAIN takes a query, INSERT, COPY, CREATE TABLE AS or a statement set")
	}
	return s
}

func (p *parser) atDetail() bool {
	return p.atAny("ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE", "ANALYZE", "VERBOSE")
}

func (p *parser) detail() string {
	if !p.atDetail() {
		p.expected("ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN, PLAN_ADVICE, ANALYZE or VERBOSE")
		return ""
	}
	return p.take().upper
}

func (p *parser) describe() ast.Statement {
	s := &ast.Describe{Pos: p.take().pos}
	s.Extended = p.accept("EXTENDED")
	switch {
	case p.tok.kind == tokenString:
		s.Path = p.take().text
	case p.at("(") || p.atQuery():
		s.Query = p.query()
	default:
		s.Table = p.name("a table name, a file in quotes or a query")
	}
	return s
}

// copyTo reads COPY source TO 'file' [(FORMAT x, ...)] or [WITH (...)].
func (p *parser) copyTo() ast.Statement {
	s := &ast.Copy{Pos: p.take().pos}
	if p.at("(") {
		s.Query = p.parenQuery()
	} else {
		s.Table = p.name("a table name or a query in parentheses")
	}
	if p.at("FROM") {
		p.unsupported(p.tok.pos, "COPY FROM", "write INSERT INTO t SELECT * FROM 'file'")
	}
	p.expect("TO")
	s.To = p.str("a file name as a string")
	p.accept("WITH")
	if p.at("(") || p.before.is("WITH") {
		s.Options = p.options()
	}
	return s
}

// options reads (name, name value, name = value, name (value, value), ...).
func (p *parser) options() []ast.Option {
	p.expect("(")
	options := listOf(p, p.option)
	p.expect(")")
	return options
}
