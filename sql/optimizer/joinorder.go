package optimizer

import (
	"slices"

	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/plan"
)

// joinSet is a tree of inner joins taken apart: relations whose columns follow each other, and
// the conditions over all of them.
type joinSet struct {
	relations  []plan.Node
	base       []int // first column of each relation
	conditions []*expr.Expr
}

func (s *joinSet) flatten(n plan.Node, base int) int {
	switch n := n.(type) {
	case *plan.Join:
		if n.Type == join.Inner && len(n.LeftKeys) == 0 {
			middle := s.flatten(n.Left, base)
			end := s.flatten(n.Right, middle)
			s.conditions = append(s.conditions, shiftAll(conjuncts(n.On), base)...)
			return end
		}
	case *plan.Filter:
		if j, ok := n.Input.(*plan.Join); ok && j.Type == join.Inner && len(j.LeftKeys) == 0 {
			end := s.flatten(j, base)
			s.conditions = append(s.conditions, shiftAll(conjuncts(n.Predicate), base)...)
			return end
		}
	}
	s.relations = append(s.relations, n)
	s.base = append(s.base, base)
	return base + plan.Width(n)
}

// owner is the relation of a column.
func (s *joinSet) owner(column int) int {
	i, found := slices.BinarySearch(s.base, column)
	if !found {
		i--
	}
	return i
}

