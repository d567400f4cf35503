package expr

import (
	"github.com/anabranch/anabranch/columnar"
)

func isBoolean(t columnar.Type) bool { return t.Kind == columnar.Boolean }

func logicFunctions() []*function {
	toBoolean := argsOf("BOOLEAN", isBoolean, fixed(columnar.TypeBoolean))
	bind := func(args []*Expr) ([]*Expr, columnar.Type, error) {
		args, t, err := toBoolean(args)
		if err == nil {
			err = castAll(args, columnar.TypeBoolean)
		}
		return args, t, err
	}
	test := func(name string, null, value, anyType bool) *function {
		f := &function{name: name, postfix: true, min: 1, max: 1, exact: true}
		f.bind = func(args []*Expr) ([]*Expr, columnar.Type, error) {
			if !anyType {
				if _, _, err := bind(args); err != nil {
					return nil, columnar.TypeBoolean, err
				}
			}
			return args, columnar.TypeBoolean.Required(), nil
		}
		f.compile = func(c *compiler, e *Expr) (node, error) { return compileTest(c, e, null, value, anyType) }
		return f
	}
	negated := func(name, of string) *function {
		f := &function{name: name, postfix: true, min: 1, max: 1, exact: true}
		f.bind = func(args []*Expr) ([]*Expr, columnar.Type, error) {
			call, err := NewCall(of, args...)
			return []*Expr{call}, columnar.TypeBoolean.Required(), err
		}
		f.compile = compileNot
		return f
	}
	return []*function{
		{name: "AND", infix: true, min: 2, max: -1, bind: bind, compile: compileJunction(true)},
		{name: "OR", infix: true, min: 2, max: -1, bind: bind, compile: compileJunction(false)},
		{name: "NOT", operator: true, min: 1, max: 1, bind: bind, compile: compileNot},
		test("IS NULL", true, false, true),
		negated("IS NOT NULL", "IS NULL"),
		test("IS TRUE", false, true, false),
		test("IS FALSE", false, false, false),
		negated("IS NOT TRUE", "IS TRUE"),
		negated("IS NOT FALSE", "IS FALSE"),
	}
}

// truth is the outcome of a boolean for a set of rows: where it is true, where it is null; it is
// false elsewhere.
type truth struct{ isTrue, isNull []int32 }

// evalTruth evaluates a boolean node for the rows sel.
func evalTruth(n node, b *columnar.Batch, sel []int32, buf *truth) (truth, error) {
	v, err := n.eval(b, sel)
	if err != nil {
		return truth{}, err
	}
	buf.isTrue = selectTrue(v, b.Len(), sel, room(buf.isTrue, b.Len()))
	buf.isNull = buf.isNull[:0]
	if v.Valid != nil {
		buf.isNull = columnar.SelectWhere(room(buf.isNull, b.Len()), sel, b.Len(), v.IsNull)
	}
	return *buf, nil
}

func room(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}

// junction is AND or OR. Each argument is evaluated only for the rows the earlier ones did not
// decide, so that an error counts only where the value does. An argument that fails is put off:
// if a later one decides every row concerned, there is no error (FALSE AND error is FALSE).
type junction struct {
	and   bool
	args  []node
	out   *columnar.Vector
	truth truth
	a, b  []int32 // undecided rows, in turn
	turn  bool
	hit   []int32
}

func compileJunction(and bool) func(*compiler, *Expr) (node, error) {
	return func(c *compiler, e *Expr) (node, error) {
		args, err := c.compileAll(e.Args)
		if err != nil {
			return nil, err
		}
		return &junction{and: and, args: args, out: columnar.NewVector(e.Type)}, nil
	}
}

func (n *junction) release() { n.out.Release() }

func (n *junction) selectRows(b *columnar.Batch, sel, out []int32) ([]int32, error) {
	if n.and {
		rows, err := n.selectAnd(b, sel, out)
		if err == nil {
			return rows, nil
		}
	}
	v, err := n.eval(b, sel)
	if err != nil {
		return nil, err
	}
	return selectTrue(v, b.Len(), sel, out), nil
}

// selectAnd narrows the selection argument by argument; any failure is left to eval.
func (n *junction) selectAnd(b *columnar.Batch, sel, out []int32) ([]int32, error) {
	// out may share memory with sel, which a failure must leave intact: use own memory.
	n.hit = room(n.hit, b.Len())
	rows := sel
	for _, a := range n.args {
		var err error
		if rows, err = selectRows(a, b, rows, n.hit[:b.Len()]); err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return out[:0], nil
		}
	}
	return out[:copy(out[:len(rows)], rows)], nil
}

