package optimizer

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// prune takes out the columns nobody reads, down to what the scans ask of their sources.
func prune(n plan.Node) plan.Node {
	need := make([]bool, plan.Width(n))
	for i := range need {
		need[i] = true
	}
	pruned, at := pruneNode(n, need)
	return exactly(pruned, n.Schema(), at, need)
}

// exactly projects a pruned node to the wanted columns in their order.
func exactly(n plan.Node, was *columnar.Schema, at []int, need []bool) plan.Node {
	p := &plan.Project{Input: n, Out: &columnar.Schema{}}
	for i, wanted := range need {
		if !wanted {
			continue
		}
		p.Exprs = append(p.Exprs, plan.Col(n, at[i]))
		p.Out.Fields = append(p.Out.Fields, was.Fields[i])
	}
	if isIdentity(p) {
		return n
	}
	return p
}

// wants is the columns in need and those of expressions.
func wants(need []bool, exprs ...*expr.Expr) []bool {
	need = slices.Clone(need)
	for _, e := range exprs {
		if e == nil {
			continue
		}
		for _, c := range e.Columns() {
			need[c] = true
		}
	}
	return need
}

func remap(e *expr.Expr, at []int) *expr.Expr {
	if e == nil {
		return nil
	}
	return e.Remap(func(c int) int { return at[c] })
}

func moveAll(columns, at []int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = at[c]
	}
	return out
}

func identity(n int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	return at
}

// pruneNode is n with at least the needed columns and where each of its columns went, -1 for
// those that are gone.
func pruneNode(n plan.Node, need []bool) (plan.Node, []int) {
	switch n := n.(type) {
	case *plan.Scan:
		return pruneScan(n, need)
	case *plan.Filter:
		in, at := pruneNode(n.Input, wants(need, n.Predicate))
		return &plan.Filter{Input: in, Predicate: remap(n.Predicate, at)}, at
	case *plan.Project:
		return pruneProject(n, need)
	case *plan.Sort:
		need = slices.Clone(need)
		for _, k := range n.Keys {
			need[k.Column] = true
		}
		in, at := pruneNode(n.Input, need)
		c := *n
		c.Input, c.Keys = in, slices.Clone(n.Keys)
		for i := range c.Keys {
			c.Keys[i].Column = at[c.Keys[i].Column]
		}
		return &c, at
	case *plan.Limit:
		in, at := pruneNode(n.Input, need)
		return n.WithInputs(in), at
	case *plan.Rank:
		return pruneRank(n, need)
	case *plan.Normalize:
		need = slices.Clone(need)
		for _, k := range n.Keys {
			need[k] = true
		}
		in, at := pruneNode(n.Input, need)
		return &plan.Normalize{Input: in, Keys: moveAll(n.Keys, at)}, at
	case *plan.Repeat:
		return pruneRepeat(n), identity(plan.Width(n))
	case *plan.Correlate:
		return pruneCorrelate(n, need)
	case *plan.Union:
		return pruneUnion(n, need)
	case *plan.Join:
		return pruneJoin(n, need)
	case *plan.Aggregate, *plan.Window, *plan.WindowAggregate:
		return pruneGroups(n, need)
	}
	return n, identity(plan.Width(n))
}

// pruneScan keeps one column at least, and those the watermark needs while somebody may wait
// for it.
func pruneScan(n *plan.Scan, need []bool) (plan.Node, []int) {
	c := *n
	if n.Watermark != nil {
		if n.Unbounded || need[n.TimeColumn] {
			need = wants(need, n.Watermark)
			need[n.TimeColumn] = true
		} else {
			c.Watermark, c.TimeColumn = nil, -1
		}
	}
	if !slices.Contains(need, true) {
		need = slices.Clone(need)
		need[cheapest(n.Out)] = true
	}
	at := positions(need)
	exprs := n.Project
	if exprs == nil {
		exprs = mapAll(identityExprs(n), func(e *expr.Expr) *expr.Expr { return e })
	}
	c.Out = &columnar.Schema{}
	var kept []*expr.Expr
	read := make([]bool, len(n.Columns))
	for i, e := range exprs {
		if need[i] {
			kept = append(kept, e)
			c.Out.Fields = append(c.Out.Fields, n.Out.Fields[i])
			read = wants(read, e)
		}
	}
	if !slices.Contains(read, true) {
		read[0] = true
	}
	readAt := positions(read)
	c.Columns, c.Project = nil, nil
	for i, column := range n.Columns {
		if read[i] {
			c.Columns = append(c.Columns, column)
		}
	}
	plain := len(kept) == len(c.Columns)
	for i, e := range kept {
		kept[i] = remap(e, readAt)
		plain = plain && e.Op == expr.Column && kept[i].Index == i
	}
	if !plain {
		c.Project = kept
	}
	if c.Watermark != nil {
		c.Watermark, c.TimeColumn = remap(c.Watermark, at), at[c.TimeColumn]
	}
	return &c, at
}

