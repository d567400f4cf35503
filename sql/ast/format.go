package ast

import (
	"fmt"
	"strings"
)

// Format writes a node as SQL on one line. A parsed node's text parses to the same node.
func Format(n Node) string {
	var p printer
	p.node(n)
	return p.String()
}

// printer writes nodes one after the other; each method knows one family of nodes.
type printer struct {
	strings.Builder
}

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case Expr:
		p.expr(n)
	case Statement:
		p.statement(n)
	case QueryBody:
		p.body(n)
	case TableRef:
		p.tableRef(n)
	case *Type:
		p.typ(n)
	case Name:
		p.name(n)
	case Ident:
		p.ident(n)
	default:
		p.part(n)
	}
}

// part writes the nodes that are only ever parts of others.
func (p *printer) part(n Node) {
	switch n := n.(type) {
	case *WindowSpec:
		p.windowSpec(n)
	case *GroupBy:
		p.groupBy(n)
	case *With:
		p.with(n)
	case *TableAlias:
		p.alias(n)
	case OrderItem:
		p.orderItem(n)
	case SelectItem:
		p.selectItem(n)
	case GroupItem:
		p.groupItem(n)
	case ColumnDef:
		p.columnDef(n)
	default:
		p.put(fmt.Sprintf("%T", n))
	}
}

func (p *printer) put(parts ...string) {
	for _, part := range parts {
		p.WriteString(part)
	}
}

// putIf writes the text where the condition holds.
func (p *printer) putIf(cond bool, text string) {
	if cond {
		p.WriteString(text)
	}
}

func (p *printer) ident(id Ident) { p.put(QuoteIdent(id.Name)) }

func (p *printer) name(n Name) { list(p, n, ".", p.ident) }

func (p *printer) idents(ids []Ident) {
	p.put("(")
	list(p, ids, ", ", p.ident)
	p.put(")")
}

func (p *printer) property(o Property) {
	p.put(QuoteString(o.Key), " = ", QuoteString(o.Value))
}

func (p *printer) properties(props []Property) {
	p.put("(")
	list(p, props, ", ", p.property)
	p.put(")")
}

func (p *printer) comment(text string) {
	if text != "" {
		p.put(" COMMENT ", QuoteString(text))
	}
}

// list writes items with a separator between them.
func list[T any](p *printer, items []T, separator string, write func(T)) {
	for i, item := range items {
		if i > 0 {
			p.put(separator)
		}
		write(item)
	}
}
