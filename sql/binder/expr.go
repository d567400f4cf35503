package binder

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// Constant binds an expression that stands by itself, in a clause.
func (b *Binder) Constant(tree ast.Expr, clause string) (*expr.Expr, error) {
	return (&exprBinder{b: b, scope: &scope{}, clause: clause}).bind(tree)
}

// exprBinder binds expressions of one clause.
type exprBinder struct {
	b      *Binder
	with   *ctes
	scope  *scope
	clause string // for messages

	calls *[]*expr.Aggregate // aggregate calls met; nil refuses them
	subs  *[]subquery        // scalar subqueries met; nil refuses them
	ranks *[]rank            // calls of ROW_NUMBER met; nil refuses them
	// at is where the columns of an expression stand, kept if not nil.
	at map[*expr.Expr]ast.Node
	// isCorrelating allows columns of the outer query, which get positions from outerBase on.
	isCorrelating bool
	inAggregate   bool
}

func (x *exprBinder) all(list []ast.Expr) ([]*expr.Expr, error) {
	bound := make([]*expr.Expr, len(list))
	for i, e := range list {
		var err error
		if bound[i], err = x.bind(e); err != nil {
			return nil, err
		}
	}
	return bound, nil
}

// boolean binds a condition.
func (x *exprBinder) boolean(e ast.Expr) (*expr.Expr, error) {
	p, err := x.bind(e)
	if err != nil {
		return nil, err
	}
	if p.IsNullConstant() {
		return expr.Null(p.Type), nil
	}
	if p.Type.Kind != columnar.Boolean {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s takes a BOOLEAN, not %s", x.clause, p.Type.Nullable())
	}
	return p, nil
}

// bind binds an expression and gives it its place.
func (x *exprBinder) bind(e ast.Expr) (*expr.Expr, error) {
	bound, err := x.tree(e)
	if err != nil {
		return nil, err
	}
	return x.place(e, bound), nil
}

// place gives an expression that is made of others the place of its text.
func (x *exprBinder) place(at ast.Node, e *expr.Expr) *expr.Expr {
	if len(e.Args) > 0 && e.Place == 0 {
		e.SetPlace(x.b.placed(at))
	}
	return e
}

func (x *exprBinder) tree(e ast.Expr) (*expr.Expr, error) {
	switch e := e.(type) {
	case *ast.Column:
		return x.column(e)
	case *ast.Field:
		row, err := x.bind(e.X)
		if err != nil {
			return nil, err
		}
		return field(row, e.Name)
	case *ast.Star:
		return nil, ast.Errorf(e, ast.ClassSemantic, "* stands only as a select item and in COUNT(*)")
	case *ast.Unary:
		return x.unary(e)
	case *ast.Binary:
		return x.binary(e)
	case *ast.Call:
		return x.call(e)
	case *ast.Cast:
		return x.cast(e)
	case *ast.Case:
		return x.caseOf(e)
	case *ast.Is, *ast.IsDistinct, *ast.Between, *ast.In, *ast.Like, *ast.Quantified:
		return x.predicate(e)
	case *ast.Extract, *ast.Trim, *ast.Row, *ast.UnitLiteral:
		return x.special(e)
	case *ast.Subquery:
		return x.scalar(e)
	case *ast.Exists:
		return nil, plan.Refuse(e, "subquery-place")
	case *ast.Array, *ast.Map, *ast.Index:
		return nil, plan.Refuse(e, "array")
	case *ast.AtTimeZone:
		return nil, plan.Refuse(e, "at-time-zone")
	case *ast.NamedArg, *ast.TableArg, *ast.Descriptor:
		return nil, ast.Errorf(e, ast.ClassSemantic, "this argument stands only in a table function")
	}
	return x.literal(e)
}

