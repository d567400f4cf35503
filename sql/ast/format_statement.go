package ast

import "strings"

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Query:
		p.query(s)
	case *Insert:
		p.insert(s)
	case *StatementSet:
		p.put("EXECUTE STATEMENT SET BEGIN ")
		for _, insert := range s.Inserts {
			p.insert(insert)
			p.put("; ")
		}
		p.put("END")
	case *Copy:
		p.copyTo(s)
	case *Explain:
		p.explain(s)
	case *Describe:
		p.describe(s)
	case *Show:
		p.show(s)
	case *Set:
		p.put("SET")
		if s.Key != "" {
			p.put(" ", QuoteString(s.Key), " = ", QuoteString(s.Value))
		}
	case *Reset:
		p.put("RESET")
		if s.Key != "" {
			p.put(" ", QuoteString(s.Key))
		}
	case *Use:
		p.put("USE ")
		p.putIf(s.Catalog, "CATALOG ")
		p.name(s.Name)
	case *StopJob:
		p.put("STOP JOB ", QuoteString(s.ID))
		p.putIf(s.Savepoint, " WITH SAVEPOINT")
		p.putIf(s.Drain, " WITH DRAIN")
	case *Command:
		p.put(string(s.Kind))
	default:
		p.ddl(s)
	}
}

func (p *printer) insert(s *Insert) {
	if s.Overwrite {
		p.put("INSERT OVERWRITE ")
	} else {
		p.put("INSERT INTO ")
	}
	p.name(s.Table)
	p.tableHints(s.Hints)
	if len(s.Partition) > 0 {
		p.put(" PARTITION (")
		list(p, s.Partition, ", ", func(v PartitionValue) {
			p.ident(v.Column)
			if v.Value != nil {
				p.put(" = ")
				p.expr(v.Value)
			}
		})
		p.put(")")
	}
	if len(s.Columns) > 0 {
		p.put(" ")
		p.idents(s.Columns)
	}
	p.put(" ")
	p.query(s.Query)
}

func (p *printer) copyTo(s *Copy) {
	p.put("COPY ")
	if s.Query != nil {
		p.put("(")
		p.query(s.Query)
		p.put(")")
	} else {
		p.name(s.Table)
	}
	p.put(" TO ", QuoteString(s.To))
	if len(s.Options) > 0 {
		p.put(" ")
		p.options(s.Options)
	}
}

func (p *printer) options(options []Option) {
	p.put("(")
	list(p, options, ", ", func(o Option) {
		p.put(QuoteString(o.Name))
		if len(o.Values) == 1 {
			p.put(" ", QuoteString(o.Values[0]))
		} else if len(o.Values) > 1 {
			p.put(" (")
			list(p, o.Values, ", ", func(v string) { p.put(QuoteString(v)) })
			p.put(")")
		}
	})
	p.put(")")
}

func (p *printer) explain(s *Explain) {
	p.put("EXPLAIN ")
	if len(s.Details) > 0 {
		p.put(strings.Join(s.Details, ", "), " ")
	}
	if len(s.Options) > 0 {
		p.options(s.Options)
		p.put(" ")
	}
	p.statement(s.Statement)
}

func (p *printer) describe(s *Describe) {
	p.put("DESCRIBE ")
	p.putIf(s.Extended, "EXTENDED ")
	switch {
	case s.Query != nil:
		p.query(s.Query)
	case s.Table != nil:
		p.name(s.Table)
	default:
		p.put(QuoteString(s.Path))
	}
}

func (p *printer) show(s *Show) {
	p.put("SHOW ", string(s.Kind))
	if len(s.Name) > 0 {
		switch s.Kind {
		case ShowCreateTable, ShowCreateView, ShowPartitions:
			p.put(" ")
		default:
			p.put(" FROM ")
		}
		p.name(s.Name)
	}
	if s.Like == nil {
		return
	}
	p.putIf(s.Like.Not, " NOT")
	if s.Like.Fold {
		p.put(" ILIKE ")
	} else {
		p.put(" LIKE ")
	}
	p.put(QuoteString(s.Like.Pattern))
}
