package ast

import "fmt"

func (p *printer) typ(t *Type) {
	switch t.Kind {
	case TypeInterval:
		p.put("INTERVAL")
		if t.Interval != nil {
			p.put(" ")
			p.intervalQualifier(t.Interval)
		}
	case TypeArray, TypeMultiset:
		p.put(t.Kind.String(), "<")
		p.typ(t.Elem)
		p.put(">")
	case TypeMap:
		p.put("MAP<")
		p.typ(t.Key)
		p.put(", ")
		p.typ(t.Elem)
		p.put(">")
	case TypeRow:
		p.put("ROW<")
		list(p, t.Fields, ", ", p.typeField)
		p.put(">")
	default:
		p.put(t.Kind.String())
		p.typeArgs(t.Args)
	}
	switch t.Null {
	case Nullable:
		p.put(" NULL")
	case NotNull:
		p.put(" NOT NULL")
	}
}

func (p *printer) typeArgs(args []int) {
	if len(args) == 0 {
		return
	}
	p.put("(")
	list(p, args, ", ", func(n int) { fmt.Fprint(p, n) })
	p.put(")")
}

func (p *printer) typeField(f TypeField) {
	p.ident(f.Name)
	p.put(" ")
	p.typ(f.Type)
	if f.Comment != "" {
		p.put(" ", QuoteString(f.Comment))
	}
}

func (p *printer) intervalQualifier(q *IntervalQualifier) {
	p.put(string(q.From))
	switch {
	case q.Precision >= 0 && q.FractionPrecision >= 0 && q.To == "":
		fmt.Fprintf(p, "(%d, %d)", q.Precision, q.FractionPrecision)
	case q.Precision >= 0:
		fmt.Fprintf(p, "(%d)", q.Precision)
	}
	if q.To == "" {
		return
	}
	p.put(" TO ", string(q.To))
	if q.FractionPrecision >= 0 {
		fmt.Fprintf(p, "(%d)", q.FractionPrecision)
	}
}
