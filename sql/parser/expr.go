package parser

import "github.com/anabranch/anabranch/sql/ast"

// expr reads an expression.
func (p *parser) expr() ast.Expr { return p.exprAt(ast.PrecOr) }

func (p *parser) exprs() []ast.Expr { return listOf(p, p.expr) }

// exprAt reads an expression whose operators bind at least as tightly as least.
func (p *parser) exprAt(least ast.Precedence) ast.Expr {
	defer p.leave()
	if !p.enter() {
		return &ast.NullLiteral{Pos: p.tok.pos}
	}
	return p.infix(p.prefix(), least)
}

func (p *parser) prefix() ast.Expr {
	pos := p.tok.pos
	switch {
	case p.accept("NOT"):
		return &ast.Unary{Pos: pos, Op: ast.OpNot, X: p.exprAt(ast.PrecNot)}
	case p.accept("-"):
		return &ast.Unary{Pos: pos, Op: ast.OpNeg, X: p.exprAt(ast.PrecSign)}
	case p.accept("+"):
		return &ast.Unary{Pos: pos, Op: ast.OpPlus, X: p.exprAt(ast.PrecSign)}
	default:
		return p.postfix(p.primary())
	}
}

// infix reads the operators that follow left, in a loop, so that long chains need no stack.
func (p *parser) infix(left ast.Expr, least ast.Precedence) ast.Expr {
	for count := 0; ; count++ {
		x := p.infixOnce(left, least)
		if x == nil || !p.chained(count) {
			return left
		}
		left = x
	}
}

// infixOnce reads one operator and its right side; nil where none binds tightly enough.
func (p *parser) infixOnce(left ast.Expr, least ast.Precedence) ast.Expr {
	if op, ok := p.binaryOp(); ok {
		prec := op.Precedence()
		if prec < least {
			return nil
		}
		pos := p.take().pos
		if op.IsComparison() && p.atAny("ANY", "SOME", "ALL") && p.peek(1).is("(") {
			return p.quantified(pos, left, op)
		}
		right := p.exprAt(prec + 1)
		if _, isRow := right.(*ast.Row); op == ast.OpOverlaps && !isRow {
			p.failAt(right, "OVERLAPS compares two periods, each (start, end)")
		}
		return &ast.Binary{Pos: pos, Op: op, Left: left, Right: right}
	}
	switch {
	case least <= ast.PrecIs && p.at("IS"):
		return p.isTest(left)
	case least <= ast.PrecAt && p.atSeq("AT", "TIME", "ZONE"):
		pos := p.tok.pos
		p.expect("AT", "TIME", "ZONE")
		return &ast.AtTimeZone{Pos: pos, X: left, Zone: p.exprAt(ast.PrecAt + 1)}
	case least <= ast.PrecRange:
		return p.rangeTest(left)
	default:
		return nil
	}
}

// binaryOp returns the operator at the current token.
func (p *parser) binaryOp() (op ast.BinaryOp, ok bool) {
	if p.at("AND") {
		return ast.OpAnd, true
	}
	if p.at("OR") {
		return ast.OpOr, true
	}
	if p.at("OVERLAPS") && (p.peek(1).is("(") || p.peek(1).is("ROW")) {
		return ast.OpOverlaps, true
	}
	if p.tok.kind != tokenSymbol {
		return 0, false
	}
	switch p.tok.text {
	case "=":
		return ast.OpEq, true
	case "<>", "!=":
		return ast.OpNe, true
	case "<":
		return ast.OpLt, true
	case "<=":
		return ast.OpLe, true
	case ">":
		return ast.OpGt, true
	case ">=":
		return ast.OpGe, true
	case "||":
		return ast.OpConcat, true
	case "+":
		return ast.OpAdd, true
	case "-":
		return ast.OpSub, true
	case "*":
		return ast.OpMul, true
	case "/":
		return ast.OpDiv, true
	case "%":
		return ast.OpMod, true
	}
	return 0, false
}

func (p *parser) quantified(pos ast.Pos, left ast.Expr, op ast.BinaryOp) ast.Expr {
	x := &ast.Quantified{Pos: pos, Op: op, X: left, All: p.at("ALL")}
	p.next()
	x.List, x.Query = p.paren()
	return x
}

