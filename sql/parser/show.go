package parser

import (
	"strings"

	"github.com/anabranch/anabranch/sql/ast"
)

// option reads one setting of COPY or EXPLAIN.
func (p *parser) option() ast.Option {
	o := ast.Option{Pos: p.tok.pos}
	switch {
	case p.tok.kind == tokenWord, p.tok.kind == tokenString && p.tok.text != "":
		o.Name = strings.ToUpper(p.take().text)
	default:
		p.expected("the name of an option")
	}
	p.accept("=")
	switch {
	case p.accept("("):
		o.Values = listOf(p, p.optionValue)
		p.expect(")")
	case !p.at(",") && !p.at(")") || p.before.is("="):
		o.Values = []string{p.optionValue()}
	}
	return o
}

func (p *parser) optionValue() string {
	switch p.tok.kind {
	case tokenWord, tokenQuoted, tokenString, tokenNumber:
		return p.take().text
	}
	if p.accept("-") && p.tok.kind == tokenNumber {
		return "-" + p.take().text
	}
	p.expected("the value of an option")
	return ""
}

// show reads SHOW kind [FROM name] [[NOT] LIKE 'pattern'].
func (p *parser) show() ast.Statement {
	s := &ast.Show{Pos: p.take().pos}
	switch {
	case p.accept("CREATE"):
		p.showCreate(s)
		return s
	case p.accept("CURRENT"):
		s.Kind = ast.ShowCurrentCatalog
		if !p.accept("CATALOG") {
			p.expect("DATABASE")
			s.Kind = ast.ShowCurrentDatabase
		}
		return s
	case p.accept("USER"):
		p.expect("FUNCTIONS")
		s.Kind = ast.ShowUserFunctions
	case p.atAny("TABLES", "VIEWS", "CATALOGS", "DATABASES", "FUNCTIONS", "MODULES", "JOBS", "COLUMNS", "PARTITIONS"):
		s.Kind = ast.ShowKind(p.take().upper)
	default:
		p.expected("TABLES, VIEWS, CATALOGS, DATABASES, FUNCTIONS, COLUMNS, PARTITIONS, JOBS, MODULES, CREATE or CURRENT after SHOW")
	}
	switch s.Kind {
	case ast.ShowColumns:
		if !p.accept("FROM") {
			p.expect("IN")
		}
		s.Name = p.name("a table name")
	case ast.ShowPartitions:
		s.Name = p.name("a table name")
		return s
	case ast.ShowTables, ast.ShowViews, ast.ShowDatabases, ast.ShowFunctions, ast.ShowUserFunctions:
		if p.accept("FROM") || p.accept("IN") {
			s.Name = p.name("a database name")
		}
	case ast.ShowJobs, ast.ShowModules:
		return s
	}
	s.Like = p.showLike()
	return s
}

func (p *parser) showCreate(s *ast.Show) {
	s.Kind = ast.ShowCreateTable
	if !p.accept("TABLE") {
		p.expect("VIEW")
		s.Kind = ast.ShowCreateView
	}
	s.Name = p.name("the name of a table or view")
}

func (p *parser) showLike() *ast.ShowLike {
	l := &ast.ShowLike{Pos: p.tok.pos}
	l.Not = p.accept("NOT")
	switch {
	case p.accept("ILIKE"):
		l.Fold = true
	case p.accept("LIKE"):
	case l.Not:
		p.expected("LIKE or ILIKE")
	default:
		return nil
	}
	l.Pattern = p.str("a pattern as a string")
	return l
}
