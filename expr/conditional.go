package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

func conditionalFunctions() []*function {
	bindUnified := func(args []*Expr) ([]*Expr, columnar.Type, error) {
		args, t, err := unify(args)
		return args, t.Nullable(), err
	}
	bindCoalesce := func(args []*Expr) ([]*Expr, columnar.Type, error) {
		args, t, err := bindUnified(args)
		for _, a := range args {
			t.NotNull = t.NotNull || a.Type.NotNull
		}
		return args, t, err
	}
	return []*function{
		{name: "COALESCE", min: 1, max: -1, exact: true, bind: bindCoalesce, compile: compileCoalesce},
		{name: "IFNULL", min: 2, max: 2, exact: true, bind: bindCoalesce, compile: compileCoalesce},
		{
			name: "NULLIF", min: 2, max: 2, exact: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				t := args[0].Type.Nullable()
				if _, err := NewCall("=", args...); err != nil {
					return nil, t, err
				}
				return args, t, nil
			},
			compile: func(c *compiler, e *Expr) (node, error) {
				eq, err := NewCall("=", e.Args...)
				if err != nil {
					return nil, err
				}
				return c.compile(&Expr{Op: Case, Type: e.Type, Args: []*Expr{eq, Null(e.Type), e.Args[0]}})
			},
		},
		{
			name: "IF", min: 3, max: 3, exact: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				e, err := NewCase(args...)
				if err != nil {
					return nil, columnar.Type{}, err
				}
				return e.Args, e.Type, nil
			},
			compile: func(c *compiler, e *Expr) (node, error) { return c.compileCase(e) },
		},
		extremum("GREATEST", ">"),
		extremum("LEAST", "<"),
	}
}

// extremum is GREATEST or LEAST; null if any argument is, as in Flink.
func extremum(name, op string) *function {
	return &function{
		name: name, min: 1, max: -1,
		bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
			args, t, err := unify(args)
			if err == nil && t.IsNested() {
				err = fmt.Errorf("%s has no order", t.Nullable())
			}
			return args, t.Nullable(), err
		},
		compile: func(c *compiler, e *Expr) (node, error) {
			args, err := c.compileAll(e.Args)
			if err != nil {
				return nil, err
			}
			return &extremeNode{args: args, outcome: outcomeOf(op), out: columnar.NewVector(e.Type), parts: columnar.NewVector(e.Type)}, nil
		},
	}
}

// compileCoalesce compiles as CASE WHEN a IS NOT NULL THEN a ... ELSE last END.
func compileCoalesce(c *compiler, e *Expr) (node, error) {
	if len(e.Args) == 1 {
		return c.compile(e.Args[0])
	}
	var args []*Expr
	for _, a := range e.Args[:len(e.Args)-1] {
		cond, err := NewCall("IS NOT NULL", a)
		if err != nil {
			return nil, err
		}
		args = append(args, cond, a)
	}
	return c.compileCase(&Expr{Op: Case, Type: e.Type, Args: append(args, e.Args[len(e.Args)-1])})
}

// caseNode evaluates each branch only for the rows that take it and puts the parts together.
type caseNode struct {
	args  []node
	out   *columnar.Vector
	parts *columnar.Vector
	hits  [][]int32 // rows taken by each branch
	rest  [2][]int32
	pick  []int32 // row -> position in the concatenation of the parts
}

func (c *compiler) compileCase(e *Expr) (node, error) {
	if len(e.Args)%2 == 0 {
		return nil, fmt.Errorf("CASE with %d arguments", len(e.Args))
	}
	args, err := c.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	return &caseNode{args: args, out: columnar.NewVector(e.Type), parts: columnar.NewVector(e.Type), hits: make([][]int32, len(args)/2+1)}, nil
}

func (n *caseNode) release() {
	n.out.Release()
	n.parts.Release()
}

func (n *caseNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	rows := b.Len()
	parts := n.parts
	parts.Reset(0)
	n.pick = room(n.pick, rows)
	n.out.Reset(0)
	rest := sel
	none := false
	take := func(value node, hit []int32, all bool) error {
		if !all && len(hit) == 0 {
			return nil
		}
		v, err := value.eval(b, hit)
		if err != nil {
			return err
		}
		base := parts.Len()
		if all {
			parts.AppendRange(v, 0, rows)
			for i := range rows {
				n.pick[i] = int32(base + i)
			}
			return nil
		}
		parts.AppendRows(v, hit)
		for k, i := range hit {
			n.pick[i] = int32(base + k)
		}
		return nil
	}
	for i := 0; i+1 < len(n.args) && !none; i += 2 {
		hit, err := selectRows(n.args[i], b, rest, room(n.hits[i/2], rows))
		if err != nil {
			return nil, err
		}
		n.hits[i/2] = hit
		if err := take(n.args[i+1], hit, false); err != nil {
			return nil, err
		}
		k := i / 2 % 2
		n.rest[k] = columnar.Without(room(n.rest[k], rows), rest, hit, rows)
		rest = n.rest[k]
		none = len(rest) == 0
	}
	if !none {
		if err := take(n.args[len(n.args)-1], rest, rest == nil); err != nil {
			return nil, err
		}
	}
	n.finish(parts, sel, rows)
	return n.out, nil
}

// finish gathers the parts into row order; rows not asked for are null.
func (n *caseNode) finish(parts *columnar.Vector, sel []int32, rows int) {
	if sel != nil {
		live := n.pick[:rows]
		marked := make([]int32, rows)
		for i := range marked {
			marked[i] = -1
		}
		for _, i := range sel {
			marked[i] = live[i]
		}
		n.out.Gather(parts, marked)
		return
	}
	n.out.Gather(parts, n.pick[:rows])
}

// extremeNode is GREATEST or LEAST: the argument that beats the others, per row.
type extremeNode struct {
	args    []node
	outcome [3]bool // the results -1, 0 and 1 of a comparison with the best so far that beat it
	out     *columnar.Vector
	parts   *columnar.Vector // the arguments one after the other
	pick    []int32          // row -> position in parts; -1 is null
}

func (n *extremeNode) release() {
	n.out.Release()
	n.parts.Release()
}

func (n *extremeNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	rows, live := b.Len(), b.Len()
	if sel != nil {
		live = len(sel)
	}
	n.parts.Reset(0)
	n.out.Reset(0)
	n.pick = room(n.pick, rows)
	for i := range n.pick {
		n.pick[i] = -1
	}
	for k, a := range n.args {
		v, err := a.eval(b, sel)
		if err != nil {
			return nil, err
		}
		if sel == nil {
			n.parts.AppendRange(v, 0, rows)
		} else {
			n.parts.AppendRows(v, sel)
		}
		n.take(k, k*live, live, sel)
	}
	n.out.Gather(n.parts, n.pick)
	return n.out, nil
}

// take compares the live values of argument k, which begin at base, with the best ones so far.
func (n *extremeNode) take(k, base, live int, sel []int32) {
	for j := range live {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		switch at := int(n.pick[i]); {
		case n.parts.IsNull(base + j):
			n.pick[i] = -1
		case k == 0, at >= 0 && n.outcome[columnar.CompareValues(n.parts, base+j, n.parts, at)+1]:
			n.pick[i] = int32(base + j)
		}
	}
}