func (p *parser) isTest(left ast.Expr) ast.Expr {
	pos := p.take().pos
	not := p.accept("NOT")
	if p.accept("DISTINCT") {
		p.expect("FROM")
		return &ast.IsDistinct{Pos: pos, Left: left, Right: p.exprAt(ast.PrecIs + 1), Not: not}
	}
	x := &ast.Is{Pos: pos, X: left, Not: not}
	switch {
	case p.accept("NULL"):
		x.Test = ast.IsNull
	case p.accept("TRUE"):
		x.Test = ast.IsTrue
	case p.accept("FALSE"):
		x.Test = ast.IsFalse
	case p.accept("UNKNOWN"):
		x.Test = ast.IsUnknown
	case p.accept("JSON"):
		x.Test = p.jsonTest()
	default:
		p.expected("NULL, TRUE, FALSE, UNKNOWN, JSON or DISTINCT FROM after IS")
	}
	return x
}

func (p *parser) jsonTest() ast.IsTest {
	switch {
	case p.accept("VALUE"):
		return ast.IsJSONValue
	case p.accept("OBJECT"):
		return ast.IsJSONObject
	case p.accept("ARRAY"):
		return ast.IsJSONArray
	case p.accept("SCALAR"):
		return ast.IsJSONScalar
	default:
		return ast.IsJSON
	}
}

// rangeTest reads [NOT] BETWEEN, IN, LIKE, ILIKE or SIMILAR TO; nil where there is none.
func (p *parser) rangeTest(left ast.Expr) ast.Expr {
	operator := &p.tok
	not := p.at("NOT")
	if not {
		operator = p.peek(1)
	}
	p.tried = append(p.tried, "BETWEEN", "IN", "LIKE", "ILIKE", "SIMILAR")
	if operator.kind != tokenWord {
		return nil
	}
	kind := operator.upper
	switch kind {
	case "BETWEEN", "IN", "LIKE", "ILIKE", "SIMILAR":
	default:
		return nil
	}
	pos := p.take().pos
	if not {
		p.next()
	}
	switch kind {
	case "BETWEEN":
		return p.between(pos, left, not)
	case "IN":
		x := &ast.In{Pos: pos, X: left, Not: not}
		x.List, x.Query = p.paren()
		return x
	case "LIKE":
		return p.like(&ast.Like{Pos: pos, Kind: ast.LikePlain, X: left, Not: not})
	case "ILIKE":
		return p.like(&ast.Like{Pos: pos, Kind: ast.LikeFold, X: left, Not: not})
	default:
		p.expect("TO")
		return p.like(&ast.Like{Pos: pos, Kind: ast.LikeSimilar, X: left, Not: not})
	}
}

func (p *parser) between(pos ast.Pos, left ast.Expr, not bool) ast.Expr {
	x := &ast.Between{Pos: pos, X: left, Not: not}
	x.Symmetric = p.accept("SYMMETRIC")
	if !x.Symmetric {
		p.accept("ASYMMETRIC")
	}
	x.Low = p.exprAt(ast.PrecRange + 1)
	p.expect("AND")
	x.High = p.exprAt(ast.PrecRange + 1)
	return x
}

func (p *parser) like(x *ast.Like) ast.Expr {
	x.Pattern = p.exprAt(ast.PrecRange + 1)
	if p.accept("ESCAPE") {
		x.Escape = p.exprAt(ast.PrecRange + 1)
	}
	return x
}

// postfix reads [index], .field and ::type behind a primary.
func (p *parser) postfix(x ast.Expr) ast.Expr {
	for count := 0; p.chained(count); count++ {
		pos := p.tok.pos
		switch {
		case p.accept("["):
			x = &ast.Index{Pos: pos, X: x, Index: p.expr()}
			p.expect("]")
		case p.accept("."):
			x = &ast.Field{Pos: pos, X: x, Name: p.label("a field name")}
		case p.accept("::"):
			x = &ast.Cast{Pos: pos, X: x, Type: p.typ()}
		default:
			return x
		}
		// Printed, a chain of these nests: CAST(CAST(..)), ((x).a).b. Deeper than depthMax it
		// would not read back.
		if p.depth+count >= depthMax {
			p.failAt(pos, "nested more than %d levels deep", depthMax)
		}
	}
	return x
}