func (x *exprBinder) column(e *ast.Column) (*expr.Expr, error) {
	i, parts, err := x.scope.lookup(e.Parts)
	if err != nil {
		return nil, err
	}
	offset := 0
	s := x.scope
	if i < 0 && s.outer != nil {
		if i, parts, err = s.outer.lookup(e.Parts); err != nil {
			return nil, err
		}
		if i >= 0 && !x.isCorrelating {
			return nil, plan.Refuse(e, "correlated", e.Parts.Last().Name)
		}
		s, offset = s.outer, outerBase
	}
	if i < 0 {
		return nil, x.scope.unknown(e.Parts)
	}
	c := expr.Col(offset+i, s.columns[i].name, s.columns[i].typ)
	if x.at != nil {
		x.at[c] = e
	}
	for _, name := range e.Parts[parts:] {
		if c, err = field(c, name); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func field(row *expr.Expr, name ast.Ident) (*expr.Expr, error) {
	f, err := expr.NewField(row, name.Name)
	if err == nil {
		return f, nil
	}
	var names []string
	for _, f := range row.Type.Fields {
		names = append(names, f.Name)
	}
	return nil, suggest(ast.Errorf(name, ast.ClassSemantic, "%v", err), name.Name, names)
}

func (x *exprBinder) unary(e *ast.Unary) (*expr.Expr, error) {
	if n, ok := e.X.(*ast.NumberLiteral); ok && e.Op == ast.OpNeg {
		return number(n, true)
	}
	v, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case ast.OpNot:
		return call(e, "NOT", v)
	case ast.OpNeg:
		return call(e, "NEGATE", v)
	default:
		if !v.Type.IsNumeric() && !v.Type.IsInterval() {
			return nil, ast.Errorf(e, ast.ClassSemantic, "+: %s is not numeric", v.Type.Nullable())
		}
		return v, nil
	}
}

// binary binds a chain of infix operators, which may be very deep on the left, in a loop.
func (x *exprBinder) binary(e *ast.Binary) (*expr.Expr, error) {
	chain := []*ast.Binary{e}
	for {
		left, ok := chain[len(chain)-1].Left.(*ast.Binary)
		if !ok {
			break
		}
		chain = append(chain, left)
	}
	acc, err := x.bind(chain[len(chain)-1].Left)
	for i := len(chain) - 1; i >= 0 && err == nil; i-- {
		op := chain[i].Op
		operands := []*expr.Expr{acc}
		// One flat call for a run of ANDs keeps it shallow for whatever walks it later.
		for last := false; !last && err == nil; i-- {
			var right *expr.Expr
			right, err = x.bind(chain[i].Right)
			operands = append(operands, right)
			last = op != ast.OpAnd && op != ast.OpOr || i == 0 || chain[i-1].Op != op
		}
		i++
		if err == nil {
			acc, err = x.combine(chain[i], operands)
		}
	}
	return acc, err
}

func (x *exprBinder) combine(e *ast.Binary, operands []*expr.Expr) (*expr.Expr, error) {
	if e.Op == ast.OpOverlaps {
		return nil, plan.Refuse(e, "overlaps")
	}
	c, err := call(e, e.Op.String(), operands...)
	if err != nil {
		return nil, err
	}
	return x.place(e, c), nil
}

func (x *exprBinder) cast(e *ast.Cast) (*expr.Expr, error) {
	v, err := x.bind(e.X)
	if err != nil {
		return nil, err
	}
	t, err := Type(e.Type)
	if err != nil {
		return nil, err
	}
	c, err := expr.NewCast(v, t, e.Try)
	if err != nil {
		return nil, fault(e, err)
	}
	return c, nil
}

func (x *exprBinder) caseOf(e *ast.Case) (*expr.Expr, error) {
	var args []*expr.Expr
	var operand *expr.Expr
	var err error
	if e.Operand != nil {
		if operand, err = x.bind(e.Operand); err != nil {
			return nil, err
		}
	}
	for _, w := range e.Whens {
		cond, err := x.bind(w.Cond)
		if err != nil {
			return nil, err
		}
		if operand != nil {
			if cond, err = call(w.Cond, "=", operand, cond); err != nil {
				return nil, err
			}
		}
		then, err := x.bind(w.Then)
		if err != nil {
			return nil, err
		}
		args = append(args, cond, then)
	}
	last := expr.Null(args[len(args)-1].Type)
	if e.Else != nil {
		if last, err = x.bind(e.Else); err != nil {
			return nil, err
		}
	}
	c, err := expr.NewCase(append(args, last)...)
	if err != nil {
		return nil, fault(e, err)
	}
	return c, nil
}
