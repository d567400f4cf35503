package plan

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/operators/order"
)

// Traits are what a relation promises beyond its columns.
type Traits struct {
	// Unbounded relations never end.
	Unbounded bool
	// Changelog relations take rows back; the others only append.
	Changelog bool
	// Time are the columns that are event times, which the watermark bounds; ascending.
	Time []int
	// Processing are the columns that are processing times, ascending: they tell when a row is met, so rows
	// come in their order.
	Processing []int
	// Rising are the columns that rise with the watermark, ascending.
	Rising []Rising
}

// Rising says that no later row has a value in the column more than Behind microseconds below the
// watermark.
type Rising struct {
	Column int
	Behind int64
	// Base, where it is not nil, is a time that the column lies exactly Behind microseconds before;
	// so columns of one base are constants apart.
	Base *int
	// Closes, for columns of windows, is how long after a value the watermark says that no later row has it, in
	// microseconds; nil for others, which have too many values to wait for each.
	Closes *int64
}

// TraitsOf derives the traits of n from those of its inputs.
func TraitsOf(n Node) Traits {
	var t Traits
	inputs := make([]Traits, len(n.Inputs()))
	for i, in := range n.Inputs() {
		inputs[i] = TraitsOf(in)
		t.Unbounded = t.Unbounded || inputs[i].Unbounded
		t.Changelog = t.Changelog || inputs[i].Changelog
	}
	switch n := n.(type) {
	case *Scan:
		t.Unbounded = n.Unbounded
		if n.TimeColumn >= 0 {
			t.Time = []int{n.TimeColumn}
			t.Rising = []Rising{{Column: n.TimeColumn, Base: new(int)}}
		}
		t.Processing = processing(n.Project, nil)
	case *Values:
		t.Unbounded = n.Unbounded
	case *External:
		t.Unbounded = n.Unbounded
		if n.TimeColumn >= 0 {
			t.Time = []int{n.TimeColumn}
			t.Rising = []Rising{{Column: n.TimeColumn, Base: new(int)}}
		}
	case *Project:
		t.project(n, inputs[0])
	case *Window:
		t.Time, t.Rising, t.Processing = inputs[0].Time, inputs[0].Rising, inputs[0].Processing
		if !slices.Contains(t.Time, n.TimeColumn) {
			break // the watermark knows nothing of its windows
		}
		t.Time = append(slices.Clone(inputs[0].Time), Width(n)-1)
		t.Rising = append(slices.Clone(inputs[0].Rising), windowRising(n, n.Window.Size)...)
	case *WindowAggregate:
		if !slices.Contains(inputs[0].Time, n.TimeColumn) {
			break
		}
		t.Time = []int{Width(n) - 1}
		t.Rising = append(keyRising(n, inputs[0]), windowRising(n, n.Window.Size)...)
	case *Aggregate:
		// Without calls a group's row never changes.
		t.Changelog = t.Changelog || t.Unbounded && len(n.Calls) > 0
	case *Rank:
		if keep, ok := Arrival(n); ok && keep == order.First && t.Unbounded {
			// Rows pass on as they come or not at all.
			t.Time, t.Rising, t.Processing = inputs[0].Time, inputs[0].Rising, inputs[0].Processing
			break
		}
		if c, ok := closing(n, inputs[0]); ok {
			t.closed(c, inputs[0])
			break
		}
		t.Changelog = t.Unbounded
	case *Normalize:
		t.Changelog, t.Processing = t.Unbounded, inputs[0].Processing
	case *Sort:
		t.Changelog = t.Unbounded // only the first rows are wanted
	case *Join:
		t.join(n, inputs[0], inputs[1])
	case *Union:
		t.union(inputs)
	case *Materialize:
		t.Unbounded, t.Changelog, t.Processing = false, false, inputs[0].Processing
	case *Filter, *Limit, *Correlate:
		t.Time, t.Rising, t.Processing = inputs[0].Time, inputs[0].Rising, inputs[0].Processing
	}
	return t
}

func (t *Traits) project(n *Project, in Traits) {
	t.Processing = processing(n.Exprs, in.Processing)
	for i, e := range n.Exprs {
		if e.Op == expr.Column && slices.Contains(in.Time, e.Index) {
			t.Time = append(t.Time, i)
		}
		column, ahead, ok := shifted(e)
		if !ok {
			continue
		}
		if r, ok := in.rising(column); ok {
			t.Rising = append(t.Rising, r.shift(i, ahead))
		}
	}
}

