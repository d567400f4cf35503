package session

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/binder"
	"github.com/anabranch/anabranch/sql/plan"
)

// createTable declares a table. TEMPORARY changes nothing: the catalog ends with the session.
func (s *Session) createTable(c *ast.CreateTable) (*Result, error) {
	if c.Query != nil {
		return nil, plan.Refuse(c, "create-as")
	}
	name := c.Name.Last().Name
	if _, exists := s.Catalog.Table(name); exists && c.IfNotExists {
		return nil, nil
	}
	t := &catalog.Table{Name: name, Comment: c.Comment, Options: map[string]string{}}
	if c.Like != nil {
		if err := s.like(c.Like, t); err != nil {
			return nil, err
		}
	}
	for _, p := range c.Options {
		t.Options[p.Key] = p.Value
	}
	if err := declare(c, t); err != nil {
		return nil, err
	}
	if err := s.checkTable(c, t); err != nil {
		return nil, err
	}
	if c.Replace {
		s.dropTable(name)
	}
	if err := s.Catalog.AddTable(t); err != nil {
		return nil, ast.Errorf(c.Name, ast.ClassSemantic, "%v", err)
	}
	return s.ignored(t), nil
}

// ignored tells of options that change nothing.
func (s *Session) ignored(t *catalog.Table) *Result {
	connector, err := s.Registry.Lookup(t.Options["connector"])
	if err != nil {
		return nil
	}
	return &Result{Note: strings.Join(catalog.IgnoredOptions(connector, t.Options), "\n")}
}

// declare adds what the statement itself says of columns, keys and watermarks.
func declare(c *ast.CreateTable, t *catalog.Table) error {
	for _, d := range c.Columns {
		column := catalog.Column{Name: d.Name.Name, Comment: d.Comment}
		if slices.ContainsFunc(t.Columns, func(o catalog.Column) bool { return o.Name == column.Name }) {
			return ast.Errorf(d.Name, ast.ClassSemantic, "column %s is declared twice", column.Name)
		}
		switch d.Kind {
		case ast.ColumnComputed:
			column.Kind, column.Expr = catalog.Computed, ast.Format(d.Expr)
		case ast.ColumnMetadata:
			column.Kind, column.Key, column.Virtual = catalog.Metadata, d.MetadataKey, d.Virtual
		}
		if d.Type != nil {
			var err error
			if column.Type, err = binder.Type(d.Type); err != nil {
				return err
			}
		}
		t.Columns = append(t.Columns, column)
	}
	if c.PrimaryKey != nil {
		if !c.PrimaryKey.NotEnforced {
			return ast.Errorf(c.PrimaryKey, ast.ClassSemantic, "PRIMARY KEY is declared, not checked: write PRIMARY KEY (...) NOT ENFORCED")
		}
		t.PrimaryKey = nil
		for _, k := range c.PrimaryKey.Columns {
			if err := hasColumn(t, k); err != nil {
				return err
			}
			t.PrimaryKey = append(t.PrimaryKey, k.Name)
		}
	}
	for _, k := range c.PartitionedBy {
		if err := hasColumn(t, k); err != nil {
			return err
		}
		t.PartitionKeys = append(t.PartitionKeys, k.Name)
	}
	for i, w := range c.Watermarks {
		if i > 0 {
			return ast.Errorf(w, ast.ClassSemantic, "a table has at most one watermark")
		}
		if len(w.Column) != 1 {
			return plan.Refuse(w, "watermark-field")
		}
		t.Watermark = &catalog.Watermark{Column: w.Column.Last().Name, Expr: ast.Format(w.Expr)}
	}
	return nil
}

func hasColumn(t *catalog.Table, k ast.Ident) error {
	if slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Name == k.Name }) {
		return nil
	}
	return ast.Errorf(k, ast.ClassSemantic, "table %s has no column %s", t.Name, k.Name)
}

// checkTable verifies options, columns and expressions, so that a table that is declared can be read.
func (s *Session) checkTable(c *ast.CreateTable, t *catalog.Table) error {
	name := t.Options["connector"]
	if name == "" {
		if len(t.Options) > 0 {
			return ast.Errorf(optionAt(c), ast.ClassSemantic, "a table with options needs the option 'connector'; a table without any lives in the session")
		}
		// A table of the session itself.
		name = "memory"
		t.Options["connector"] = name
	}
	connector, err := s.Registry.Lookup(name)
	if err == nil {
		err = catalog.CheckOptions(connector, t.Options)
	}
	if err != nil {
		return ast.Errorf(optionAt(c), ast.ClassSemantic, "%v", err)
	}
	if len(t.Columns) == 0 {
		if err := binder.Infer(connector, t); err != nil {
			return ast.Errorf(c, ast.ClassSemantic, "table %s: %v", t.Name, err)
		}
	}
	if err := checkPartitions(connector, c, t); err != nil {
		return err
	}
	b, err := s.binder()
	if err != nil {
		return err
	}
	b.Registry = nil // a sink has no source to ask
	_, err = b.Table(t, c)
	return err
}

