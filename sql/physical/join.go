package physical

import (
	"strings"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/sql/plan"
)

// join hashes both sides by the keys. Without keys each subtask gets the whole right side, or,
// where rows of the right side may stay without a match, one subtask gets everything. A right side
// without end cannot be read first; such a join keeps the rows of both sides.
func (b *Builder) join(n *plan.Join, left, right *graph.Node) (*graph.Node, error) {
	l, r := plan.TraitsOf(n.Left), plan.TraitsOf(n.Right)
	keepsRight := n.Type == operators.Right || n.Type == operators.Full
	symmetric := r.Unbounded && n.Type == operators.Inner && len(n.LeftKeys) > 0
	if !symmetric && (r.Unbounded || l.Unbounded && keepsRight) {
		return nil, plan.Refuse(b.At, "unbounded-join", strings.ToUpper(string(n.Type)))
	}
	spec := operators.JoinSpec{Type: n.Type, LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, Residual: n.On}
	switch {
	case symmetric:
		return b.Job.Add(operators.KindSymmetric, label(n, "SymmetricJoin("), spec, n.Out,
			edge(left, graph.Hash, spec.LeftKeys...), edge(right, graph.Hash, spec.RightKeys...)), nil
	case len(n.LeftKeys) > 0:
		return b.Job.Add(operators.KindJoin, label(n, "HashJoin("), spec, n.Out,
			edge(left, graph.Hash, spec.LeftKeys...), edge(right, graph.Hash, spec.RightKeys...)), nil
	case keepsRight || left.Parallelism == 1 && right.Parallelism == 1:
		node := b.Job.Add(operators.KindJoin, label(n, "NestedLoopJoin("), spec, n.Out, gather(left), gather(right))
		node.Parallelism = 1
		return node, nil
	}
	node := b.Job.Add(operators.KindJoin, label(n, "NestedLoopJoin("), spec, n.Out, forward(left), edge(right, graph.Broadcast))
	node.Parallelism = left.Parallelism
	return node, nil
}
