package physical

import (
	"fmt"
	"strings"
	"time"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/plan"
)

// join hashes both sides by the keys. Without keys each subtask gets the whole right side, or,
// where rows of the right side may stay without a match, one subtask gets everything.
func (b *builder) join(n *plan.Join, left, right *graph.Node) *graph.Node {
	if symmetric(n) {
		return b.symmetricJoin(n, left, right)
	}
	spec := join.Spec{Type: n.Type, LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, Residual: n.On}
	switch {
	case len(n.LeftKeys) > 0:
		return b.job.Add(join.KindHash, label(n, "HashJoin("), spec, n.Out,
			edge(left, graph.Hash, spec.LeftKeys...), edge(right, graph.Hash, spec.RightKeys...))
	case n.Type == join.Right || n.Type == join.Full || left.Parallelism == 1 && right.Parallelism == 1:
		node := b.job.Add(join.KindHash, label(n, "NestedLoopJoin("), spec, n.Out, gather(left), gather(right))
		node.Parallelism = 1
		return node
	}
	node := b.job.Add(join.KindHash, label(n, "NestedLoopJoin("), spec, n.Out, forward(left), edge(right, graph.Broadcast))
	node.Parallelism = left.Parallelism
	return node
}

// symmetric reports that the right side cannot be read first: it does not end, rows of a side may be
// taken back, or rows of it may stay without a match among left rows that do not end.
func symmetric(n *plan.Join) bool {
	l, r := plan.TraitsOf(n.Left), plan.TraitsOf(n.Right)
	keepsRight := n.Type == join.Right || n.Type == join.Full
	return r.Unbounded || l.Changelog || r.Changelog || l.Unbounded && keepsRight
}

// symmetricJoin keeps the rows of both sides, as long as the times in its condition ask for.
func (b *builder) symmetricJoin(n *plan.Join, left, right *graph.Node) *graph.Node {
	spec := join.Spec{
		Type: n.Type, LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, Residual: n.On,
		Bound: plan.TimeBound(n),
	}
	name := strings.TrimSuffix(label(n, joinName(spec.Bound)+"("), ")") + ", " + keepsText(n, spec.Bound) + ")"
	if len(n.LeftKeys) > 0 {
		return b.job.Add(join.KindSymmetric, name, spec, n.Out,
			edge(left, graph.Hash, spec.LeftKeys...), edge(right, graph.Hash, spec.RightKeys...))
	}
	// Every pair is a candidate: one subtask compares them all.
	node := b.job.Add(join.KindSymmetric, name, spec, n.Out, gather(left), gather(right))
	node.Parallelism = 1
	return node
}

func joinName(bound *join.TimeBound) string {
	switch {
	case bound == nil || bound.Low == nil || bound.High == nil:
		return "SymmetricJoin"
	case *bound.Low == *bound.High:
		return "WindowJoin"
	}
	return "IntervalJoin"
}

// keepsText says how long a symmetric join keeps rows.
func keepsText(n *plan.Join, bound *join.TimeBound) string {
	left, right := "for good", "for good"
	if bound != nil && bound.Low != nil {
		left = until(n.Left, bound.Left, bound.RightBehind-*bound.Low)
	}
	if bound != nil && bound.High != nil {
		right = until(n.Right, bound.Right, bound.LeftBehind+*bound.High)
	}
	if left == "for good" && right == left {
		return "keeps rows for good"
	}
	return fmt.Sprintf("keeps left %s, right %s", left, right)
}

// until names the time that the watermark must pass.
func until(n plan.Node, column int, after int64) string {
	text := "until " + n.Schema().Fields[column].Name
	if after == 0 {
		return text
	}
	sign := "+"
	if after < 0 {
		sign, after = "-", -after
	}
	return fmt.Sprintf("%s %s %s", text, sign, time.Duration(after)*time.Microsecond)
}
