package binder

import (
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
)

// scopeColumn is a column of the plan at the same position with the names that reach it.
type scopeColumn struct {
	table, name string
	typ         columnar.Type
	// qualified columns are reached by table.name only: the other side of a USING.
	qualified bool
	// merged columns come first in *: the columns of a USING.
	merged bool
}

// scope is what names mean at some place.
type scope struct {
	columns []scopeColumn
	outer   *scope // of the query around a subquery
}

func scopeOf(schema *columnar.Schema, table string) *scope {
	s := &scope{}
	for _, f := range schema.Fields {
		s.columns = append(s.columns, scopeColumn{table: table, name: f.Name, typ: f.Type})
	}
	return s
}

// find returns the positions of the columns called name, of a table if that is not empty.
func (s *scope) find(table, name string) []int {
	var hits []int
	for i, c := range s.columns {
		if c.name == name && (table == c.table && table != "" || table == "" && !c.qualified) {
			hits = append(hits, i)
		}
	}
	return hits
}

func (s *scope) hasTable(table string) bool {
	for _, c := range s.columns {
		if c.table == table {
			return true
		}
	}
	return false
}

// lookup resolves a name of one or more parts to a column and how many parts name it; the rest
// are fields. The position is -1 where there is none.
func (s *scope) lookup(name ast.Name) (column, parts int, err error) {
	if len(name) > 1 {
		if hits := s.find(name[0].Name, name[1].Name); len(hits) == 1 {
			return hits[0], 2, nil
		} else if len(hits) > 1 {
			return -1, 0, ast.Errorf(name, ast.ClassSemantic, "column %s.%s is ambiguous", name[0].Name, name[1].Name)
		}
	}
	hits := s.find("", name[0].Name)
	if len(hits) > 1 {
		var tables []string
		for _, h := range hits {
			tables = append(tables, s.columns[h].table+"."+name[0].Name)
		}
		return -1, 0, ast.Errorf(name, ast.ClassSemantic, "column %s is ambiguous; it may be %s", name[0].Name, strings.Join(tables, " or "))
	}
	if len(hits) == 1 {
		return hits[0], 1, nil
	}
	return -1, 0, nil
}

// unknown is the error for a name that means nothing, with the nearest one that does.
func (s *scope) unknown(name ast.Name) error {
	if len(name) > 1 && s.hasTable(name[0].Name) {
		var names []string
		for _, c := range s.columns {
			if c.table == name[0].Name {
				names = append(names, c.name)
			}
		}
		return suggest(ast.Errorf(name[1], ast.ClassSemantic, "table %s has no column %s", name[0].Name, name[1].Name), name[1].Name, names)
	}
	var names []string
	for _, c := range s.columns {
		names = append(names, c.name)
	}
	if len(name) > 1 {
		for _, c := range s.columns {
			names = append(names, c.table)
		}
		return suggest(ast.Errorf(name, ast.ClassSemantic, "unknown table or column %s", name[0].Name), name[0].Name, names)
	}
	return suggest(ast.Errorf(name, ast.ClassSemantic, "unknown column %s", name[0].Name), name[0].Name, names)
}

// suggest adds the nearest candidate to an error.
func suggest(e *ast.Error, name string, candidates []string) error {
	if near := expr.Nearest(name, candidates); near != "" {
		e.Msg += "; did you mean " + ast.QuoteIdent(near) + "?"
	}
	return e
}
