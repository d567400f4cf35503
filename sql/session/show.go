package session

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// The one catalog and database of a session, under the names Flink gives them.
const (
	catalogName  = "default_catalog"
	databaseName = "default_database"
)

func (s *Session) show(st *ast.Show) (*Result, error) {
	var names []string
	column := strings.ToLower(strings.TrimSuffix(string(st.Kind), "S")) + " name"
	switch st.Kind {
	case ast.ShowTables:
		names = append(s.Catalog.Names(false), s.Catalog.Names(true)...)
		slices.Sort(names)
	case ast.ShowViews:
		names = s.Catalog.Names(true)
	case ast.ShowFunctions:
		names = slices.Concat(expr.FunctionNames(), expr.AggregateNames(), s.Functions.Names())
		slices.Sort(names)
	case ast.ShowUserFunctions:
		column, names = "function name", s.Functions.Names()
	case ast.ShowCatalogs, ast.ShowCurrentCatalog:
		names = []string{catalogName}
	case ast.ShowDatabases, ast.ShowCurrentDatabase:
		names = []string{databaseName}
	case ast.ShowColumns:
		return s.describe(&ast.Describe{Pos: st.Pos, Table: st.Name})
	case ast.ShowCreateTable:
		t, ok := s.Catalog.Table(st.Name.Last().Name)
		if !ok {
			return nil, s.unknownTable(st.Name)
		}
		return &Result{Columns: []string{"create table"}, Rows: [][]string{{createTableText(t)}}}, nil
	case ast.ShowPartitions:
		var err error
		if names, err = s.partitions(st.Name); err != nil {
			return nil, err
		}
	case ast.ShowCreateView:
		v, ok := s.Catalog.View(st.Name.Last().Name)
		if !ok {
			return nil, s.unknownTable(st.Name)
		}
		return &Result{Columns: []string{"create view"}, Rows: [][]string{{createViewText(v)}}}, nil
	default:
		return nil, plan.Refuse(st, "statement", "SHOW "+string(st.Kind))
	}
	keep, err := likeFilter(st.Like)
	if err != nil {
		return nil, err
	}
	r := &Result{Columns: []string{column}}
	for _, n := range names {
		if keep(n) {
			r.Rows = append(r.Rows, []string{n})
		}
	}
	return r, nil
}

// partitions lists the partitions of a table.
func (s *Session) partitions(name ast.Name) ([]string, error) {
	t, ok := s.Catalog.Table(name.Last().Name)
	if !ok {
		return nil, s.unknownTable(name)
	}
	if len(t.PartitionKeys) == 0 {
		return nil, ast.Errorf(name, ast.ClassSemantic, "table %s has no partitions", t.Name)
	}
	c, err := s.Registry.Lookup(t.Options["connector"])
	if err != nil {
		return nil, ast.Errorf(name, ast.ClassSemantic, "%v", err)
	}
	p, ok := c.(catalog.Partitioner)
	if !ok {
		return nil, ast.Errorf(name, ast.ClassSemantic, "table %s: connector '%s' has no partitions", t.Name, c.Name())
	}
	names, err := p.Partitions(t.Spec())
	if err != nil {
		return nil, ast.Errorf(name, ast.ClassSemantic, "%v", err)
	}
	return names, nil
}

// likeFilter is the test of SHOW ... LIKE.
func likeFilter(l *ast.ShowLike) (func(string) bool, error) {
	if l == nil {
		return func(string) bool { return true }, nil
	}
	pattern := regexp.QuoteMeta(l.Pattern)
	pattern = strings.NewReplacer("%", ".*", "_", ".").Replace(pattern)
	flags := "(?s)"
	if l.Fold {
		flags = "(?is)"
	}
	re, err := regexp.Compile(flags + "^" + pattern + "$")
	if err != nil {
		return nil, ast.Errorf(l, ast.ClassSemantic, "'%s' is not a pattern: %v", l.Pattern, err)
	}
	return func(n string) bool { return re.MatchString(n) != l.Not }, nil
}

func (s *Session) unknownTable(name ast.Name) error {
	e := ast.Errorf(name, ast.ClassSemantic, "unknown table %s", name.Last().Name)
	if near := s.Catalog.Nearest(name.Last().Name); near != "" {
		e.Msg += "; did you mean " + ast.QuoteIdent(near) + "?"
	}
	return e
}

