package binder

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/internal/golden"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
)

// bind is the columns and the plan of a query, or the error with its place.
func bind(text string) string {
	statement, err := parser.NewReader(text).Next()
	if err != nil {
		return err.Error()
	}
	query, ok := statement.(*ast.Query)
	if !ok {
		return fmt.Sprintf("%T is no query", statement)
	}
	b := &Binder{Catalog: catalog.New(), Registry: catalog.NewRegistry()}
	n, err := b.Query(query)
	var placed *ast.Error
	switch {
	case errors.As(err, &placed):
		return placed.Error()
	case err != nil:
		return "without a place: " + err.Error()
	}
	if err := plan.Check(n); err != nil {
		return "a wrong plan: " + err.Error()
	}
	columns := make([]string, 0, plan.Width(n))
	for _, f := range n.Schema().Fields {
		columns = append(columns, f.Name+" "+f.Type.String())
	}
	return strings.Join(columns, ", ") + "\n" + strings.TrimSuffix(plan.Format(n), "\n")
}

func TestBind(t *testing.T) {
	golden.Check(t, func(*testing.T) func(string) string { return bind })
}
