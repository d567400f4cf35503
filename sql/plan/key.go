package plan

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
)

// KeyOf finds columns that no two rows of n share at a time, so that rows of a changelog with the same
// values in them are versions of one row; none at all if there is at most one row. ok is false where n
// promises no such columns.
func KeyOf(n Node) (columns []int, ok bool) {
	switch n := n.(type) {
	case *Aggregate:
		for i := range n.Keys {
			columns = append(columns, i)
		}
		return columns, true
	case *Normalize:
		return n.Keys, true
	case *Rank:
		return n.Partition, n.From <= 1 && n.To == 1
	case *Filter, *Sort, *Limit:
		return KeyOf(n.Inputs()[0])
	case *Project:
		in, ok := KeyOf(n.Input)
		for _, c := range in {
			at := slices.IndexFunc(n.Exprs, func(e *expr.Expr) bool { return e.Op == expr.Column && e.Index == c })
			if at < 0 {
				return nil, false
			}
			columns = append(columns, at)
		}
		return columns, ok
	}
	return nil, false
}
