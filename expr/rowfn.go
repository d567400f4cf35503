package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

func rowFunctions() []*function {
	return []*function{
		{
			name: "FIELD", operator: true, min: 2, max: 2, exact: true,
			bind:    bindField,
			compile: compileField,
		},
		{
			name: "ROW", min: 1, max: -1, exact: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) {
				t := columnar.Type{Kind: columnar.Row, NotNull: true}
				for i, a := range args {
					t.Fields = append(t.Fields, columnar.Field{Name: fmt.Sprintf("EXPR$%d", i), Type: a.Type})
				}
				return args, t, nil
			},
			compile: compileRow,
		},
		{
			name: "REQUIRED", operator: true, min: 2, max: 2, exact: true, fallible: true,
			bind: func(args []*Expr) ([]*Expr, columnar.Type, error) { return args, args[0].Type.Required(), nil },
			compile: func(c *compiler, e *Expr) (node, error) {
				arg, err := c.compile(e.Args[0])
				return &requiredNode{expr: e, arg: arg}, err
			},
		},
	}
}

// bindField binds FIELD(row, index), the form of row.name.
func bindField(args []*Expr) ([]*Expr, columnar.Type, error) {
	t := args[0].Type
	if t.Kind != columnar.Row || !args[1].IsConstant() {
		return nil, t, fmt.Errorf("%s is %s, not a ROW", args[0], t.Nullable())
	}
	i := args[1].Value.Int
	if i < 0 || i >= int64(len(t.Fields)) {
		return nil, t, fmt.Errorf("field %d of %s does not exist", i, t)
	}
	f := t.Fields[i].Type
	f.NotNull = f.NotNull && t.NotNull
	return args, f, nil
}

// NewField is the field called name of a ROW.
func NewField(e *Expr, name string) (*Expr, error) {
	for i, f := range e.Type.Fields {
		if e.Type.Kind == columnar.Row && f.Name == name {
			return NewCall("FIELD", e, Int(int64(i), columnar.TypeInteger))
		}
	}
	return nil, fmt.Errorf("%s has no field %s", e, name)
}

// castFields converts a ROW to another field by field.
func castFields(e *Expr, t columnar.Type) (*Expr, error) {
	fields := make([]*Expr, len(t.Fields))
	for i, f := range t.Fields {
		field, err := rowField(e, i)
		if err != nil {
			return nil, err
		}
		if fields[i], err = NewCast(field, f.Type, false); err != nil {
			return nil, err
		}
	}
	row, err := NewCall("ROW", fields...)
	if err != nil {
		return nil, err
	}
	row = &Expr{Op: Cast, Type: t.Required(), Args: []*Expr{row}}
	if e.Type.NotNull {
		return row, nil
	}
	null, err := NewCall("IS NULL", e)
	if err != nil {
		return nil, err
	}
	return NewCase(null, Null(t), row)
}

// rowField is field i of a ROW, without making the ROW if that is all that is wanted.
func rowField(e *Expr, i int) (*Expr, error) {
	if e.Op == Call && e.Name == "ROW" {
		return e.Args[i], nil
	}
	return NewCall("FIELD", e, Int(int64(i), columnar.TypeInteger))
}

type fieldNode struct {
	row   node
	index int
	out   *columnar.Vector
}

func compileField(c *compiler, e *Expr) (node, error) {
	row, err := c.compile(e.Args[0])
	if err != nil {
		return nil, err
	}
	return &fieldNode{row: row, index: int(e.Args[1].Value.Int), out: columnar.NewVector(e.Type)}, nil
}

func (n *fieldNode) release() { n.out.Release() }

// eval gives the child itself: parent nulls are in it already.
func (n *fieldNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.row.eval(b, sel)
	if err != nil {
		return nil, err
	}
	child := v.Children[n.index]
	if v.Enc == columnar.Constant {
		n.out.Alias(child)
		n.out.SetConstant(b.Len())
		return n.out, nil
	}
	return child, nil
}

type rowNode struct {
	args []node
	out  *columnar.Vector
}

func compileRow(c *compiler, e *Expr) (node, error) {
	args, err := c.compileAll(e.Args)
	return &rowNode{args: args, out: columnar.NewVector(e.Type)}, err
}

func (n *rowNode) release() { n.out.Release() }

func (n *rowNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	n.out.Reset(b.Len())
	for i, a := range n.args {
		v, err := a.eval(b, sel)
		if err != nil {
			return nil, err
		}
		n.out.Children[i].Reset(0)
		n.out.Children[i].AppendRange(v, 0, b.Len())
	}
	return n.out, nil
}

// requiredNode is REQUIRED(value, 'what'): the value, of which null is an error.
type requiredNode struct {
	expr *Expr
	arg  node
}

// Required is e for what is NOT NULL; a null is an error.
func Required(e *Expr, what string) (*Expr, error) {
	if e.Type.NotNull {
		return e, nil
	}
	return NewCall("REQUIRED", e, String(what))
}

func (*requiredNode) release() {}

func (n *requiredNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.arg.eval(b, sel)
	if err != nil || v.Valid == nil {
		return v, err
	}
	what, _ := constantText(n.expr.Args[1])
	return v, eachLive(sel, nil, b.Len(), func(i int) error {
		if v.IsNull(i) {
			return &RowError{Expr: n.expr.Args[0].String(), Msg: what + " is NOT NULL, and there is a null", Place: n.expr.Place}
		}
		return nil
	})
}
