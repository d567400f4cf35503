package binder

import (
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// Binder binds statements of one session.
type Binder struct {
	Catalog  *catalog.Catalog
	Registry *catalog.Registry
	// Location is the session's time zone, which TIMESTAMP_LTZ literals are read in; nil is UTC.
	Location *time.Location
	// Batch reads tables that have no end only as streams up to the end they have now.
	Batch bool
	// Functions are those of the Go program that has the session; nil has none.
	Functions *expr.Functions
	// Streams are those of that program, by name.
	Streams map[string]*plan.External
	// Places takes where expressions stand that may fail at a row, by number from 1; nil drops them.
	Places *[]ast.Node

	views    []string // being expanded, outermost first
	storedAt ast.Node // where the outermost is read, or the table whose definition is being bound
}

// viewDepthMax bounds views over views; deeper ones refer to themselves.
const viewDepthMax = 64

// Query binds a query.
func (b *Binder) Query(q *ast.Query) (plan.Node, error) {
	r, err := b.query(q, nil, nil)
	if err != nil {
		return nil, err
	}
	return r.node, nil
}

// relation is a plan with the names its columns have.
type relation struct {
	node  plan.Node
	scope *scope
}

// ctes are the common table expressions in sight, innermost first.
type ctes struct {
	name  string
	query *ast.Query
	names []ast.Ident
	outer *ctes // also what the query itself sees
}

func (c *ctes) find(name string) *ctes {
	for ; c != nil; c = c.outer {
		if c.name == name {
			return c
		}
	}
	return nil
}

// fault makes a positioned error of one that has no place.
func fault(at ast.Node, err error) error {
	return ast.Errorf(at, ast.ClassSemantic, "%v", err)
}

// call makes a call and places its error.
func call(at ast.Node, name string, args ...*expr.Expr) (*expr.Expr, error) {
	e, err := expr.NewCall(name, args...)
	if err != nil {
		return nil, fault(at, err)
	}
	return e, nil
}

func conjunction(conjuncts []*expr.Expr) *expr.Expr {
	switch len(conjuncts) {
	case 0:
		return nil
	case 1:
		return conjuncts[0]
	}
	t := conjuncts[0].Type
	for _, c := range conjuncts {
		t.NotNull = t.NotNull && c.Type.NotNull
	}
	return &expr.Expr{Op: expr.Call, Name: "AND", Type: t, Args: conjuncts}
}
