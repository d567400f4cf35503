package plan

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
)

// Materialize holds the rows of a relation until it ends and is made of those that are left then.
type Materialize struct{ Input Node }

// Schema is that of the input.
func (m *Materialize) Schema() *columnar.Schema { return m.Input.Schema() }

// Inputs is the one input.
func (m *Materialize) Inputs() []Node { return []Node{m.Input} }

// WithInputs is the same node over another input.
func (m *Materialize) WithInputs(in ...Node) Node { return &Materialize{Input: in[0]} }

func (m *Materialize) String() string { return "Materialize" }

// Endless is a plan that treats tables, but for those of ending, and constant rows as if they had no end. What needs the end of its input,
// or rows that stay, waits in a Materialize.
func Endless(n Node, ending ...string) Node {
	switch n := n.(type) {
	case *Scan:
		c := *n
		c.Unbounded = !slices.Contains(ending, n.Table.Name)
		return &c
	case *Values:
		c := *n
		c.Unbounded = true
		return &c
	}
	inputs := make([]Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		if inputs[i] = Endless(in, ending...); waits(n, TraitsOf(inputs[i])) {
			inputs[i] = &Materialize{inputs[i]}
		}
	}
	if len(inputs) == 0 {
		return n
	}
	n = n.WithInputs(inputs...)
	if s, ok := n.(*Sort); ok && TraitsOf(s).Unbounded {
		// The first rows as they change, put in order at the end.
		return &Sort{Input: &Materialize{s}, Keys: s.Keys, Limit: s.Limit}
	}
	return n
}

// waits reports whether a node cannot do with an input of these traits.
func waits(n Node, input Traits) bool {
	switch n := n.(type) {
	case *Sort:
		return input.Unbounded && n.Limit == nil
	case *Rank:
		_, closes := closing(n, input)
		return input.Unbounded && n.To == 0 && !closes
	case *Limit:
		return input.Unbounded
	case *Window, *WindowAggregate:
		return input.Changelog
	}
	return false
}
