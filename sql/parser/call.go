package parser

import (
	"strings"

	"github.com/anabranch/anabranch/sql/ast"
)

// specialCall reads a function whose arguments have a grammar of their own; nil where the word is none of them.
func (p *parser) specialCall() ast.Expr {
	pos := p.tok.pos
	upper := p.tok.upper
	switch upper {
	case "CAST", "TRY_CAST":
		p.next()
		p.expect("(")
		x := &ast.Cast{Pos: pos, X: p.expr(), Try: upper == "TRY_CAST"}
		p.expect("AS")
		x.Type = p.typ()
		p.expect(")")
		return x
	case "EXTRACT":
		p.next()
		p.expect("(")
		x := &ast.Extract{Pos: pos, Unit: p.unit()}
		p.expect("FROM")
		x.X = p.expr()
		p.expect(")")
		return x
	case "TRIM":
		return p.trim()
	case "ROW":
		return p.row()
	case "DESCRIPTOR":
		p.next()
		return &ast.Descriptor{Pos: pos, Columns: p.idents("a column name")}
	case "ARRAY", "MAP":
		p.failHint("write "+upper+"[..]", "%s is followed by [, found %s", upper, p.peek(1))
		return &ast.NullLiteral{Pos: pos}
	case "SUBSTRING", "OVERLAY", "POSITION", "FLOOR", "CEIL", "CEILING", "TIMESTAMPADD", "TIMESTAMPDIFF":
		t := p.take()
		return p.wordyCall(&ast.Call{Pos: pos, Name: ast.Name{{Pos: pos, Name: t.text}}}, upper)
	default:
		return nil
	}
}

// wordyCall reads the functions with keywords between the arguments, and takes commas as well.
func (p *parser) wordyCall(c *ast.Call, upper string) ast.Expr {
	p.expect("(")
	if strings.HasPrefix(upper, "TIMESTAMP") && p.peek(1).is(",") {
		if unit, ok := unitOf(p.tok.upper); ok {
			c.Args = append(c.Args, &ast.UnitLiteral{Pos: p.take().pos, Unit: unit})
			p.expect(",")
		}
	}
	switch {
	case p.atAny("DISTINCT", "ALL", "*", ")", "ORDER"):
		p.plainArgs(c)
	case upper == "POSITION" && !p.at("TABLE") && !p.peek(1).is("=>"):
		p.positionArgs(c)
	default:
		c.Args = append(c.Args, p.args()...)
		p.wordyArgs(c, upper)
	}
	p.argsEnd(c)
	return p.callSuffix(c)
}

// positionArgs reads a IN b, where IN is not the predicate, or a, b.
func (p *parser) positionArgs(c *ast.Call) {
	first := p.exprAt(ast.PrecConcat)
	if p.accept("IN") {
		c.Args = []ast.Expr{first, p.expr()}
	} else {
		c.Args = []ast.Expr{p.infix(first, ast.PrecOr)}
	}
	if p.accept(",") {
		c.Args = append(c.Args, p.args()...)
	}
}

func (p *parser) wordyArgs(c *ast.Call, upper string) {
	if len(c.Args) != 1 {
		return
	}
	switch upper {
	case "FLOOR", "CEIL", "CEILING":
		if p.accept("TO") {
			c.Args = append(c.Args, &ast.UnitLiteral{Pos: p.tok.pos, Unit: p.unit()})
		}
	case "OVERLAY":
		if !p.accept("PLACING") {
			return
		}
		c.Args = append(c.Args, p.expr())
		p.expect("FROM")
		c.Args = append(c.Args, p.expr())
		if p.accept("FOR") {
			c.Args = append(c.Args, p.expr())
		}
	case "SUBSTRING":
		if !p.accept("FROM") {
			return
		}
		c.Args = append(c.Args, p.expr())
		if p.accept("FOR") {
			c.Args = append(c.Args, p.expr())
		}
	}
}

// trim reads TRIM([[side] [chars] FROM] x), or TRIM(x, chars).
func (p *parser) trim() ast.Expr {
	x := &ast.Trim{Pos: p.take().pos}
	p.expect("(")
	hasSide := true
	switch {
	case p.accept("BOTH"):
	case p.accept("LEADING"):
		x.Side = ast.TrimLeading
	case p.accept("TRAILING"):
		x.Side = ast.TrimTrailing
	default:
		hasSide = false
	}
	if hasSide && p.accept("FROM") {
		x.X = p.expr()
	} else {
		x.X = p.expr()
		switch {
		case hasSide && !p.at("FROM"):
			p.expected("FROM")
		case p.accept("FROM"):
			x.Chars = x.X
			x.X = p.expr()
		case p.accept(","):
			x.Chars = p.expr()
		}
	}
	p.expect(")")
	return x
}

