package binder

import (
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// upserts reports whether the rows of a table are changes by primary key.
func (b *Binder) upserts(spec *catalog.TableSpec) bool {
	if b.Registry == nil {
		return false
	}
	c, err := b.Registry.Lookup(spec.Connector)
	if err != nil {
		return false
	}
	u, ok := c.(catalog.UpsertSource)
	return ok && u.ReadsUpserts(spec)
}

// normalized makes rows of what a scan of upserts reads. A deletion has no values, so columns are computed
// of whole rows, behind: all but those that give another value each time, which must be the same when
// a row is taken back. Event times of such a table bound nothing, so it has no watermark.
func normalized(scan *plan.Scan, t *catalog.Table) plan.Node {
	scan.Watermark, scan.TimeColumn = nil, -1
	exprs, out := scan.Project, scan.Out
	if exprs != nil {
		scan.Out = &columnar.Schema{Fields: append([]columnar.Field(nil), scan.Table.Schema.Fields...)}
		scan.Project = identity(scan.Out)
		for i, e := range exprs {
			if !e.Volatile() {
				continue
			}
			exprs[i] = expr.Col(len(scan.Project), out.Fields[i].Name, e.Type)
			scan.Project = append(scan.Project, e)
			scan.Out.Fields = append(scan.Out.Fields, out.Fields[i])
		}
	}
	n := &plan.Normalize{Input: scan}
	for _, k := range t.PrimaryKey {
		n.Keys = append(n.Keys, scan.Out.Index(k))
	}
	if exprs == nil {
		return n
	}
	return &plan.Project{Input: n, Exprs: exprs, Out: out}
}

func identity(s *columnar.Schema) []*expr.Expr {
	exprs := make([]*expr.Expr, len(s.Fields))
	for i, f := range s.Fields {
		exprs[i] = expr.Col(i, f.Name, f.Type)
	}
	return exprs
}
