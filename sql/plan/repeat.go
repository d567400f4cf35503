package plan

import "github.com/anabranch/anabranch/columnar"

// Repeat has each row as often as its last column says, which is a BIGINT and is left out.
type Repeat struct{ Input Node }

// Schema is that of the input without its last column.
func (r *Repeat) Schema() *columnar.Schema {
	fields := r.Input.Schema().Fields
	return &columnar.Schema{Fields: fields[:len(fields)-1]}
}

// Inputs is the one input.
func (r *Repeat) Inputs() []Node { return []Node{r.Input} }

// WithInputs is the same node over another input.
func (r *Repeat) WithInputs(in ...Node) Node { return &Repeat{Input: in[0]} }

func (r *Repeat) String() string {
	fields := r.Input.Schema().Fields
	return "Repeat(" + fields[len(fields)-1].Name + ")"
}
