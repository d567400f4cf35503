package plan

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// Check verifies the invariant of a plan: that each expression reads columns its input has, at
// the types it has them. A failure is a bug of the binder or of a rule.
func Check(n Node) error {
	input := &columnar.Schema{}
	for _, in := range n.Inputs() {
		if err := Check(in); err != nil {
			return err
		}
		if _, ok := n.(*Union); !ok {
			input.Fields = append(input.Fields, in.Schema().Fields...)
		}
	}
	for _, e := range exprsOf(n) {
		if err := checkExpr(e, input); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	switch n := n.(type) {
	case *Scan:
		return checkScan(n)
	case *Join:
		for i, k := range n.LeftKeys {
			l, r := n.Left.Schema().Fields[k].Type, n.Right.Schema().Fields[n.RightKeys[i]].Type
			if !l.SameValues(r) {
				return fmt.Errorf("%s: key %d is %s on the left and %s on the right", n, i, l, r)
			}
		}
	case *Union:
		for _, in := range n.All {
			if err := sameTypes(n.Out, in.Schema()); err != nil {
				return fmt.Errorf("union: %w", err)
			}
		}
	}
	return nil
}

// exprsOf are the expressions of a node over its inputs.
func exprsOf(n Node) []*expr.Expr {
	var exprs []*expr.Expr
	var calls []*expr.Aggregate
	switch n := n.(type) {
	case *Filter:
		exprs = append(exprs, n.Predicate)
	case *Project:
		exprs = n.Exprs
	case *Correlate:
		exprs = n.Call.Args
	case *Join:
		if n.On != nil {
			exprs = append(exprs, n.On)
		}
	case *Aggregate:
		calls = n.Calls
	case *WindowAggregate:
		calls = n.Calls
	}
	for _, c := range calls {
		exprs = append(exprs, c.Args...)
		if c.Filter != nil {
			exprs = append(exprs, c.Filter)
		}
	}
	return exprs
}

// depthMax bounds the nesting of an expression. A job is encoded as JSON, whose decoder stops at
// 10 000 levels, and an expression takes two of them a level.
const depthMax = 4500

// TooDeep reports whether an expression of n alone is nested too deep to be encoded.
func TooDeep(n Node) bool {
	exprs := exprsOf(n)
	if s, ok := n.(*Scan); ok {
		exprs = slices.Concat(s.Filter, s.Project)
	}
	return slices.ContainsFunc(exprs, func(e *expr.Expr) bool { return e.Depth() > depthMax })
}

func checkScan(s *Scan) error {
	read := s.Table.Schema.Project(s.Columns)
	for _, e := range s.Filter {
		if err := checkExpr(e, s.Table.Schema); err != nil {
			return fmt.Errorf("%s: filter: %w", s, err)
		}
	}
	for _, e := range s.Project {
		if err := checkExpr(e, read); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	if s.Watermark != nil {
		return checkExpr(s.Watermark, s.Out)
	}
	if s.Project == nil {
		return sameTypes(s.Out, read)
	}
	return nil
}

func checkExpr(e *expr.Expr, input *columnar.Schema) error {
	var err error
	e.Walk(func(n *expr.Expr) {
		if n.Op != expr.Column || err != nil {
			return
		}
		if n.Index >= len(input.Fields) {
			err = fmt.Errorf("%s is column %d of %d", n, n.Index, len(input.Fields))
		} else if t := input.Fields[n.Index].Type; !t.SameValues(n.Type) {
			err = fmt.Errorf("%s is %s, but the input has %s", n, n.Type, t)
		} else if n.Type.NotNull && !t.NotNull {
			err = fmt.Errorf("%s is not null, but the input may be", n)
		}
	})
	return err
}

func sameTypes(a, b *columnar.Schema) error {
	if len(a.Fields) != len(b.Fields) {
		return fmt.Errorf("%d columns and %d", len(a.Fields), len(b.Fields))
	}
	for i, f := range a.Fields {
		if !f.Type.SameValues(b.Fields[i].Type) {
			return fmt.Errorf("column %s is %s and %s", f.Name, f.Type, b.Fields[i].Type)
		}
	}
	return nil
}
