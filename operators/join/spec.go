package join

import (
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
)

// The kinds of nodes that join: one that reads its right side first, and one that takes both as they come.
const (
	KindHash      graph.Kind = "join"
	KindSymmetric graph.Kind = "symmetric_join"
)

// Type says which rows without a match a join keeps.
type Type string

// The join types. Semi and Anti emit the left columns only.
const (
	Inner Type = "inner"
	Left  Type = "left"
	Right Type = "right"
	Full  Type = "full"
	Semi  Type = "semi"
	Anti  Type = "anti"
)

// Spec is a hash join on LeftKeys[i] = RightKeys[i], pairwise of equal type; port 0 is left,
// port 1 right. The right side is read first, as a whole, unless the join is symmetric. Residual is a further condition over
// the left columns followed by the right ones. Without keys every pair is a candidate.
type Spec struct {
	Type      Type       `json:"type"`
	LeftKeys  []int      `json:"leftKeys"`
	RightKeys []int      `json:"rightKeys"`
	Residual  *expr.Expr `json:"residual,omitempty"`
	// Bound, of a symmetric join, says how far apart in time rows match; no row is ever taken back then.
	Bound *TimeBound `json:"bound,omitempty"`
}
