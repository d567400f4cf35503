package plan

import "github.com/anabranch/anabranch/columnar"

// Materialize holds the rows of a relation until it ends and is made of those that are left then.
type Materialize struct{ Input Node }

// Schema is that of the input.
func (m *Materialize) Schema() *columnar.Schema { return m.Input.Schema() }

// Inputs is the one input.
func (m *Materialize) Inputs() []Node { return []Node{m.Input} }

// WithInputs is the same node over another input.
func (m *Materialize) WithInputs(in ...Node) Node { return &Materialize{Input: in[0]} }

func (m *Materialize) String() string { return "Materialize" }

// Endless is a plan that treats tables that end as if they did not. What needs the end of its input,
// or rows that stay, waits in a Materialize.
func Endless(n Node) Node {
	if s, ok := n.(*Scan); ok {
		c := *s
		c.Unbounded = true
		return &c
	}
	inputs := make([]Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		inputs[i] = Endless(in)
		t := TraitsOf(inputs[i])
		switch n.(type) {
		case *Sort, *Limit:
			if t.Unbounded {
				inputs[i] = &Materialize{inputs[i]}
			}
		case *Window, *WindowAggregate:
			if t.Changelog {
				inputs[i] = &Materialize{inputs[i]}
			}
		}
	}
	if len(inputs) == 0 {
		return n
	}
	return n.WithInputs(inputs...)
}
