package ast

import (
	"encoding/hex"
	"fmt"
)

// operand writes x as an operand that must bind at least as tightly as least.
func (p *printer) operand(x Expr, least Precedence) {
	if precedenceOf(x) >= least {
		p.expr(x)
		return
	}
	p.put("(")
	p.expr(x)
	p.put(")")
}

func (p *printer) exprs(items []Expr) { list(p, items, ", ", p.expr) }

func (p *printer) expr(x Expr) {
	switch x := x.(type) {
	case *Column:
		p.name(x.Parts)
	case *Star:
		for _, part := range x.Qualifier {
			p.ident(part)
			p.put(".")
		}
		p.put("*")
	case *Binary:
		p.operand(x.Left, x.Op.Precedence())
		p.put(" ", x.Op.String(), " ")
		p.operand(x.Right, x.Op.Precedence()+1)
	case *Unary:
		p.unary(x)
	case *Is, *IsDistinct, *Between, *In, *Like, *Quantified:
		p.predicate(x)
	case *Call, *Extract, *Trim, *NamedArg, *TableArg, *Descriptor:
		p.callLike(x)
	case *Exists:
		p.put("EXISTS (")
		p.query(x.Query)
		p.put(")")
	case *Subquery:
		p.put("(")
		p.query(x.Query)
		p.put(")")
	case *Case:
		p.caseExpr(x)
	case *Cast:
		p.cast(x)
	case *Index, *Field, *AtTimeZone:
		p.postfix(x)
	case *Array:
		p.put("ARRAY[")
		p.exprs(x.Items)
		p.put("]")
	case *Map:
		p.put("MAP[")
		p.exprs(x.Items)
		p.put("]")
	case *Row:
		p.put("ROW(")
		p.exprs(x.Items)
		p.put(")")
	default:
		p.literal(x)
	}
}

func (p *printer) unary(x *Unary) {
	if x.Op == OpNot {
		p.put("NOT ")
		p.operand(x.X, PrecNot)
		return
	}
	p.put(x.Op.String())
	// Two minus signs in a row would begin a comment.
	if inner, ok := x.X.(*Unary); ok && inner.Op != OpNot {
		p.put(" ")
	}
	p.operand(x.X, PrecSign)
}

func (p *printer) predicate(x Expr) {
	switch x := x.(type) {
	case *Is:
		p.operand(x.X, PrecIs)
		p.put(" IS ")
		p.putIf(x.Not, "NOT ")
		p.put(x.Test.String())
	case *IsDistinct:
		p.operand(x.Left, PrecIs)
		p.put(" IS ")
		p.putIf(x.Not, "NOT ")
		p.put("DISTINCT FROM ")
		p.operand(x.Right, PrecIs+1)
	case *Between:
		p.operand(x.X, PrecRange)
		p.putIf(x.Not, " NOT")
		p.put(" BETWEEN ")
		p.putIf(x.Symmetric, "SYMMETRIC ")
		p.operand(x.Low, PrecRange+1)
		p.put(" AND ")
		p.operand(x.High, PrecRange+1)
	case *In:
		p.operand(x.X, PrecRange)
		p.putIf(x.Not, " NOT")
		p.put(" IN ")
		p.listOrQuery(x.List, x.Query)
	case *Like:
		p.operand(x.X, PrecRange)
		p.putIf(x.Not, " NOT")
		p.put(" ", x.Kind.String(), " ")
		p.operand(x.Pattern, PrecRange+1)
		if x.Escape != nil {
			p.put(" ESCAPE ")
			p.operand(x.Escape, PrecRange+1)
		}
	case *Quantified:
		p.operand(x.X, PrecCompare)
		p.put(" ", x.Op.String())
		if x.All {
			p.put(" ALL ")
		} else {
			p.put(" ANY ")
		}
		p.listOrQuery(x.List, x.Query)
	}
}

func (p *printer) listOrQuery(items []Expr, q *Query) {
	p.put("(")
	if q != nil {
		p.query(q)
	} else {
		p.exprs(items)
	}
	p.put(")")
}

func (p *printer) caseExpr(x *Case) {
	p.put("CASE")
	if x.Operand != nil {
		p.put(" ")
		p.expr(x.Operand)
	}
	for _, when := range x.Whens {
		p.put(" WHEN ")
		p.expr(when.Cond)
		p.put(" THEN ")
		p.expr(when.Then)
	}
	if x.Else != nil {
		p.put(" ELSE ")
		p.expr(x.Else)
	}
	p.put(" END")
}

func (p *printer) cast(x *Cast) {
	p.putIf(x.Try, "TRY_")
	p.put("CAST(")
	p.expr(x.X)
	p.put(" AS ")
	p.typ(x.Type)
	p.put(")")
}

func (p *printer) postfix(x Expr) {
	switch x := x.(type) {
	case *Index:
		p.operand(x.X, PrecPostfix)
		p.put("[")
		p.expr(x.Index)
		p.put("]")
	case *Field:
		// Without parentheses (a).b would become the name a.b.
		parens := !endsInBracket(x.X)
		p.putIf(parens, "(")
		p.expr(x.X)
		p.putIf(parens, ")")
		p.put(".")
		p.ident(x.Name)
	case *AtTimeZone:
		p.operand(x.X, PrecAt)
		p.put(" AT TIME ZONE ")
		p.operand(x.Zone, PrecAt+1)
	}
}

// endsInBracket reports whether a .field behind the expression is always read as belonging to all of it.
func endsInBracket(x Expr) bool {
	switch x := x.(type) {
	case *Index, *Field, *Cast, *Row, *Subquery, *Array, *Map:
		return true
	case *Call:
		return !x.Bare && !x.IsWindow() && x.Nulls == NullsDefault
	default:
		return false
	}
}

func (p *printer) literal(x Expr) {
	switch x := x.(type) {
	case *NumberLiteral:
		p.put(x.Text)
	case *StringLiteral:
		p.put(QuoteString(x.Value))
	case *BinaryLiteral:
		p.put("x'", hex.EncodeToString(x.Value), "'")
	case *NullLiteral:
		p.put("NULL")
	case *BoolLiteral:
		p.put(x.Value.String())
	case *TemporalLiteral:
		p.put(x.Type.String(), " ", QuoteString(x.Value))
	case *IntervalLiteral:
		p.put("INTERVAL ")
		p.putIf(x.Negative, "-")
		p.put(QuoteString(x.Value))
		if x.Qualifier != nil {
			p.put(" ")
			p.intervalQualifier(x.Qualifier)
		}
	case *UnitLiteral:
		p.put(string(x.Unit))
	default:
		p.put(fmt.Sprintf("%T", x))
	}
}
