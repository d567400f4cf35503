package plan

import (
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// Normalize makes rows of a table out of rows that are each the newest of its key, as a scan of a table
// of upserts has them; of a row that is taken back the key alone counts.
type Normalize struct {
	Input Node
	Keys  []int
}

// Schema is that of the input.
func (n *Normalize) Schema() *columnar.Schema { return n.Input.Schema() }

// Inputs is the one input.
func (n *Normalize) Inputs() []Node { return []Node{n.Input} }

// WithInputs is the same node over another input.
func (n *Normalize) WithInputs(in ...Node) Node {
	return &Normalize{Input: in[0], Keys: slices.Clone(n.Keys)}
}

func (n *Normalize) String() string {
	return "Normalize(key=[" + strings.Join(n.Schema().Project(n.Keys).Names(), ", ") + "])"
}
