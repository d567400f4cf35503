package binder

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// placed numbers an expression, so that what fails in it can be told the place: its own or, in a view or a
// table's definition, that of the name.
func (b *Binder) placed(at ast.Node) int {
	if b.Places == nil {
		return 0
	}
	if b.storedAt != nil {
		at = b.storedAt
	}
	*b.Places = append(*b.Places, at)
	return len(*b.Places)
}

// userTable is ref if it calls a table function of a Go program; else nil.
func (b *Binder) userTable(ref ast.TableRef) *ast.TableFunc {
	f, ok := ref.(*ast.TableFunc)
	if !ok || f.Ordinality || !b.Functions.IsTable(f.Call.Name.Last().Name) {
		return nil
	}
	return f
}

// lateral joins each row of left with what a table function makes of it; a left of nil is one row
// without columns.
func (b *Binder) lateral(f *ast.TableFunc, left *relation, outer bool) (*relation, error) {
	bare := left == nil
	if bare {
		left = oneRow()
	}
	x := &exprBinder{b: b, scope: left.scope, clause: "a table function"}
	args, err := x.all(f.Call.Args)
	if err != nil {
		return nil, err
	}
	name := f.Call.Name.Last().Name
	call, err := b.Functions.NewTable(name, b.placed(f.Call), args...)
	if err != nil {
		return nil, fault(f.Call, err)
	}
	var node plan.Node = plan.NewCorrelate(left.node, call, outer)
	if bare {
		node = plan.NewProject(node, plan.Cols(node)[1:], node.Schema().Names()[1:])
	}
	alias := ast.TableAlias{Pos: f.Pos, Name: f.Call.Name.Last()}
	if f.Alias != nil {
		alias = *f.Alias
	}
	width := plan.Width(node) - len(left.scope.columns)
	made, err := rename(&relation{node: &plan.Values{Out: last(node.Schema(), width)}, scope: &scope{}}, alias)
	if err != nil {
		return nil, err
	}
	return &relation{node: node, scope: concat(left.scope, made.scope)}, nil
}

// last are the last n columns of a schema.
func last(s *columnar.Schema, n int) *columnar.Schema {
	return columnar.NewSchema(s.Fields[len(s.Fields)-n:]...)
}

// joinTable binds a join whose right side is a table function, which sees the columns of the left one.
func (b *Binder) joinTable(j *ast.Join, f *ast.TableFunc, left *relation) (*relation, error) {
	outer := joinType(j.Kind) == join.Left
	if !outer && joinType(j.Kind) != join.Inner {
		return nil, ast.Errorf(j, ast.ClassSemantic, "a table function is joined by a comma, JOIN, CROSS JOIN or LEFT JOIN, not by %s JOIN", j.Kind)
	}
	if j.Natural || len(j.Using) > 0 {
		return nil, ast.Errorf(j, ast.ClassSemantic, "a join with a table function takes ON, not NATURAL or USING")
	}
	r, err := b.lateral(f, left, outer)
	if err != nil || j.On == nil {
		return r, err
	}
	on, err := b.condition(j.On, r.scope, "ON")
	if err != nil {
		return nil, err
	}
	if on.IsConstant() && !on.Value.Null && on.Value.Int != 0 {
		return r, nil
	}
	if outer {
		return nil, plan.Refuse(j.On, "lateral-on")
	}
	return &relation{node: &plan.Filter{Input: r.node, Predicate: on}, scope: r.scope}, nil
}