func identityExprs(n *plan.Scan) []*expr.Expr {
	exprs := make([]*expr.Expr, len(n.Columns))
	for i, f := range n.Out.Fields {
		exprs[i] = expr.Col(i, f.Name, f.Type)
	}
	return exprs
}

// cheapest is a column of fixed width where there is one.
func cheapest(s *columnar.Schema) int {
	best, width := 0, 1<<10
	for i, f := range s.Fields {
		if w := f.Type.Physical().Width(); w > 0 && w < width && f.Type.Physical() != columnar.PhysView && !f.Type.IsNested() {
			best, width = i, w
		}
	}
	return best
}

// positions numbers the needed columns.
func positions(need []bool) []int {
	at, next := make([]int, len(need)), 0
	for i, wanted := range need {
		at[i] = -1
		if wanted {
			at[i] = next
			next++
		}
	}
	return at
}

// pruneRank keeps what partitions and orders rows.
func pruneRank(n *plan.Rank, need []bool) (plan.Node, []int) {
	width := plan.Width(n.Input)
	below := slices.Clone(need[:width])
	for _, c := range n.Partition {
		below[c] = true
	}
	for _, k := range n.Keys {
		below[k.Column] = true
	}
	in, at := pruneNode(n.Input, below)
	c := *n
	c.Input, c.Partition, c.Keys = in, moveAll(n.Partition, at), slices.Clone(n.Keys)
	for i := range c.Keys {
		c.Keys[i].Column = at[c.Keys[i].Column]
	}
	if n.Number {
		if c.Number = need[width]; c.Number {
			return &c, append(slices.Clone(at), plan.Width(in))
		}
		return &c, append(slices.Clone(at), -1)
	}
	return &c, at
}

// pruneRepeat prunes below; the node itself needs its columns to tell rows apart.
func pruneRepeat(n *plan.Repeat) plan.Node {
	all := make([]bool, plan.Width(n.Input))
	for i := range all {
		all[i] = true
	}
	in, at := pruneNode(n.Input, all)
	return &plan.Repeat{Input: exactly(in, n.Input.Schema(), at, all)}
}

// pruneCorrelate keeps what the function takes, and all it makes.
func pruneCorrelate(n *plan.Correlate, need []bool) (plan.Node, []int) {
	width := plan.Width(n.Input)
	in, at := pruneNode(n.Input, wants(need[:width], n.Call.Args...))
	call := *n.Call
	call.Args = mapAll(call.Args, func(e *expr.Expr) *expr.Expr { return remap(e, at) })
	at = slices.Clone(at)
	for i := range call.Type.Fields {
		at = append(at, plan.Width(in)+i)
	}
	return plan.NewCorrelate(in, &call, n.Outer), at
}

func pruneProject(n *plan.Project, need []bool) (plan.Node, []int) {
	if !slices.Contains(need, true) {
		need = slices.Clone(need)
		need[cheapest(n.Out)] = true
	}
	out := &plan.Project{Out: &columnar.Schema{}}
	below := make([]bool, plan.Width(n.Input))
	for i, e := range n.Exprs {
		if need[i] {
			out.Exprs = append(out.Exprs, e)
			out.Out.Fields = append(out.Out.Fields, n.Out.Fields[i])
			below = wants(below, e)
		}
	}
	in, at := pruneNode(n.Input, below)
	out.Input = in
	out.Exprs = mapAll(out.Exprs, func(e *expr.Expr) *expr.Expr { return remap(e, at) })
	return out, positions(need)
}

