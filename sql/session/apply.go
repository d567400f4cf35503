package session

import (
	"strings"

	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// Result is what a statement that starts no job prints; without columns it prints nothing.
type Result struct {
	Columns []string
	Rows    [][]string
	Note    string // for the user, beside the result
}

// Runs reports whether a statement starts a job, so that Plan takes it and not Apply.
func Runs(statement ast.Statement) bool {
	switch statement.(type) {
	case *ast.Query, *ast.Insert, *ast.StatementSet, *ast.Copy:
		return true
	}
	return false
}

// Apply runs a statement that starts no job.
func (s *Session) Apply(statement ast.Statement, source string) (*Result, error) {
	r, err := s.apply(statement)
	if err != nil {
		return nil, located(err, source)
	}
	if r == nil {
		r = &Result{}
	}
	return r, nil
}

func (s *Session) apply(statement ast.Statement) (*Result, error) {
	switch st := statement.(type) {
	case *ast.CreateTable:
		return s.createTable(st)
	case *ast.CreateView:
		return nil, s.createView(st)
	case *ast.Drop:
		return nil, s.drop(st)
	case *ast.Show:
		return s.show(st)
	case *ast.Describe:
		return s.describe(st)
	case *ast.Explain:
		return s.explain(st)
	case *ast.Set:
		return s.set(st)
	case *ast.Reset:
		return nil, s.reset(st)
	case *ast.Use:
		return nil, use(st)
	}
	words := strings.Fields(ast.Format(statement))
	return nil, plan.Refuse(statement, "statement", strings.Join(words[:min(2, len(words))], " "))
}

// use accepts the names of the one catalog and database.
func use(u *ast.Use) error {
	parts := u.Name.Strings()
	last := parts[len(parts)-1]
	known := databaseName
	if u.Catalog {
		known = catalogName
	}
	if last == known && (len(parts) == 1 || !u.Catalog && parts[0] == catalogName) {
		return nil
	}
	return ast.Errorf(u, ast.ClassSemantic, "unknown %s %s; there is %s", map[bool]string{true: "catalog", false: "database"}[u.Catalog], last, known)
}
