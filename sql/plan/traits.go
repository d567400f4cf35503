package plan

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators"
)

// Traits are what a relation promises beyond its columns.
type Traits struct {
	// Unbounded relations never end.
	Unbounded bool
	// Changelog relations take rows back; the others only append.
	Changelog bool
	// Time are the columns that are event times, which the watermark bounds; ascending.
	Time []int
}

// TraitsOf derives the traits of n from those of its inputs.
func TraitsOf(n Node) Traits {
	var t Traits
	var first Traits
	for i, in := range n.Inputs() {
		u := TraitsOf(in)
		t.Unbounded = t.Unbounded || u.Unbounded
		t.Changelog = t.Changelog || u.Changelog
		if i == 0 {
			first = u
		} else if _, ok := n.(*Union); ok {
			first.Time = slices.DeleteFunc(slices.Clone(first.Time), func(c int) bool { return !slices.Contains(u.Time, c) })
		}
	}
	switch n := n.(type) {
	case *Scan:
		t.Unbounded = n.Unbounded
		if n.TimeColumn >= 0 {
			t.Time = []int{n.TimeColumn}
		}
	case *Project:
		for i, e := range n.Exprs {
			if e.Op == expr.Column && slices.Contains(first.Time, e.Index) {
				t.Time = append(t.Time, i)
			}
		}
	case *Window:
		t.Time = append(slices.Clone(first.Time), Width(n)-1)
	case *WindowAggregate:
		t.Time = []int{Width(n) - 1}
	case *Aggregate:
		// Without calls a group's row never changes.
		t.Changelog = t.Changelog || t.Unbounded && len(n.Calls) > 0
	case *Join:
		// A regular join may emit a row long after its time, so the times are times no more.
		// A right side that ends is known as a whole before a left row is, so that none is taken back.
		right := TraitsOf(n.Right).Unbounded
		keepsRight := n.Type == operators.Right || n.Type == operators.Full
		t.Changelog = t.Changelog || right && n.Type != operators.Inner && n.Type != operators.Semi || t.Unbounded && keepsRight
	case *Filter, *Union, *Limit:
		t.Time = first.Time
	}
	return t
}
