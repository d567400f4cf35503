package plan

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/order"
)

// processing are the expressions that give processing times: calls of PROCTIME and columns, of which in
// lists those of the input.
func processing(exprs []*expr.Expr, in []int) (columns []int) {
	for i, e := range exprs {
		if e.Op == expr.Call && e.Name == "PROCTIME" || e.Op == expr.Column && slices.Contains(in, e.Index) {
			columns = append(columns, i)
		}
	}
	return columns
}

// Processes reports that windows over a column of the input are windows of processing time.
func Processes(input Node, column int) bool {
	return slices.Contains(TraitsOf(input).Processing, column)
}

// Arrival reports that a ranking keeps the first or the last row of each partition to arrive: it is by
// processing time, and none of its rows is taken back.
func Arrival(n *Rank) (order.Keep, bool) {
	t := TraitsOf(n.Input)
	if t.Changelog || n.From > 1 || n.To != 1 || len(n.Keys) == 0 || !slices.Contains(t.Processing, n.Keys[0].Column) {
		return "", false
	}
	if n.Keys[0].Desc {
		return order.Last, true
	}
	return order.First, true
}