func createTableText(t *catalog.Table) string {
	var lines []string
	for _, c := range t.Columns {
		line := "  " + ast.QuoteIdent(c.Name) + " "
		switch c.Kind {
		case catalog.Computed:
			line += "AS " + c.Expr
		case catalog.Metadata:
			line += c.Type.String() + " METADATA"
			if c.Key != "" {
				line += " FROM " + ast.QuoteString(c.Key)
			}
			if c.Virtual {
				line += " VIRTUAL"
			}
		default:
			line += c.Type.String()
		}
		if c.Comment != "" {
			line += " COMMENT " + ast.QuoteString(c.Comment)
		}
		lines = append(lines, line)
	}
	if t.Watermark != nil {
		lines = append(lines, "  WATERMARK FOR "+ast.QuoteIdent(t.Watermark.Column)+" AS "+t.Watermark.Expr)
	}
	if len(t.PrimaryKey) > 0 {
		lines = append(lines, "  PRIMARY KEY ("+identList(t.PrimaryKey)+") NOT ENFORCED")
	}
	text := "CREATE TABLE " + ast.QuoteIdent(t.Name) + " (\n" + strings.Join(lines, ",\n") + "\n)"
	if t.Comment != "" {
		text += " COMMENT " + ast.QuoteString(t.Comment)
	}
	if len(t.PartitionKeys) > 0 {
		text += " PARTITIONED BY (" + identList(t.PartitionKeys) + ")"
	}
	var options []string
	for _, key := range slices.Sorted(maps.Keys(t.Options)) {
		options = append(options, "  "+ast.QuoteString(key)+" = "+ast.QuoteString(t.Options[key]))
	}
	return text + " WITH (\n" + strings.Join(options, ",\n") + "\n)"
}

func createViewText(v *catalog.View) string {
	text := "CREATE VIEW " + ast.QuoteIdent(v.Name)
	if len(v.Columns) > 0 {
		text += " (" + identList(v.Columns) + ")"
	}
	if v.Comment != "" {
		text += " COMMENT " + ast.QuoteString(v.Comment)
	}
	return text + " AS " + v.Query
}

func identList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = ast.QuoteIdent(n)
	}
	return strings.Join(quoted, ", ")
}

// describe lists the columns of a table, a file or a query.
func (s *Session) describe(d *ast.Describe) (*Result, error) {
	b, err := s.binder()
	if err != nil {
		return nil, err
	}
	query := d.Query
	switch {
	case d.Path != "":
		query = starOf(d.Pos, &ast.File{Pos: d.Pos, Path: d.Path})
	case len(d.Table) > 0:
		if t, ok := s.Catalog.Table(d.Table.Last().Name); ok {
			// The table may be one that can only be written to.
			b.Registry = nil
			n, err := b.Table(t, d.Table)
			if err != nil {
				return nil, err
			}
			return describeSchema(n, t), nil
		}
		query = starOf(d.Pos, &ast.Table{Pos: d.Table.Position(), Name: d.Table})
	}
	n, err := b.Query(query)
	if err != nil {
		return nil, err
	}
	return describeSchema(n, nil), nil
}

func starOf(pos ast.Pos, ref ast.TableRef) *ast.Query {
	items := []ast.SelectItem{{Pos: pos, Expr: &ast.Star{Pos: pos}}}
	return &ast.Query{Pos: pos, Body: &ast.Select{Pos: pos, Items: items, From: []ast.TableRef{ref}}}
}

func describeSchema(n plan.Node, t *catalog.Table) *Result {
	traits := plan.TraitsOf(n)
	r := &Result{Columns: []string{"name", "type", "null", "key", "extras", "watermark"}}
	for i, f := range n.Schema().Fields {
		row := []string{f.Name, f.Type.Nullable().String(), "TRUE", "", "", ""}
		// Flink's marks of time attributes.
		if slices.Contains(traits.Processing, i) {
			row[1] += " *PROCTIME*"
		} else if slices.Contains(traits.Time, i) {
			row[1] += " *ROWTIME*"
		}
		if f.Type.NotNull {
			row[2] = "FALSE"
		}
		if t != nil {
			if slices.Contains(t.PrimaryKey, f.Name) {
				row[3] = fmt.Sprintf("PRI(%s)", strings.Join(t.PrimaryKey, ", "))
			}
			if c := t.Columns[i]; c.Kind == catalog.Computed {
				row[4] = "AS " + c.Expr
			}
			if t.Watermark != nil && t.Watermark.Column == f.Name {
				row[5] = t.Watermark.Expr
			}
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}