func pruneUnion(n *plan.Union, need []bool) (plan.Node, []int) {
	if !slices.Contains(need, true) {
		need = slices.Clone(need)
		need[cheapest(n.Out)] = true
	}
	inputs := make([]plan.Node, len(n.All))
	for i, in := range n.All {
		pruned, at := pruneNode(in, need)
		inputs[i] = exactly(pruned, in.Schema(), at, need)
	}
	return plan.NewUnion(inputs...), positions(need)
}

func pruneJoin(n *plan.Join, need []bool) (plan.Node, []int) {
	lw, rw := plan.Width(n.Left), plan.Width(n.Right)
	all := make([]bool, lw+rw)
	copy(all, need)
	all = wants(all, n.On)
	for i, k := range n.LeftKeys {
		all[k], all[lw+n.RightKeys[i]] = true, true
	}
	left, la := pruneNode(n.Left, all[:lw])
	right, ra := pruneNode(n.Right, all[lw:])
	base := plan.Width(left)
	at := slices.Clone(la)
	for _, p := range ra {
		if p >= 0 {
			p += base
		}
		at = append(at, p)
	}
	j := plan.NewJoin(n.Type, left, right, remap(n.On, at))
	j.LeftKeys, j.RightKeys = moveAll(n.LeftKeys, la), moveAll(n.RightKeys, ra)
	return j, at[:plan.Width(n)]
}

// pruneGroups prunes aggregations and window assignments: keys and windows stay, calls go.
func pruneGroups(n plan.Node, need []bool) (plan.Node, []int) {
	input := n.Inputs()[0]
	below := make([]bool, plan.Width(input))
	switch n := n.(type) {
	case *plan.Window:
		copy(below, need)
		below[n.TimeColumn] = true
		in, at := pruneNode(input, below)
		base := plan.Width(in)
		return plan.NewWindow(in, n.Window, at[n.TimeColumn]), append(slices.Clone(at), base, base+1, base+2)
	case *plan.Aggregate:
		calls, callAt := pruneCalls(n.Calls, need[len(n.Keys):], len(n.Keys) == 0)
		in, at := pruneNode(input, callColumns(below, n.Keys, calls))
		out := append(identity(len(n.Keys)), offset(callAt, len(n.Keys))...)
		agg := plan.NewAggregate(in, moveAll(n.Keys, at), moveCalls(calls, at))
		return agg, out
	case *plan.WindowAggregate:
		k := len(n.Keys)
		calls, callAt := pruneCalls(n.Calls, need[k:k+len(n.Calls)], false)
		below[n.TimeColumn] = true
		in, at := pruneNode(input, callColumns(below, n.Keys, calls))
		base := k + len(calls)
		out := append(identity(k), offset(callAt, k)...)
		out = append(out, base, base+1, base+2)
		return plan.NewWindowAggregate(in, n.Window, at[n.TimeColumn], moveAll(n.Keys, at), moveCalls(calls, at)), out
	}
	return n, identity(plan.Width(n))
}

func pruneCalls(calls []*expr.Aggregate, need []bool, atLeastOne bool) (kept []*expr.Aggregate, at []int) {
	need = slices.Clone(need)
	if atLeastOne && !slices.Contains(need, true) && len(need) > 0 {
		need[0] = true
	}
	for i, c := range calls {
		if need[i] {
			kept = append(kept, c)
		}
	}
	return kept, positions(need)
}

func callColumns(below []bool, keys []int, calls []*expr.Aggregate) []bool {
	for _, k := range keys {
		below[k] = true
	}
	for _, c := range calls {
		below = wants(below, append(slices.Clone(c.Args), c.Filter)...)
	}
	return below
}

func moveCalls(calls []*expr.Aggregate, at []int) []*expr.Aggregate {
	return mapCalls(calls, func(e *expr.Expr) *expr.Expr { return remap(e, at) })
}

func offset(at []int, by int) []int {
	out := make([]int, len(at))
	for i, p := range at {
		out[i] = p
		if p >= 0 {
			out[i] = p + by
		}
	}
	return out
}