// eval goes through the arguments. A row is decided once an argument is false (AND) or true
// (OR); a null makes the row null unless a later argument decides it. Arguments that failed are
// tried again for the rows the others left open, as long as there are ever fewer of those; then
// row by row, since one argument may fail for one row and decide another.
func (n *junction) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	n.out.Reset(b.Len())
	n.out.Bits().Fill(b.Len(), n.and)
	open, failed, err := n.settle(b, sel, n.args)
	if err == nil || openCount(open, b) < 2 {
		return n.out, err
	}
	var row [1]int32
	for _, r := range columnar.Without(make([]int32, b.Len()), open, nil, b.Len()) {
		row[0] = r
		if _, _, err := n.settle(b, row[:], failed); err != nil {
			return nil, err
		}
	}
	return n.out, nil
}

// openCount is the number of open rows; nil stands for all.
func openCount(open []int32, b *columnar.Batch) int {
	if open == nil {
		return b.Len()
	}
	return len(open)
}

// settle decides rows until none is open or nothing more can be decided, which is an error.
func (n *junction) settle(b *columnar.Batch, open []int32, args []node) (left []int32, failed []node, err error) {
	left, failed, err = n.pass(b, open, args)
	for err != nil && openCount(left, b) > 0 {
		before, beforeErr := openCount(left, b), err
		if left, failed, err = n.pass(b, left, failed); openCount(left, b) == before && err != nil {
			return left, failed, beforeErr
		}
	}
	return left, failed, nil
}

// pass evaluates args for the open rows and returns the rows still open, the arguments that
// failed and the first failure.
func (n *junction) pass(b *columnar.Batch, open []int32, args []node) (left []int32, failed []node, first error) {
	rows := b.Len()
	for _, a := range args {
		t, err := evalTruth(a, b, open, &n.truth)
		if err != nil {
			failed = append(failed, a)
			if first == nil {
				first = err
			}
			continue
		}
		decided := n.decided(t, open, rows)
		for _, r := range decided {
			n.out.Bits().SetTo(int(r), !n.and)
		}
		if len(t.isNull) > 0 {
			valid := n.out.MakeValid()
			for _, r := range t.isNull {
				valid.Clear(int(r))
			}
		}
		if n.out.Valid != nil {
			for _, r := range decided {
				n.out.Valid.Set(int(r))
			}
		}
		if open = n.undecided(open, decided, rows); len(open) == 0 {
			return open, nil, nil
		}
	}
	return open, failed, first
}

// decided are the rows for which an argument alone fixes the result.
func (n *junction) decided(t truth, open []int32, rows int) []int32 {
	if !n.and {
		return t.isTrue
	}
	known := t.isTrue
	if len(t.isNull) > 0 {
		known = columnar.Merge(nil, t.isTrue, t.isNull)
	}
	n.hit = room(n.hit, rows)
	return columnar.Without(n.hit, open, known, rows)
}

// undecided are the open rows that are not decided, in the one of two buffers that open does
// not lie in.
func (n *junction) undecided(open, decided []int32, rows int) []int32 {
	n.turn = !n.turn
	buf := &n.a
	if n.turn {
		buf = &n.b
	}
	*buf = columnar.Without(room(*buf, rows), open, decided, rows)
	return *buf
}

type notNode struct {
	arg node
	out *columnar.Vector
}

func compileNot(c *compiler, e *Expr) (node, error) {
	arg, err := c.compile(e.Args[0])
	if err != nil {
		return nil, err
	}
	return &notNode{arg: arg, out: columnar.NewVector(e.Type)}, nil
}

func (n *notNode) release() { n.out.Release() }

func (n *notNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	rows := b.Len()
	isTrue := selectTrue(v, rows, sel, make([]int32, rows))
	n.out.Reset(rows)
	bits := n.out.Bits()
	bits.Fill(rows, true)
	for _, i := range isTrue {
		bits.Clear(int(i))
	}
	if v.Valid != nil {
		valid := n.out.MakeValid()
		for i := range rows {
			valid.SetTo(i, !v.IsNull(i))
		}
	}
	return n.out, nil
}

// testNode is IS NULL, IS TRUE or IS FALSE.
type testNode struct {
	arg         node
	null, value bool
	out         *columnar.Vector
}

func compileTest(c *compiler, e *Expr, null, value, _ bool) (node, error) {
	arg, err := c.compile(e.Args[0])
	if err != nil {
		return nil, err
	}
	return &testNode{arg: arg, null: null, value: value, out: columnar.NewVector(e.Type)}, nil
}

func (n *testNode) release() { n.out.Release() }

func (n *testNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	holds := v.IsNull
	if !n.null {
		bits := v
		if v.Enc == columnar.Dictionary {
			bits = v.Dict
		}
		holds = func(i int) bool { return !v.IsNull(i) && bits.Bits().Get(v.Index(i)) == n.value }
	}
	var rows []int32
	if !n.null || v.Valid != nil {
		rows = columnar.SelectWhere(make([]int32, b.Len()), sel, b.Len(), holds)
	}
	fillBits(n.out, rows, b.Len())
	return n.out, nil
}
