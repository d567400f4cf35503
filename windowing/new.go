package windowing

import (
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
)

// New makes the operator of a node of this package; known is false if the kind is not one of
// its.
func New(n *graph.Node) (op dataflow.Operator, known bool, err error) {
	switch n.Kind {
	case KindAssign:
		var spec AssignSpec
		err = json.Unmarshal(n.Spec, &spec)
		op = NewAssign(spec)
	case KindAggregate:
		var spec AggregateSpec
		err = json.Unmarshal(n.Spec, &spec)
		op = NewAggregate(spec)
	default:
		return nil, false, nil
	}
	if err != nil {
		err = fmt.Errorf("spec of node %d (%s): %w", n.ID, n.Name, err)
	}
	return op, true, err
}
