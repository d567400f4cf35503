package expr

import (
	"fmt"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// Env is what a program may depend on beside its rows.
type Env struct {
	// Location is the session's time zone; nil means UTC.
	Location *time.Location
	// Now gives the time of CURRENT_TIMESTAMP in microseconds since 1970; it is asked once a batch.
	Now func() int64
	// Functions are those of the Go program that has submitted the job; nil has none.
	Functions *Functions
}

func (e *Env) functions() *Functions {
	if e == nil || e.Functions == nil {
		return &Functions{}
	}
	return e.Functions
}

func (e *Env) location() *time.Location {
	if e == nil || e.Location == nil {
		return time.UTC
	}
	return e.Location
}

// node computes one expression for the live rows sel of a batch (nil: all). The result has the
// batch's length; what it holds for other rows is undefined. It is valid until the next call.
type node interface {
	eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error)
}

// selector is a node of type BOOLEAN that can name the rows where it is true without making a
// vector. It appends to out[:0], which has room for all rows and may share memory with sel.
type selector interface {
	node
	selectRows(b *columnar.Batch, sel, out []int32) ([]int32, error)
}

// Program is a compiled expression. One goroutine uses it.
type Program struct {
	source *Expr
	root   node
	nodes  []node
}

// Compile makes the program of e.
func Compile(e *Expr, env *Env) (*Program, error) {
	c := &compiler{env: env}
	root, err := c.compile(e)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", e, err)
	}
	return &Program{source: e, root: root, nodes: c.nodes}, nil
}

// Close frees the memory of intermediate results; Close of nil does nothing.
func (p *Program) Close() {
	if p == nil {
		return
	}
	for _, n := range p.nodes {
		if r, ok := n.(releaser); ok {
			r.release()
		}
	}
}

// releaser is a node with vectors of its own.
type releaser interface{ release() }

// Type is the type of the program's result.
func (p *Program) Type() columnar.Type { return p.source.Type }

// String is the expression.
func (p *Program) String() string { return p.source.String() }

// Eval computes the expression for the live rows of b.
func (p *Program) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	return p.root.eval(b, b.Sel)
}

// Select appends to out[:0] the live rows of b for which the expression, a BOOLEAN, is true.
func (p *Program) Select(b *columnar.Batch, out []int32) ([]int32, error) {
	if cap(out) < b.Len() {
		out = make([]int32, b.Len())
	}
	return selectRows(p.root, b, b.Sel, out[:b.Len()])
}

// selectRows selects by a node of either kind.
func selectRows(n node, b *columnar.Batch, sel, out []int32) ([]int32, error) {
	if s, ok := n.(selector); ok {
		return s.selectRows(b, sel, out)
	}
	v, err := n.eval(b, sel)
	if err != nil {
		return nil, err
	}
	return selectTrue(v, b.Len(), sel, out), nil
}

// selectTrue are the rows of sel for which v is true.
func selectTrue(v *columnar.Vector, n int, sel, out []int32) []int32 {
	if v.Enc == columnar.Constant {
		if v.IsNull(0) || !v.Bits().Get(0) {
			return out[:0]
		}
		if sel == nil {
			return columnar.Without(out, nil, nil, n)
		}
		return out[:copy(out[:len(sel)], sel)]
	}
	bits := v.Bits()
	if v.Enc == columnar.Dictionary {
		return columnar.SelectWhere(out, sel, n, func(i int) bool { return !v.IsNull(i) && v.Dict.Bits().Get(v.Index(i)) })
	}
	out = columnar.SelectValid(out, sel, bits, n)
	if v.Valid != nil {
		out = columnar.SelectValid(out, out, v.Valid, n)
	}
	return out
}

// compiler turns expressions into nodes.
type compiler struct {
	env   *Env
	nodes []node
}

func (c *compiler) compile(e *Expr) (node, error) {
	n, err := c.compileForm(e)
	if err == nil {
		c.nodes = append(c.nodes, n)
	}
	return n, err
}

func (c *compiler) compileForm(e *Expr) (node, error) {
	switch e.Op {
	case Column:
		return &columnNode{index: e.Index}, nil
	case Constant:
		return newConstant(e), nil
	case Cast, TryCast:
		return c.compileCast(e)
	case Case:
		return c.compileCase(e)
	case Call:
		if e.User != nil {
			return c.compileUser(e)
		}
		f := lookup(e.Name)
		if f == nil {
			return nil, &UnknownFunctionError{Name: e.Name}
		}
		return f.compile(c, e)
	}
	return nil, fmt.Errorf("unknown form %d of expression", e.Op)
}

