package optimizer

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// distinctOnce groups by the keys and the argument of DISTINCT first, where there is one such argument: what
// is left of it in each group is then distinct. Groups of rows that end are so in two phases and go to disk as
// others do, and windows that overlap can be made of slices.
func distinctOnce(n plan.Node) plan.Node {
	return rewrite(n, func(n plan.Node) plan.Node {
		a, ok := n.(*plan.Aggregate)
		if !ok || !worthOnce(a) {
			return n
		}
		arg := distinctArg(a)
		if arg == nil {
			return n
		}
		if once, err := groupedByArg(a, arg); err == nil {
			return once
		}
		return n // a type has no such call
	})
}

// worthOnce reports that the groups are of rows that end, or of windows: their values are then groups, which may
// lie on disk and which slices share. Groups that change keep values beside them, or they would change twice.
func worthOnce(a *plan.Aggregate) bool {
	return overWindow(a) != nil || !plan.TraitsOf(a.Input).Unbounded
}

// distinctArg is the argument of all DISTINCT calls of a; nil if there is not just one, or if calls cannot be
// made of those of smaller groups.
func distinctArg(a *plan.Aggregate) (arg *expr.Expr) {
	for _, c := range a.Calls {
		switch {
		case c.User != nil:
			return nil
		case c.Distinct:
			switch c.Name {
			case "COUNT", "SUM", "AVG":
			default:
				return nil // the order in which values come may matter
			}
			if c.Filter != nil || arg != nil && !c.Args[0].Equal(arg) {
				return nil
			}
			arg = c.Args[0]
		case c.Name != "COUNT" && c.Name != "SUM" && c.Name != "MIN" && c.Name != "MAX":
			return nil
		}
	}
	return arg
}

// groupedByArg is a over groups of its keys and arg.
func groupedByArg(a *plan.Aggregate, arg *expr.Expr) (plan.Node, error) {
	in, keys := withKeys(a.Input, append(colsOf(a.Input, a.Keys), arg))
	var inner []*expr.Aggregate
	for _, c := range a.Calls {
		if !c.Distinct {
			inner = append(inner, c)
		}
	}
	groups := plan.NewAggregate(in, keys, inner)
	width, next := len(a.Keys), len(keys)
	outer := make([]*expr.Aggregate, len(a.Calls))
	for i, c := range a.Calls {
		name, at := c.Name, width
		if !c.Distinct {
			at = next
			next++
			if name == "COUNT" {
				name = "SUM"
			}
		}
		var err error
		if outer[i], err = expr.NewAggregate(name, false, nil, plan.Col(groups, at)); err != nil {
			return nil, err
		}
	}
	top := plan.NewAggregate(groups, identity(width), outer)
	exprs := plan.Cols(top)
	for i, c := range a.Calls {
		e := exprs[width+i]
		var err error
		if c.Name == "COUNT" && !c.Distinct { // of no rows
			e, err = expr.NewCall("COALESCE", e, expr.Int(0, columnar.TypeBigInt.Required()))
		}
		if err == nil && !e.Type.Equal(c.Type) {
			e, err = expr.NewCast(e, c.Type, false)
		}
		if err != nil {
			return nil, err
		}
		exprs[width+i] = e
	}
	return &plan.Project{Input: top, Exprs: exprs, Out: a.Out}, nil
}

func colsOf(n plan.Node, columns []int) []*expr.Expr {
	list := make([]*expr.Expr, len(columns))
	for i, c := range columns {
		list[i] = plan.Col(n, c)
	}
	return list
}
