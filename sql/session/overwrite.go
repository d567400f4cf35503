package session

import (
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// overwrite tells the sink of an INSERT OVERWRITE what it replaces; given are the values of PARTITION. The
// table may not be written by another INSERT of the statement.
func (s *Session) overwrite(in *ast.Insert, p *Planned, spec *catalog.TableSpec, given map[int]*expr.Expr) error {
	if before, ok := p.written[spec.Name]; ok && (before || in.Overwrite) {
		return ast.Errorf(in, ast.ClassSemantic, "table %s is overwritten by one of the statements and written by another", spec.Name)
	}
	if p.written == nil {
		p.written = map[string]bool{}
	}
	p.written[spec.Name] = in.Overwrite
	if !in.Overwrite {
		return nil
	}
	c, err := s.Registry.Lookup(spec.Connector)
	if err != nil {
		return err
	}
	if _, ok := c.(catalog.OverwritingConnector); !ok {
		return plan.Refuse(in, "insert-overwrite")
	}
	loc, err := s.Location()
	if err != nil {
		return err
	}
	spec.Overwrite = true
	spec.Static, err = staticTexts(spec, given, &expr.Env{Location: loc})
	return err
}

// staticTexts are the values of all partition columns as texts; nil if some are not known before the job runs.
func staticTexts(spec *catalog.TableSpec, given map[int]*expr.Expr, env *expr.Env) ([]*string, error) {
	var texts []*string
	for _, name := range spec.PartitionKeys {
		e := given[spec.Schema.Index(name)]
		if e == nil {
			return nil, nil
		}
		text, err := expr.NewCast(e, columnar.TypeString, false)
		if err != nil {
			return nil, err
		}
		switch text = expr.Fold(text, env); {
		case text.IsNullConstant():
			texts = append(texts, nil)
		case text.IsConstant():
			value := string(text.Value.Bytes)
			texts = append(texts, &value)
		default:
			return nil, nil
		}
	}
	return texts, nil
}

// overwrites reports whether some table is overwritten.
func (p *Planned) overwrites() bool {
	for _, o := range p.written {
		if o {
			return true
		}
	}
	return false
}
