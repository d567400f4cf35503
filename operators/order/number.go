package order

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Number numbers the rows of its one subtask as they come.
type Number struct {
	next   int64
	number *columnar.Vector
	out    columnar.Batch
}

var _ dataflow.Operator = (*Number)(nil)

// NewNumber makes the operator of spec.
func NewNumber(spec NumberSpec) *Number {
	return &Number{next: spec.From, number: columnar.NewVector(columnar.TypeBigInt.Required())}
}

// Open remembers the schema.
func (n *Number) Open(ctx *dataflow.Context) error {
	n.out.Schema = ctx.Output
	return nil
}

// Process passes b on with a last column of numbers.
func (n *Number) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	n.number.Reset(b.Len())
	numbers := columnar.Values[int64](n.number)
	for k := range b.Live() {
		numbers[b.Row(k)] = n.next
		n.next++
	}
	n.out.Cols = append(append(n.out.Cols[:0], b.Cols...), n.number)
	n.out.Sel = b.Sel
	n.out.SetLen(b.Len())
	return dataflow.Done, out.Emit(&n.out)
}

// Close frees the numbers.
func (n *Number) Close() error {
	n.number.Release()
	return nil
}
