package optimizer

import (
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/plan"
)

// rowsUnknown stands for the size of a source that does not tell.
const rowsUnknown = 1e6

// rowsOf guesses how many rows a relation has; only the order of such guesses counts.
func rowsOf(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Scan:
		if n.Rows < 0 {
			return rowsUnknown
		}
		return float64(n.Rows)
	case *plan.External:
		return rowsUnknown
	case *plan.Values:
		return float64(len(n.Rows))
	case *plan.Filter:
		return rowsOf(n.Input) * selectivity(n.Predicate)
	case *plan.Correlate:
		return 2 * rowsOf(n.Input)
	case *plan.Aggregate:
		if len(n.Keys) == 0 {
			return 1
		}
		return rowsOf(n.Input) / 4
	case *plan.Sort:
		return capped(rowsOf(n.Input), n.Limit)
	case *plan.Limit:
		return capped(rowsOf(n.Input), n.Limit)
	case *plan.Join:
		l, r := rowsOf(n.Left), rowsOf(n.Right)
		switch {
		case n.Type == join.Semi || n.Type == join.Anti:
			return l / 2
		case len(n.LeftKeys) == 0:
			return l * r
		}
		return max(l, r)
	}
	sum := 0.0
	for _, in := range n.Inputs() {
		sum += rowsOf(in)
	}
	return sum
}

func capped(rows float64, limit *int64) float64 {
	if limit != nil {
		return min(rows, float64(*limit))
	}
	return rows
}

// selectivity guesses which part of the rows a condition keeps.
func selectivity(e *expr.Expr) float64 {
	s := 1.0
	for _, c := range conjuncts(e) {
		switch c.Name {
		case "=":
			s *= 0.1
		case "IN", "OR":
			s *= 0.2
		case "LIKE":
			s *= 0.1
		case "NOT", "<>", "IS NOT NULL":
			s *= 0.9
		default:
			s *= 0.5
		}
	}
	return s
}

// baseRows is rowsOf before any filter: how many values a key of the relation may have.
func baseRows(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Filter:
		return baseRows(n.Input)
	case *plan.Project:
		return baseRows(n.Input)
	}
	return rowsOf(n)
}
