package binder

import (
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// predicate binds the forms with keywords that test a value.
func (x *exprBinder) predicate(e ast.Expr) (*expr.Expr, error) {
	switch e := e.(type) {
	case *ast.Is:
		return x.is(e)
	case *ast.IsDistinct:
		args, err := x.all([]ast.Expr{e.Left, e.Right})
		if err != nil {
			return nil, err
		}
		name := "IS DISTINCT FROM"
		if e.Not {
			name = "IS NOT DISTINCT FROM"
		}
		return call(e, name, args...)
	case *ast.Between:
		return x.between(e)
	case *ast.In:
		if e.Query != nil {
			return nil, plan.Refuse(e, "subquery-place")
		}
		args, err := x.all(append([]ast.Expr{e.X}, e.List...))
		if err != nil {
			return nil, err
		}
		in, err := call(e, "IN", args...)
		return negated(e, in, e.Not, err)
	case *ast.Like:
		return x.like(e)
	case *ast.Quantified:
		return x.quantified(e)
	}
	return nil, plan.Refuse(e, "statement", "this condition")
}

func negated(at ast.Node, e *expr.Expr, not bool, err error) (*expr.Expr, error) {
	if err != nil || !not {
		return e, err
	}
	return call(at, "NOT", e)
}

func (x *exprBinder) is(e *ast.Is) (*expr.Expr, error) {
	v, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	name := "IS "
	if e.Not {
		name = "IS NOT "
	}
	switch e.Test {
	case ast.IsNull, ast.IsUnknown:
		return call(e, name+"NULL", v)
	case ast.IsTrue, ast.IsFalse:
		return call(e, name+e.Test.String(), v)
	default:
		return nil, plan.Refuse(e, "is-json")
	}
}

func (x *exprBinder) between(e *ast.Between) (*expr.Expr, error) {
	if e.Symmetric {
		return nil, plan.Refuse(e, "symmetric")
	}
	args, err := x.all([]ast.Expr{e.X, e.Low, e.High})
	if err != nil {
		return nil, err
	}
	low, err := call(e, ">=", args[0], args[1])
	if err != nil {
		return nil, err
	}
	high, err := call(e, "<=", args[0], args[2])
	if err != nil {
		return nil, err
	}
	both, err := call(e, "AND", low, high)
	return negated(e, both, e.Not, err)
}

func (x *exprBinder) like(e *ast.Like) (*expr.Expr, error) {
	if e.Kind == ast.LikeSimilar {
		return nil, plan.Refuse(e, "similar-to")
	}
	list := []ast.Expr{e.X, e.Pattern}
	if e.Escape != nil {
		list = append(list, e.Escape)
	}
	args, err := x.all(list)
	if err != nil {
		return nil, err
	}
	like, err := call(e, e.Kind.String(), args...)
	return negated(e, like, e.Not, err)
}

// quantified binds x op ANY|ALL (list) as a chain of OR or AND.
func (x *exprBinder) quantified(e *ast.Quantified) (*expr.Expr, error) {
	if e.Query != nil {
		return nil, plan.Refuse(e, "quantified")
	}
	v, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	var tests []*expr.Expr
	for _, item := range e.List {
		w, err := x.bind(item)
		if err != nil {
			return nil, err
		}
		test, err := call(e, e.Op.String(), v, w)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	if len(tests) == 1 {
		return tests[0], nil
	}
	if e.All {
		return call(e, "AND", tests...)
	}
	return call(e, "OR", tests...)
}
