package ast

import "strings"

func (p *printer) callLike(x Expr) {
	switch x := x.(type) {
	case *Call:
		p.call(x)
	case *Extract:
		p.put("EXTRACT(", string(x.Unit), " FROM ")
		p.expr(x.X)
		p.put(")")
	case *Trim:
		p.put("TRIM(")
		if x.Side != TrimBoth || x.Chars != nil {
			p.put(x.Side.String(), " ")
			if x.Chars != nil {
				p.expr(x.Chars)
				p.put(" ")
			}
			p.put("FROM ")
		}
		p.expr(x.X)
		p.put(")")
	case *NamedArg:
		p.ident(x.Name)
		p.put(" => ")
		p.expr(x.Value)
	case *TableArg:
		p.tableArg(x)
	case *Descriptor:
		p.put("DESCRIPTOR")
		p.idents(x.Columns)
	}
}

func (p *printer) tableArg(x *TableArg) {
	p.put("TABLE ")
	if x.Query != nil {
		p.put("(")
		p.query(x.Query)
		p.put(")")
	} else {
		p.name(x.Name)
	}
	if len(x.PartitionBy) > 0 {
		p.put(" PARTITION BY (")
		p.exprs(x.PartitionBy)
		p.put(")")
	}
	if len(x.OrderBy) > 0 {
		p.put(" ORDER BY (")
		list(p, x.OrderBy, ", ", p.orderItem)
		p.put(")")
	}
}

func (p *printer) call(c *Call) {
	p.callName(c)
	if !c.Bare {
		p.put("(")
		p.callArgs(c)
		p.put(")")
	}
	if len(c.WithinGroup) > 0 {
		p.put(" WITHIN GROUP (")
		p.orderBy(c.WithinGroup)
		p.put(")")
	}
	if c.Filter != nil {
		p.put(" FILTER (WHERE ")
		p.expr(c.Filter)
		p.put(")")
	}
	switch c.Nulls {
	case NullsIgnore:
		p.put(" IGNORE NULLS")
	case NullsRespect:
		p.put(" RESPECT NULLS")
	}
	if c.OverName != nil {
		p.put(" OVER ")
		p.ident(*c.OverName)
	} else if c.Over != nil {
		p.put(" OVER (")
		p.windowSpec(c.Over)
		p.put(")")
	}
}

// callName quotes the name only where the bare word would be read as something else than this call.
func (p *printer) callName(c *Call) {
	if len(c.Name) != 1 {
		p.name(c.Name)
		return
	}
	name := c.Name[0].Name
	upper := strings.ToUpper(name)
	switch {
	case !isPlainWord(name):
		p.put(forceQuote(name))
	case upper == "LEFT", upper == "RIGHT":
		p.put(name)
	case IsBareFunction(upper):
		if c.Bare || isPrecisionCall(c) {
			p.put(name)
		} else {
			p.put(forceQuote(name))
		}
	case upper == "TIMESTAMPADD", upper == "TIMESTAMPDIFF":
		if _, ok := firstArg(c).(*UnitLiteral); ok {
			p.put(name)
		} else {
			p.put(forceQuote(name))
		}
	case isSpecialCall(upper):
		p.put(forceQuote(name))
	default:
		p.put(name)
	}
}

// isPrecisionCall reports whether the call looks like CURRENT_TIMESTAMP(3).
func isPrecisionCall(c *Call) bool {
	isPlain := !c.Star && !c.Distinct && !c.IsWindow() && c.Filter == nil && c.Nulls == NullsDefault
	return isPlain && len(c.Args) > 0 && len(c.OrderBy)+len(c.WithinGroup) == 0
}

func firstArg(c *Call) Expr {
	if len(c.Args) == 0 {
		return nil
	}
	return c.Args[0]
}

func (p *printer) callArgs(c *Call) {
	if c.Star {
		p.put("*")
		return
	}
	p.putIf(c.Distinct, "DISTINCT ")
	for i, arg := range c.Args {
		_, isUnit := arg.(*UnitLiteral)
		switch {
		case i == 0 && strings.EqualFold(c.Name.Last().Name, "POSITION"):
			// A bare IN here would be POSITION's own.
			p.operand(arg, PrecConcat)
		case i > 0 && isUnit:
			p.put(" TO ")
			p.expr(arg)
		case i > 0:
			p.put(", ")
			p.expr(arg)
		default:
			p.expr(arg)
		}
	}
	if len(c.OrderBy) > 0 {
		p.putIf(len(c.Args) > 0, " ")
		p.orderBy(c.OrderBy)
	}
}

func (p *printer) orderBy(items []OrderItem) {
	p.put("ORDER BY ")
	list(p, items, ", ", p.orderItem)
}

func (p *printer) orderItem(o OrderItem) {
	p.expr(o.Expr)
	p.putIf(o.Desc, " DESC")
	switch o.Nulls {
	case NullsFirst:
		p.put(" NULLS FIRST")
	case NullsLast:
		p.put(" NULLS LAST")
	}
}

func (p *printer) windowSpec(w *WindowSpec) {
	var parts []func()
	if w.Base != nil {
		parts = append(parts, func() { p.ident(*w.Base) })
	}
	if len(w.PartitionBy) > 0 {
		parts = append(parts, func() {
			p.put("PARTITION BY ")
			p.exprs(w.PartitionBy)
		})
	}
	if len(w.OrderBy) > 0 {
		parts = append(parts, func() { p.orderBy(w.OrderBy) })
	}
	if w.Frame != nil {
		parts = append(parts, func() { p.frame(w.Frame) })
	}
	list(p, parts, " ", func(write func()) { write() })
}

func (p *printer) frame(f *Frame) {
	p.put(f.Unit.String(), " ")
	p.putIf(f.End != nil, "BETWEEN ")
	p.bound(f.Start)
	if f.End != nil {
		p.put(" AND ")
		p.bound(*f.End)
	}
}

func (p *printer) bound(b FrameBound) {
	switch b.Kind {
	case BoundUnboundedPreceding:
		p.put("UNBOUNDED PRECEDING")
	case BoundUnboundedFollowing:
		p.put("UNBOUNDED FOLLOWING")
	case BoundCurrentRow:
		p.put("CURRENT ROW")
	case BoundPreceding:
		p.operand(b.Offset, PrecConcat)
		p.put(" PRECEDING")
	case BoundFollowing:
		p.operand(b.Offset, PrecConcat)
		p.put(" FOLLOWING")
	}
}