// shift is what r says of a column that lies a time ahead of its own.
func (r Rising) shift(column int, ahead int64) Rising {
	r.Column, r.Behind = column, r.Behind-ahead
	if r.Closes != nil {
		r.Closes = new(*r.Closes - ahead)
	}
	return r
}

func (t *Traits) rising(column int) (Rising, bool) {
	for _, r := range t.Rising {
		if r.Column == column {
			return r, true
		}
	}
	return Rising{}, false
}

// windowRising are the last three columns of n, a window's start, end and time.
func windowRising(n Node, size int64) []Rising {
	end, base := Width(n)-2, new(int)
	start, last := Rising{Column: end - 1, Behind: size, Base: base}, Rising{Column: end + 1, Behind: 1}
	// The last unit of a window is a whole number of microseconds before its end, or nanoseconds.
	if per := columnar.UnitsPerSecond(n.Schema().Fields[end].Type.Precision); per <= 1_000_000 {
		last.Behind, last.Base = 1_000_000/per, base
	}
	list := []Rising{start, {Column: end, Base: base}, last}
	for i := range list {
		// Later rows are later than the watermark, and a window ends behind its last row.
		closes := list[i].Behind - 1
		list[i].Closes = &closes
	}
	return list
}

// keyRising are the keys of n that are constants apart from its time column. That lies within the
// window, so such a key rises like the window's start.
func keyRising(n *WindowAggregate, in Traits) (list []Rising) {
	time, ok := in.rising(n.TimeColumn)
	base := new(int)
	for i, k := range n.Keys {
		if ahead, apart := in.apart(k, time); ok && apart {
			list = append(list, Rising{Column: i, Behind: n.Window.Size + ahead, Base: base})
		}
	}
	return list
}

func (t *Traits) union(inputs []Traits) {
	t.Time = inAll(inputs, func(in Traits) []int { return in.Time })
	t.Processing = inAll(inputs, func(in Traits) []int { return in.Processing })
	for _, r := range inputs[0].Rising {
		all := true
		for _, in := range inputs[1:] {
			other, ok := in.rising(r.Column)
			all = all && ok
			r.Behind = max(r.Behind, other.Behind)
			if r.Closes != nil && other.Closes != nil {
				r.Closes = new(max(*r.Closes, *other.Closes))
			} else {
				r.Closes = nil
			}
		}
		if r.Base = nil; all {
			t.Rising = append(t.Rising, r)
		}
	}
}

// inAll are the columns that all inputs list.
func inAll(inputs []Traits, columns func(Traits) []int) []int {
	return slices.DeleteFunc(slices.Clone(columns(inputs[0])), func(c int) bool {
		return slices.ContainsFunc(inputs, func(in Traits) bool { return !slices.Contains(columns(in), c) })
	})
}

// join: a regular join may emit a row long after its time, so the times are times no more; one with
// a bound on the times holds the watermark back. A right side that ends is known as a whole before
// a left row is, so that none is taken back.
func (t *Traits) join(n *Join, left, right Traits) {
	keepsRight := n.Type == join.Right || n.Type == join.Full
	bound := timeBound(n, left, right)
	if bound == nil {
		t.Changelog = t.Changelog || right.Unbounded && n.Type != join.Inner && n.Type != join.Semi || t.Unbounded && keepsRight
		return
	}
	if _, ok := bound.Hold(); !ok {
		return
	}
	keepsLeft := n.Type == join.Left || n.Type == join.Full
	if !keepsRight {
		t.kept(left, bound.Left, bound.Slack, 0)
	}
	if !keepsLeft && !n.LeftOnly() {
		t.kept(right, bound.Right, bound.Slack, Width(n.Left))
	}
}

// kept adds the times of a side of a bounded join: of its columns those that are constants apart from
// the bound one.
func (t *Traits) kept(in Traits, column int, slack int64, shift int) {
	of, _ := in.rising(column)
	base := new(int)
	for _, r := range in.Rising {
		if r.Column != column && (r.Base == nil || r.Base != of.Base) {
			continue
		}
		behind := r.Behind - of.Behind - slack
		kept := Rising{Column: r.Column + shift, Behind: behind, Base: base}
		if r.Closes != nil {
			kept.Closes = new(behind + 1)
		}
		t.Rising = append(t.Rising, kept)
		if slices.Contains(in.Time, r.Column) && behind <= 0 {
			t.Time = append(t.Time, r.Column+shift)
		}
	}
}
