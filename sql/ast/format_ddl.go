package ast

func (p *printer) ddl(s Statement) {
	switch s := s.(type) {
	case *CreateTable:
		p.createTable(s)
	case *CreateView:
		p.createView(s)
	case *CreateFunction:
		p.put("CREATE ")
		p.putIf(s.Temporary, "TEMPORARY ")
		p.putIf(s.System, "SYSTEM ")
		p.put("FUNCTION ")
		p.putIf(s.IfNotExists, "IF NOT EXISTS ")
		p.name(s.Name)
		p.put(" AS ", QuoteString(s.Class))
		p.putIf(s.Language != "", " LANGUAGE "+s.Language)
	case *CreateCatalog:
		p.put("CREATE CATALOG ")
		p.putIf(s.IfNotExists, "IF NOT EXISTS ")
		p.ident(s.Name)
		p.comment(s.Comment)
		p.withOptions(s.Options)
	case *CreateDatabase:
		p.put("CREATE DATABASE ")
		p.putIf(s.IfNotExists, "IF NOT EXISTS ")
		p.name(s.Name)
		p.comment(s.Comment)
		p.withOptions(s.Options)
	case *Drop:
		p.drop(s)
	case *AlterTable:
		p.alterTable(s)
	case *AlterView:
		p.put("ALTER VIEW ")
		p.name(s.Name)
		if s.Query != nil {
			p.put(" AS ")
			p.query(s.Query)
		} else {
			p.put(" RENAME TO ")
			p.name(s.RenameTo)
		}
	}
}

func (p *printer) withOptions(options []Property) {
	if len(options) > 0 {
		p.put(" WITH ")
		p.properties(options)
	}
}

func (p *printer) createTable(s *CreateTable) {
	p.put("CREATE ")
	p.putIf(s.Replace, "OR REPLACE ")
	p.putIf(s.Temporary, "TEMPORARY ")
	p.put("TABLE ")
	p.putIf(s.IfNotExists, "IF NOT EXISTS ")
	p.name(s.Name)
	p.tableElements(s)
	p.comment(s.Comment)
	if len(s.PartitionedBy) > 0 {
		p.put(" PARTITIONED BY ")
		p.idents(s.PartitionedBy)
	}
	p.withOptions(s.Options)
	if s.Like != nil {
		p.put(" LIKE ")
		p.name(s.Like.Table)
		if len(s.Like.Options) > 0 {
			p.put(" (")
			list(p, s.Like.Options, " ", func(o LikeOption) {
				p.put(o.Mode.String(), " ", string(o.Feature))
			})
			p.put(")")
		}
	}
	if s.Query != nil {
		p.put(" AS ")
		p.query(s.Query)
	}
}

func (p *printer) tableElements(s *CreateTable) {
	var elements []func()
	for _, c := range s.Columns {
		elements = append(elements, func() { p.columnDef(c) })
	}
	if s.PrimaryKey != nil {
		elements = append(elements, func() { p.primaryKey(s.PrimaryKey) })
	}
	for _, w := range s.Watermarks {
		elements = append(elements, func() {
			p.put("WATERMARK FOR ")
			p.name(w.Column)
			p.put(" AS ")
			p.expr(w.Expr)
		})
	}
	if len(elements) == 0 {
		return
	}
	p.put(" (")
	list(p, elements, ", ", func(write func()) { write() })
	p.put(")")
}

func (p *printer) columnDef(c ColumnDef) {
	p.ident(c.Name)
	switch c.Kind {
	case ColumnComputed:
		p.put(" AS ")
		p.expr(c.Expr)
	case ColumnMetadata:
		p.put(" ")
		p.typ(c.Type)
		p.put(" METADATA")
		if c.MetadataKey != "" {
			p.put(" FROM ", QuoteString(c.MetadataKey))
		}
		p.putIf(c.Virtual, " VIRTUAL")
	default:
		if c.Type != nil {
			p.put(" ")
			p.typ(c.Type)
		}
	}
	p.comment(c.Comment)
}

func (p *printer) primaryKey(k *PrimaryKey) {
	if k.Name != nil {
		p.put("CONSTRAINT ")
		p.ident(*k.Name)
		p.put(" ")
	}
	p.put("PRIMARY KEY ")
	p.idents(k.Columns)
	p.putIf(k.NotEnforced, " NOT ENFORCED")
}

func (p *printer) createView(s *CreateView) {
	p.put("CREATE ")
	p.putIf(s.Replace, "OR REPLACE ")
	p.putIf(s.Temporary, "TEMPORARY ")
	p.put("VIEW ")
	p.putIf(s.IfNotExists, "IF NOT EXISTS ")
	p.name(s.Name)
	if len(s.Columns) > 0 {
		p.put(" (")
		list(p, s.Columns, ", ", func(c ViewColumn) {
			p.ident(c.Name)
			p.comment(c.Comment)
		})
		p.put(")")
	}
	p.comment(s.Comment)
	p.put(" AS ")
	p.query(s.Query)
}

func (p *printer) drop(s *Drop) {
	p.put("DROP ")
	p.putIf(s.Temporary, "TEMPORARY ")
	p.putIf(s.System, "SYSTEM ")
	p.put(string(s.Kind), " ")
	p.putIf(s.IfExists, "IF EXISTS ")
	p.name(s.Name)
	p.putIf(s.Cascade, " CASCADE")
}

func (p *printer) alterTable(s *AlterTable) {
	p.put("ALTER TABLE ")
	p.putIf(s.IfExists, "IF EXISTS ")
	p.name(s.Name)
	switch {
	case len(s.RenameTo) > 0:
		p.put(" RENAME TO ")
		p.name(s.RenameTo)
	case len(s.Set) > 0:
		p.put(" SET ")
		p.properties(s.Set)
	default:
		p.put(" RESET (")
		list(p, s.Reset, ", ", func(key string) { p.put(QuoteString(key)) })
		p.put(")")
	}
}
