package operators

import (
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
)

// New makes the operator of a node of this package that has inputs; known is false if the kind
// is not one of its.
func New(n *graph.Node) (op dataflow.Operator, known bool, err error) {
	switch n.Kind {
	case KindFilter:
		op, err = decode(n, func(s FilterSpec) dataflow.Operator { return NewFilter(s) })
	case KindProject:
		op, err = decode(n, func(s ProjectSpec) dataflow.Operator { return NewProject(s) })
	case KindAggregate:
		op, err = decode(n, func(s AggregateSpec) dataflow.Operator {
			if s.Phase == Changelog {
				return NewChangelogAggregate(s)
			}
			return NewAggregate(s)
		})
	case KindJoin:
		op, err = decode(n, func(s JoinSpec) dataflow.Operator { return NewHashJoin(s) })
	case KindSymmetric:
		op, err = decode(n, func(s JoinSpec) dataflow.Operator { return NewSymmetricJoin(s) })
	case KindSort:
		op, err = decode(n, func(s SortSpec) dataflow.Operator { return NewSort(s) })
	case KindLimit:
		op, err = decode(n, func(s LimitSpec) dataflow.Operator { return NewLimit(s) })
	case KindRank:
		op, err = decode(n, func(s RankSpec) dataflow.Operator { return NewRank(s) })
	case KindDedup:
		op, err = decode(n, func(s DeduplicateSpec) dataflow.Operator { return NewDeduplicate(s) })
	case KindNumber:
		op, err = decode(n, func(s NumberSpec) dataflow.Operator { return NewNumber(s) })
	case KindRepeat:
		op = &Repeat{}
	case KindUnion:
		op = Union{}
	case KindCorrelate:
		op, err = decode(n, func(s CorrelateSpec) dataflow.Operator { return NewCorrelate(s) })
	case KindMaterial:
		op = &Materialize{}
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