// members are the relations a condition reads, ascending.
func (s *joinSet) members(e *expr.Expr) []int {
	var list []int
	for _, c := range e.Columns() {
		list = append(list, s.owner(c))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// orderJoins joins the relations of a tree of inner joins left-deep: the largest first, since
// the left side is streamed and the right ones are held, then always the one that leaves the
// fewest rows, and products last.
func orderJoins(n *plan.Join, above []*expr.Expr) plan.Node {
	s := &joinSet{}
	width := s.flatten(n, 0)
	s.conditions = append(s.conditions, above...)
	s.conditions = append(s.conditions, s.implied()...)
	local := make([][]*expr.Expr, len(s.relations))
	var between, last []*expr.Expr
	for _, e := range s.conditions {
		m := s.members(e)
		switch {
		case !movable(e) || len(m) == 0:
			last = append(last, e)
		case len(m) == 1:
			local[m[0]] = append(local[m[0]], shift(e, -s.base[m[0]]))
		default:
			between = append(between, e)
		}
	}
	sizes := make([]float64, len(s.relations))
	for i, r := range s.relations {
		s.relations[i] = push(r, local[i])
		sizes[i] = rowsOf(s.relations[i])
	}
	order := s.order(sizes, between)
	node, position := s.joinUp(n, order, between, width)
	moved := mapAll(last, func(e *expr.Expr) *expr.Expr { return e.Remap(func(c int) int { return position[c] }) })
	node = filtered(node, moved)
	return restore(node, position, n)
}

// order is greedy; an unbounded relation comes first, since only the left side may be one.
func (s *joinSet) order(sizes []float64, between []*expr.Expr) []int {
	first := 0
	for i := range sizes {
		iu, fu := plan.TraitsOf(s.relations[i]).Unbounded, plan.TraitsOf(s.relations[first]).Unbounded
		if iu && !fu || iu == fu && sizes[i] > sizes[first] {
			first = i
		}
	}
	order := []int{first}
	rows := sizes[first]
	classes := s.classes(between)
	for len(order) < len(sizes) {
		best, bestRows, bestConnected := -1, 0.0, false
		for i := range sizes {
			if slices.Contains(order, i) {
				continue
			}
			keys := s.matches(i, order, between, classes)
			connected := keys > 0
			out := rows * sizes[i] / min(max(keys, 1), max(baseRows(s.relations[i]), rows, 1))
			if best < 0 || connected && !bestConnected || connected == bestConnected && out < bestRows {
				best, bestRows, bestConnected = i, out, connected
			}
		}
		order = append(order, best)
		rows = max(bestRows, 1)
	}
	return order
}

// matches guesses how many distinct keys join relation i to those already taken; 0 if nothing
// does, which makes the join a product.
func (s *joinSet) matches(i int, taken []int, between []*expr.Expr, classes map[int]class) float64 {
	product := 0.0
	seen := map[int]bool{}
	for _, e := range between {
		m := s.members(e)
		if !isCall(e, "=") || !slices.Contains(m, i) {
			continue
		}
		known := true
		for _, o := range m {
			known = known && (o == i || slices.Contains(taken, o))
		}
		c := classes[e.Columns()[0]]
		if !known || seen[c.id] {
			continue
		}
		seen[c.id] = true
		product = max(product, 1) * c.distinct
	}
	return product
}

// class is a group of columns that equalities connect, named by its first column. It has as many
// distinct values at most as its smallest table has rows.
type class struct {
	id       int
	distinct float64
}

func (s *joinSet) classes(between []*expr.Expr) map[int]class {
	of := map[int]class{}
	for changed := true; changed; {
		changed = false
		for _, e := range between {
			if !isCall(e, "=") {
				continue
			}
			columns := e.Columns()
			least := class{id: columns[0], distinct: -1}
			for _, c := range columns {
				if _, ok := of[c]; !ok {
					of[c] = class{id: c, distinct: max(baseRows(s.relations[s.owner(c)]), 1)}
				}
				least.id = min(least.id, of[c].id)
				if least.distinct < 0 || of[c].distinct < least.distinct {
					least.distinct = of[c].distinct
				}
			}
			for _, c := range columns {
				changed = changed || of[c] != least
				of[c] = least
			}
		}
	}
	return of
}

// joinUp joins in order and tells where each column of the original tree is.
func (s *joinSet) joinUp(_ *plan.Join, order []int, between []*expr.Expr, width int) (plan.Node, []int) {
	position := make([]int, width)
	for i := range position {
		position[i] = -1
	}
	place := func(relation, at int) {
		for c := range plan.Width(s.relations[relation]) {
			position[s.base[relation]+c] = at + c
		}
	}
	node := s.relations[order[0]]
	place(order[0], 0)
	used := make([]bool, len(between))
	for _, next := range order[1:] {
		place(next, plan.Width(node))
		var on []*expr.Expr
		for i, e := range between {
			if used[i] {
				continue
			}
			ready := true
			for _, c := range e.Columns() {
				ready = ready && position[c] >= 0
			}
			if ready {
				used[i] = true
				on = append(on, e.Remap(func(c int) int { return position[c] }))
			}
		}
		node = keyed(&plan.Join{Type: join.Inner}, node, s.relations[next], on)
	}
	return node, position
}

// restore puts columns back where the original tree had them.
func restore(node plan.Node, position []int, n *plan.Join) plan.Node {
	same := true
	exprs := make([]*expr.Expr, len(position))
	for i, p := range position {
		exprs[i] = plan.Col(node, p)
		same = same && p == i
	}
	if same {
		return node
	}
	return &plan.Project{Input: node, Exprs: exprs, Out: n.Out}
}

// implied are conditions on single relations that an OR over several implies: every branch says
// something of the relation, so one of these holds.
func (s *joinSet) implied() []*expr.Expr {
	var all []*expr.Expr
	for _, e := range s.conditions {
		if !isCall(e, "OR") || !movable(e) {
			continue
		}
		members := s.members(e)
		for _, m := range members {
			if len(members) == 1 {
				break
			}
			var branches []*expr.Expr
			for _, a := range e.Args {
				var own []*expr.Expr
				for _, c := range conjuncts(a) {
					if slices.Equal(s.members(c), []int{m}) {
						own = append(own, c)
					}
				}
				if len(own) > 0 {
					branches = append(branches, and(own))
				}
			}
			if len(branches) == len(e.Args) {
				all = append(all, or(branches))
			}
		}
	}
	return all
}
