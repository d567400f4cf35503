package binder

import (
	"regexp"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// call binds a function or aggregate call.
func (x *exprBinder) call(e *ast.Call) (*expr.Expr, error) {
	name := strings.ToUpper(e.Name.Last().Name)
	switch {
	case e.IsWindow():
		return x.window(e, name)
	case len(e.OrderBy) > 0 || len(e.WithinGroup) > 0:
		return nil, plan.Refuse(e, "ordered-aggregate")
	case e.Nulls != ast.NullsDefault:
		return nil, plan.Refuse(e, "null-treatment")
	case x.b.Functions.IsAggregate(name):
		return x.aggregate(e, name)
	case e.Distinct || e.Star || e.Filter != nil:
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s is not an aggregate function", name)
	}
	if groupWindow.MatchString(name) && !slices.Contains(x.b.Functions.Names(), name) {
		return nil, plan.Refuse(e, "group-window", name)
	}
	args, err := x.all(e.Args)
	if err != nil {
		return nil, err
	}
	f, err := x.b.Functions.NewCall(name, x.b.placed(e), args...)
	if unknown, ok := err.(*expr.UnknownFunctionError); ok { //nolint:errorlint // NewCall returns it bare
		return nil, suggest(ast.Errorf(e, ast.ClassSemantic, "unknown function %s", e.Name.Last().Name), unknown.Name, slices.Concat(expr.FunctionNames(), expr.AggregateNames(), x.b.Functions.Names()))
	}
	if err != nil {
		return nil, fault(e, err)
	}
	return f, nil
}

// groupWindow are Flink's functions that GROUP BY had before windows were tables, and those of their bounds.
var groupWindow = regexp.MustCompile(`^(TUMBLE|HOP|SESSION)(_START|_END|_ROWTIME|_PROCTIME)?$`)

// aggregate binds a call of an aggregate function and gives the column that will hold its result.
func (x *exprBinder) aggregate(e *ast.Call, name string) (*expr.Expr, error) {
	if x.inAggregate {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s inside another aggregate function", name)
	}
	if x.calls == nil {
		e := ast.Errorf(e, ast.ClassSemantic, "aggregate function %s is not allowed in %s", name, x.clause)
		if x.clause == "WHERE" {
			e.Hint = "use HAVING to filter groups"
		}
		return nil, e
	}
	inner := *x
	inner.inAggregate, inner.at, inner.subs = true, nil, nil
	args, err := inner.all(e.Args)
	if err != nil {
		return nil, err
	}
	if e.Star && name != "COUNT" || !e.Star && name == "COUNT" && len(args) == 0 {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s takes 1 argument", name)
	}
	var filter *expr.Expr
	if e.Filter != nil {
		inner.clause = "FILTER"
		if filter, err = inner.boolean(e.Filter); err != nil {
			return nil, err
		}
	}
	a, err := x.b.Functions.NewAggregate(name, e.Distinct, filter, args...)
	if err != nil {
		return nil, fault(e, err)
	}
	a.Place = x.b.placed(e)
	i := slices.IndexFunc(*x.calls, func(o *expr.Aggregate) bool { return sameCall(a, o) })
	if i < 0 {
		i = len(*x.calls)
		*x.calls = append(*x.calls, a)
	}
	return expr.Col(aggregateBase+i, a.String(), a.Type), nil
}

func sameCall(a, b *expr.Aggregate) bool {
	if a.Filter != b.Filter && (a.Filter == nil || b.Filter == nil || !a.Filter.Equal(b.Filter)) {
		return false
	}
	return a.Name == b.Name && a.Distinct == b.Distinct && a.Separator == b.Separator && slices.EqualFunc(a.Args, b.Args, (*expr.Expr).Equal)
}

// special binds the functions with a grammar of their own.
func (x *exprBinder) special(e ast.Expr) (*expr.Expr, error) {
	switch e := e.(type) {
	case *ast.UnitLiteral:
		return expr.String(string(e.Unit)), nil
	case *ast.Extract:
		v, err := x.bind(e.X)
		if err != nil {
			return nil, err
		}
		return call(e, "EXTRACT", expr.String(string(e.Unit)), v)
	case *ast.Trim:
		list := []ast.Expr{e.X}
		if e.Chars != nil {
			list = append(list, e.Chars)
		}
		args, err := x.all(list)
		if err != nil {
			return nil, err
		}
		return call(e, "TRIM", slices.Insert(args, 1, expr.String(e.Side.String()))...)
	case *ast.Row:
		args, err := x.all(e.Items)
		if err != nil {
			return nil, err
		}
		return call(e, "ROW", args...)
	}
	return nil, plan.Refuse(e, "statement", "this expression")
}
