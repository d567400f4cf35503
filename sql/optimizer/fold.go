package optimizer

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// fold replaces constant parts of expressions by their values.
func fold(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		return mapExprs(n, func(e *expr.Expr) *expr.Expr { return foldExpr(e) })
	})
}

// foldExpr folds what does not depend on the session's time zone or on the schema's types.
func foldExpr(e *expr.Expr) *expr.Expr {
	zoned := false
	e.Walk(func(n *expr.Expr) { zoned = zoned || n.Type.Kind == columnar.TimestampLTZ })
	if zoned {
		return e
	}
	return expr.Fold(e, nil)
}

// mapExprs replaces the expressions of a node, not of its inputs; the types of a projection stay.
func mapExprs(n plan.Node, f func(*expr.Expr) *expr.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return &plan.Filter{Input: n.Input, Predicate: f(n.Predicate)}
	case *plan.Project:
		return &plan.Project{Input: n.Input, Exprs: mapAll(n.Exprs, f), Out: n.Out}
	case *plan.Correlate:
		c := *n
		c.Call = f(n.Call)
		return &c
	case *plan.Aggregate:
		return &plan.Aggregate{Input: n.Input, Keys: n.Keys, Calls: mapCalls(n.Calls, f), Out: n.Out}
	case *plan.WindowAggregate:
		c := *n
		c.Calls = mapCalls(n.Calls, f)
		return &c
	case *plan.Join:
		if n.On == nil {
			return n
		}
		c := *n
		c.On = f(n.On)
		return &c
	case *plan.Scan:
		if n.Project == nil {
			return n
		}
		c := *n
		c.Project = mapAll(n.Project, f)
		return &c
	}
	return n
}

func mapAll(list []*expr.Expr, f func(*expr.Expr) *expr.Expr) []*expr.Expr {
	out := make([]*expr.Expr, len(list))
	for i, e := range list {
		out[i] = f(e)
	}
	return out
}

// mapCalls replaces the arguments and filters of aggregate calls.
func mapCalls(calls []*expr.Aggregate, f func(*expr.Expr) *expr.Expr) []*expr.Aggregate {
	out := make([]*expr.Aggregate, len(calls))
	for i, c := range calls {
		d := *c
		d.Args = mapAll(c.Args, f)
		if c.Filter != nil {
			d.Filter = f(c.Filter)
		}
		out[i] = &d
	}
	return out
}

// Volatile reports whether some expression of the node itself may give another value each time. Those of a
// scan give one for each row that is read.
func Volatile(n plan.Node) bool {
	if _, ok := n.(*plan.Scan); ok {
		return false
	}
	found := false
	mapExprs(n, func(e *expr.Expr) *expr.Expr {
		found = found || e.Volatile()
		return e
	})
	return found
}
