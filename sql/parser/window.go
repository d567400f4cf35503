package parser

import "github.com/anabranch/anabranch/sql/ast"

// windowSpec reads ([base] [PARTITION BY ..] [ORDER BY ..] [frame]).
func (p *parser) windowSpec() *ast.WindowSpec {
	w := &ast.WindowSpec{Pos: p.tok.pos}
	p.expect("(")
	if p.tok.isName() && !p.atAny("PARTITION", "ROWS", "RANGE", "GROUPS") {
		base := p.ident("a window name")
		w.Base = &base
	}
	if p.accept("PARTITION") {
		p.expect("BY")
		w.PartitionBy = p.exprs()
	}
	if p.at("ORDER") {
		w.OrderBy = p.orderBy()
	}
	if p.atAny("ROWS", "RANGE", "GROUPS") {
		w.Frame = p.frame()
	}
	p.expect(")")
	return w
}

func (p *parser) frame() *ast.Frame {
	f := &ast.Frame{Pos: p.tok.pos}
	switch p.take().upper {
	case "RANGE":
		f.Unit = ast.FrameRange
	case "GROUPS":
		f.Unit = ast.FrameGroups
	}
	if !p.accept("BETWEEN") {
		f.Start = p.bound()
		if f.Start.Kind > ast.BoundCurrentRow {
			p.failAt(f.Start, "a frame without BETWEEN cannot start behind the current row")
		}
		return f
	}
	f.Start = p.bound()
	p.expect("AND")
	end := p.bound()
	f.End = &end
	if f.Start.Kind > end.Kind || f.Start.Kind == ast.BoundUnboundedFollowing || end.Kind == ast.BoundUnboundedPreceding {
		p.failAt(end, "a frame cannot end before it starts")
	}
	return f
}

func (p *parser) bound() ast.FrameBound {
	b := ast.FrameBound{Pos: p.tok.pos}
	switch {
	case p.accept("CURRENT", "ROW"):
		b.Kind = ast.BoundCurrentRow
		return b
	case p.accept("UNBOUNDED", "PRECEDING"):
		b.Kind = ast.BoundUnboundedPreceding
		return b
	case p.accept("UNBOUNDED", "FOLLOWING"):
		b.Kind = ast.BoundUnboundedFollowing
		return b
	}
	b.Offset = p.exprAt(ast.PrecConcat)
	switch {
	case p.accept("PRECEDING"):
		b.Kind = ast.BoundPreceding
	case p.accept("FOLLOWING"):
		b.Kind = ast.BoundFollowing
	default:
		p.expected("PRECEDING or FOLLOWING")
	}
	return b
}