// checkPartitions verifies PARTITIONED BY.
func checkPartitions(connector catalog.Connector, c *ast.CreateTable, t *catalog.Table) error {
	if len(t.PartitionKeys) == 0 {
		return nil
	}
	at := ast.Node(c)
	if len(c.PartitionedBy) > 0 {
		at = c.PartitionedBy[0]
	}
	p, ok := connector.(catalog.Partitioner)
	if !ok {
		return ast.Errorf(at, ast.ClassSemantic, "table %s: connector '%s' has no partitions; leave PARTITIONED BY out", t.Name, connector.Name())
	}
	if err := p.CheckPartitions(t.Spec()); err != nil {
		return ast.Errorf(at, ast.ClassSemantic, "%v", err)
	}
	return nil
}

func optionAt(c *ast.CreateTable) ast.Node {
	if len(c.Options) > 0 {
		return c.Options[0]
	}
	return c
}

// like takes over another table. Without options everything is taken over but what the new
// table's own clauses repeat; EXCLUDING leaves a part out.
func (s *Session) like(l *ast.LikeTable, t *catalog.Table) error {
	from, ok := s.Catalog.Table(l.Table.Last().Name)
	if !ok {
		return ast.Errorf(l.Table, ast.ClassSemantic, "unknown table %s", l.Table.Last().Name)
	}
	takes := func(f ast.LikeFeature) bool {
		takes := true
		for _, o := range l.Options {
			if o.Feature == f || o.Feature == ast.FeatureAll {
				takes = o.Mode != ast.LikeExcluding
			}
		}
		return takes
	}
	for _, column := range from.Columns {
		if column.Kind == catalog.Computed && !takes(ast.FeatureGenerated) || column.Kind == catalog.Metadata && !takes(ast.FeatureMetadata) {
			continue
		}
		t.Columns = append(t.Columns, column)
	}
	if takes(ast.FeatureConstraints) {
		t.PrimaryKey = slices.Clone(from.PrimaryKey)
	}
	if takes(ast.FeatureWatermarks) {
		t.Watermark = from.Watermark
	}
	if takes(ast.FeaturePartitions) {
		t.PartitionKeys = slices.Clone(from.PartitionKeys)
	}
	if takes(ast.FeatureOptions) {
		maps.Copy(t.Options, from.Options)
	}
	return nil
}

// createView declares a view. Its text is bound at once, so that mistakes show here.
func (s *Session) createView(c *ast.CreateView) error {
	name := c.Name.Last().Name
	if _, exists := s.Catalog.View(name); exists && c.IfNotExists {
		return nil
	}
	b, err := s.binder()
	if err != nil {
		return err
	}
	n, err := b.Query(c.Query)
	if err != nil {
		return err
	}
	v := &catalog.View{Name: name, Query: ast.Format(c.Query), Comment: c.Comment}
	for _, column := range c.Columns {
		v.Columns = append(v.Columns, column.Name.Name)
	}
	if width := plan.Width(n); len(v.Columns) > 0 && len(v.Columns) != width {
		return ast.Errorf(c, ast.ClassSemantic, "view %s names %d columns, its query has %d", name, len(v.Columns), width)
	}
	if err := s.Catalog.AddView(v, c.Replace); err != nil {
		return ast.Errorf(c.Name, ast.ClassSemantic, "%v", err)
	}
	return nil
}

func (s *Session) drop(d *ast.Drop) error {
	name := d.Name.Last().Name
	var found bool
	switch d.Kind {
	case ast.ObjectTable:
		found = s.dropTable(name)
	case ast.ObjectView:
		found = s.Catalog.DropView(name)
	default:
		return plan.Refuse(d, "statement", "DROP "+string(d.Kind))
	}
	if found || d.IfExists {
		return nil
	}
	kinds := map[bool]string{true: "view", false: "table"}
	if _, table := s.Catalog.Table(name); table || slices.Contains(s.Catalog.Names(true), name) {
		return ast.Errorf(d.Name, ast.ClassSemantic, "%s is a %s; write DROP %s", name, kinds[!table], strings.ToUpper(kinds[!table]))
	}
	message := fmt.Sprintf("unknown %s %s", map[ast.ObjectKind]string{ast.ObjectTable: "table", ast.ObjectView: "view"}[d.Kind], name)
	if near := s.Catalog.Nearest(name); near != "" {
		message += "; did you mean " + ast.QuoteIdent(near) + "?"
	}
	return ast.Errorf(d.Name, ast.ClassSemantic, "%s", message)
}

// dropTable forgets a table and lets its connector free what it keeps.
func (s *Session) dropTable(name string) bool {
	t, ok := s.Catalog.Table(name)
	if !ok {
		return false
	}
	if c, err := s.Registry.Lookup(t.Options["connector"]); err == nil {
		if d, ok := c.(catalog.Dropper); ok {
			d.Drop(name)
		}
	}
	return s.Catalog.DropTable(name)
}
