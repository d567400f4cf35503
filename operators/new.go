package operators

import (
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators/group"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/operators/order"
)

// New makes the operator of a node that turns rows into rows, but for windows; known is false if the kind
// is not one of its.
func New(n *graph.Node) (op dataflow.Operator, known bool, err error) {
	switch n.Kind {
	case KindFilter:
		op, err = decode(n, func(s FilterSpec) dataflow.Operator { return NewFilter(s) })
	case KindProject:
		op, err = decode(n, func(s ProjectSpec) dataflow.Operator { return NewProject(s) })
	case group.Kind:
		op, err = decode(n, func(s group.Spec) dataflow.Operator {
			if s.Phase == group.Changelog {
				return group.NewChangelogAggregate(s)
			}
			return group.NewAggregate(s)
		})
	case join.KindHash:
		op, err = decode(n, func(s join.Spec) dataflow.Operator { return join.NewHash(s) })
	case join.KindSymmetric:
		op, err = decode(n, func(s join.Spec) dataflow.Operator { return join.NewSymmetric(s) })
	case order.KindSort:
		op, err = decode(n, func(s order.SortSpec) dataflow.Operator { return order.NewSort(s) })
	case order.KindLimit:
		op, err = decode(n, func(s order.LimitSpec) dataflow.Operator { return order.NewLimit(s) })
	case order.KindRank:
		op, err = decode(n, func(s order.RankSpec) dataflow.Operator {
			if s.Closing != nil {
				return order.NewWindowRank(s)
			}
			return order.NewRank(s)
		})
	case order.KindDeduplicate:
		op, err = decode(n, func(s order.DeduplicateSpec) dataflow.Operator { return order.NewDeduplicate(s) })
	case order.KindNumber:
		op, err = decode(n, func(s order.NumberSpec) dataflow.Operator { return order.NewNumber(s) })
	case KindRepeat:
		op = &Repeat{}
	case KindUnion:
		op = Union{}
	case KindCorrelate:
		op, err = decode(n, func(s CorrelateSpec) dataflow.Operator { return NewCorrelate(s) })
	case order.KindMaterialize:
		op = &order.Materialize{}
	default:
		return nil, false, nil
	}
	return op, true, err
}

func decode[S any](n *graph.Node, build func(S) dataflow.Operator) (dataflow.Operator, error) {
	var spec S
	if err := json.Unmarshal(n.Spec, &spec); err != nil {
		return nil, fmt.Errorf("spec of node %d (%s): %w", n.ID, n.Name, err)
	}
	return build(spec), nil
}
