package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Union passes the rows of all its inputs on.
type Union struct{}

var _ dataflow.Operator = Union{}

// Process emits b.
func (Union) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, out.Emit(b)
}

// Close does nothing.
func (Union) Close() error { return nil }
