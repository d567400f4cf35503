package plan

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// Correlate joins each row with the rows that Call, of a table function, makes of it; if Outer, a row of
// which there are none with nulls.
type Correlate struct {
	Input Node
	Call  *expr.Expr // its type is the ROW it makes
	Outer bool
	Out   *columnar.Schema
}

// NewCorrelate makes a join with a table function.
func NewCorrelate(input Node, call *expr.Expr, outer bool) *Correlate {
	out := &columnar.Schema{Fields: slices.Clone(input.Schema().Fields)}
	for _, f := range call.Type.Fields {
		f.Type.NotNull = f.Type.NotNull && !outer
		out.Fields = append(out.Fields, f)
	}
	return &Correlate{Input: input, Call: call, Outer: outer, Out: out}
}

// Schema has the columns of the input, then those of the function.
func (c *Correlate) Schema() *columnar.Schema { return c.Out }

// Inputs is the one input.
func (c *Correlate) Inputs() []Node { return []Node{c.Input} }

// WithInputs is the same join of another input.
func (c *Correlate) WithInputs(in ...Node) Node { return NewCorrelate(in[0], c.Call, c.Outer) }

func (c *Correlate) String() string {
	outer := ""
	if c.Outer {
		outer = "outer, "
	}
	return fmt.Sprintf("Correlate(%s%s)", outer, c.Call)
}