func (c *compiler) compileAll(args []*Expr) ([]node, error) {
	nodes := make([]node, len(args))
	for i, a := range args {
		n, err := c.compile(a)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}

type columnNode struct{ index int }

func (n *columnNode) eval(b *columnar.Batch, _ []int32) (*columnar.Vector, error) {
	return b.Cols[n.index], nil
}

// constantNode keeps its value as a constant vector and, once asked for, spread over rows.
type constantNode struct {
	value *columnar.Vector
}

func newConstant(e *Expr) *constantNode {
	v := columnar.NewVector(e.Type)
	v.Reset(1)
	setValue(v, 0, e.Value)
	v.SetConstant(1)
	return &constantNode{value: v}
}

func (n *constantNode) release() { n.value.Release() }

func (n *constantNode) eval(b *columnar.Batch, _ []int32) (*columnar.Vector, error) {
	n.value.SetConstant(b.Len())
	return n.value, nil
}

// setValue stores a literal in row i of a flat vector.
func setValue(v *columnar.Vector, i int, x *Value) {
	if x.Null {
		if v.Phys != columnar.PhysNone {
			v.SetNull(i)
		} else {
			v.MakeValid().Clear(i)
		}
		return
	}
	switch v.Phys {
	case columnar.PhysBits:
		v.Bits().SetTo(i, x.Int != 0)
	case columnar.PhysInt8:
		columnar.Values[int8](v)[i] = int8(x.Int)
	case columnar.PhysInt16:
		columnar.Values[int16](v)[i] = int16(x.Int)
	case columnar.PhysInt32:
		columnar.Values[int32](v)[i] = int32(x.Int)
	case columnar.PhysInt64:
		columnar.Values[int64](v)[i] = x.Int
	case columnar.PhysInt128:
		columnar.Values[columnar.Int128](v)[i] = columnar.Int128{Lo: uint64(x.Int), Hi: x.High}
	case columnar.PhysFloat32:
		columnar.Values[float32](v)[i] = float32(parseFloat(x.Float))
	case columnar.PhysFloat64:
		columnar.Values[float64](v)[i] = parseFloat(x.Float)
	case columnar.PhysView:
		v.SetBytes(i, x.Bytes)
	case columnar.PhysStruct:
		for f, c := range v.Children {
			setValue(c, i, &x.Items[f])
		}
	}
}

// flattener spreads what a node gives over rows, into scratch. A literal stays spread until the
// number of rows changes; other constants may have another value in the same vector.
type flattener struct {
	scratch *columnar.Vector
	spread  bool // scratch holds the literal
}

// flat gives v's values one a row: v itself if it is flat.
func (f *flattener) flat(v *columnar.Vector, from node) *columnar.Vector {
	if v.Enc == columnar.Flat {
		return v
	}
	if f.spread && f.scratch.Len() == v.Len() {
		return f.scratch
	}
	if f.scratch == nil {
		f.scratch = columnar.NewVector(v.Type)
		f.scratch.ResetAs(v.Phys, 0)
	}
	f.scratch.Flatten(v)
	_, f.spread = from.(*constantNode)
	return f.scratch
}

func (f *flattener) release() {
	if f.scratch != nil {
		f.scratch.Release()
	}
	f.spread = false
}

// eachLive calls f for every row of sel (nil: the first n) that is valid, until it fails.
func eachLive(sel []int32, valid columnar.Bitmap, n int, f func(i int) error) error {
	if sel == nil {
		for i := range n {
			if valid.Get(i) {
				if err := f(i); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, i := range sel {
		if valid.Get(int(i)) {
			if err := f(int(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// RowError is a failure of an expression at a row; the text names the values.
type RowError struct {
	Expr  string
	Msg   string
	Place int // of the expression
}

// Error names the expression and what was wrong.
func (e *RowError) Error() string { return e.Msg + " in " + e.Expr }

func rowError(e *Expr, format string, args ...any) error {
	return &RowError{Expr: e.String(), Msg: fmt.Sprintf(format, args...), Place: e.Place}
}
