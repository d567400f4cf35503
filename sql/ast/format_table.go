package ast

func (p *printer) alias(a *TableAlias) {
	if a == nil {
		return
	}
	p.put(" AS ")
	p.ident(a.Name)
	if len(a.Columns) > 0 {
		p.put(" ")
		p.idents(a.Columns)
	}
}

func (p *printer) tableHints(hints []Hint) {
	if len(hints) > 0 {
		p.put(" ")
		p.hints(hints)
	}
}

func (p *printer) tableRef(t TableRef) {
	switch t := t.(type) {
	case *Table:
		p.name(t.Name)
		p.tableHints(t.Hints)
		if t.AsOf != nil {
			p.put(" FOR SYSTEM_TIME AS OF ")
			p.expr(t.AsOf)
		}
		p.alias(t.Alias)
	case *File:
		p.put(QuoteString(t.Path))
		p.tableHints(t.Hints)
		p.alias(t.Alias)
	case *Derived:
		p.putIf(t.Lateral, "LATERAL ")
		p.put("(")
		p.query(t.Query)
		p.put(")")
		p.alias(t.Alias)
	case *TableFunc:
		p.putIf(t.Lateral, "LATERAL ")
		p.put("TABLE(")
		p.call(t.Call)
		p.put(")")
		p.putIf(t.Ordinality, " WITH ORDINALITY")
		p.alias(t.Alias)
	case *Unnest:
		p.put("UNNEST(")
		p.exprs(t.Args)
		p.put(")")
		p.putIf(t.Ordinality, " WITH ORDINALITY")
		p.alias(t.Alias)
	case *Join:
		p.join(t)
	}
}

func (p *printer) join(j *Join) {
	p.tableRef(j.Left)
	p.put(" ")
	p.putIf(j.Natural, "NATURAL ")
	p.put(j.Kind.String(), " JOIN ")
	_, nested := j.Right.(*Join)
	p.putIf(nested, "(")
	p.tableRef(j.Right)
	p.putIf(nested, ")")
	if j.On != nil {
		p.put(" ON ")
		p.expr(j.On)
	}
	if len(j.Using) > 0 {
		p.put(" USING ")
		p.idents(j.Using)
	}
}
