package optimizer

import (
	"math"
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// pushRank makes conditions on the number the range of numbers, so that few rows need be held, and
// moves conditions on the partition below.
func pushRank(n *plan.Rank, conditions []*expr.Expr) plan.Node {
	c := *n
	var rest []*expr.Expr
	for _, e := range conditions {
		if !n.Number || !limitNumber(&c, e) {
			rest = append(rest, e)
		}
	}
	down, stay := split(rest, func(e *expr.Expr) bool {
		return !slices.ContainsFunc(e.Columns(), func(i int) bool { return !slices.Contains(n.Partition, i) })
	})
	c.Input = push(n.Input, down)
	return filtered(&c, stay)
}

// limitNumber takes a comparison of the number with a constant into the range.
func limitNumber(n *plan.Rank, e *expr.Expr) bool {
	if e.Op != expr.Call || len(e.Args) != 2 {
		return false
	}
	name, column, value := e.Name, e.Args[0], e.Args[1]
	if column.IsConstant() {
		turned := map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
		name, column, value = turned[name], value, column
	}
	if column.Op != expr.Column || column.Index != plan.Width(n)-1 || !value.IsConstant() || value.Value.Null || !value.Type.IsInteger() {
		return false
	}
	v := value.Value.Int
	if v == math.MaxInt64 || v == math.MinInt64 {
		return false // one more or less is no number
	}
	low, high := int64(1), int64(0)
	switch name {
	case "=":
		low, high = v, v
	case "<":
		high = v - 1
	case "<=":
		high = v
	case ">":
		low = v + 1
	case ">=":
		low = v
	default:
		return false
	}
	// A range without numbers stays a condition.
	if name != ">" && name != ">=" && high < 1 {
		return false
	}
	n.From = max(n.From, low)
	if high > 0 && (n.To == 0 || high < n.To) {
		n.To = high
	}
	return true
}