func (p *parser) row() ast.Expr {
	x := &ast.Row{Pos: p.take().pos}
	p.expect("(")
	if !p.at(")") {
		x.Items = p.exprs()
	}
	p.expect(")")
	return x
}

// bareCall reads CURRENT_DATE, CURRENT_TIMESTAMP(3) and the like.
func (p *parser) bareCall() ast.Expr {
	t := p.take()
	c := &ast.Call{Pos: t.pos, Name: ast.Name{{Pos: t.pos, Name: t.text}}}
	if !p.accept("(") {
		c.Bare = true
		return c
	}
	if p.accept(")") {
		c.Bare = true
		return c
	}
	c.Args = p.exprs()
	p.expect(")")
	return c
}

// call reads the arguments of a function and what follows them.
func (p *parser) call(name ast.Name) *ast.Call {
	return p.callSuffix(p.plainCall(name))
}

// plainCall reads the arguments of a function.
func (p *parser) plainCall(name ast.Name) *ast.Call {
	c := &ast.Call{Pos: name.Position(), Name: name}
	p.expect("(")
	p.plainArgs(c)
	p.argsEnd(c)
	return c
}

func (p *parser) plainArgs(c *ast.Call) {
	switch {
	case p.accept("*"):
		c.Star = true
		return
	case p.accept("DISTINCT"):
		c.Distinct = true
	case p.accept("ALL"):
	case p.at(")"), p.at("ORDER"):
		return
	}
	c.Args = p.args()
}

func (p *parser) argsEnd(c *ast.Call) {
	if p.at("ORDER") && !c.Star {
		c.OrderBy = p.orderBy()
	}
	if !p.at(")") {
		if name := strings.ToUpper(c.Name.Last().Name); strings.HasPrefix(name, "JSON_") && p.tok.kind == tokenWord {
			p.unsupported(p.tok.pos, "the clause of "+name+" that begins here", "CAST the result, or use COALESCE for defaults")
		}
		p.expected("a comma or ) after an argument of " + ast.Format(c.Name))
		return
	}
	p.next()
}

func (p *parser) args() []ast.Expr { return listOf(p, p.arg) }

// arg reads an expression, TABLE t, or name => value.
func (p *parser) arg() ast.Expr {
	if p.at("TABLE") {
		return p.tableArg()
	}
	isName := p.tok.kind == tokenQuoted || p.tok.kind == tokenWord
	if isName && p.peek(1).is("=>") {
		x := &ast.NamedArg{Pos: p.tok.pos, Name: p.label("an argument name")}
		p.expect("=>")
		if p.at("TABLE") {
			x.Value = p.tableArg()
		} else {
			x.Value = p.expr()
		}
		return x
	}
	return p.expr()
}

// tableArg reads TABLE t [PARTITION BY (..)] [ORDER BY (..)].
func (p *parser) tableArg() ast.Expr {
	x := &ast.TableArg{Pos: p.take().pos}
	if p.at("(") {
		x.Query = p.parenQuery()
	} else {
		x.Name = p.name("a table name")
	}
	if p.accept("PARTITION") {
		p.expect("BY")
		if p.accept("(") {
			x.PartitionBy = p.exprs()
			p.expect(")")
		} else {
			x.PartitionBy = []ast.Expr{p.expr()}
		}
	}
	if p.accept("ORDER") {
		p.expect("BY")
		if p.accept("(") {
			x.OrderBy = listOf(p, p.orderItem)
			p.expect(")")
		} else {
			x.OrderBy = []ast.OrderItem{p.orderItem()}
		}
	}
	return x
}

// callSuffix reads WITHIN GROUP, FILTER, IGNORE NULLS and OVER.
func (p *parser) callSuffix(c *ast.Call) *ast.Call {
	if p.accept("WITHIN", "GROUP") {
		p.expect("(")
		c.WithinGroup = p.orderBy()
		p.expect(")")
	}
	if p.accept("FILTER", "(") {
		p.expect("WHERE")
		c.Filter = p.expr()
		p.expect(")")
	}
	switch {
	case p.accept("IGNORE", "NULLS"):
		c.Nulls = ast.NullsIgnore
	case p.accept("RESPECT", "NULLS"):
		c.Nulls = ast.NullsRespect
	}
	if p.accept("OVER") {
		if p.at("(") {
			c.Over = p.windowSpec()
		} else {
			name := p.ident("a window name or ( after OVER")
			c.OverName = &name
		}
	}
	return c
}
