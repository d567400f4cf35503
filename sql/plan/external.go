package plan

import "github.com/anabranch/anabranch/columnar"

// External is the rows of a stream of the Go program that has the session.
type External struct {
	Name string
	Out  *columnar.Schema
	// Unbounded streams never end.
	Unbounded bool
	// TimeColumn is the column that is the rows' event time, -1 for none.
	TimeColumn int
	// Sole streams have one subtask.
	Sole bool
}

// Schema is the output schema.
func (e *External) Schema() *columnar.Schema { return e.Out }

// Inputs are none.
func (e *External) Inputs() []Node { return nil }

// WithInputs is the node itself.
func (e *External) WithInputs(...Node) Node { return e }

func (e *External) String() string { return "Stream(" + e.Name + ")" }
