package binder

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
)

// RowCounter is a source that knows how many rows it has.
type RowCounter interface {
	RowCount() (int64, bool)
}

// table binds a name: a common table expression, a table or a view.
func (b *Binder) table(ref *ast.Table, with *ctes) (*relation, error) {
	if ref.AsOf != nil {
		return nil, plan.Refuse(ref.AsOf, "temporal-join")
	}
	name := ref.Name.Last().Name
	if len(ref.Name) == 1 {
		if c := with.find(name); c != nil {
			r, err := b.cte(c, ref.Name[0])
			if err != nil {
				return nil, err
			}
			return aliased(r, ref.Alias)
		}
	}
	var r *relation
	var err error
	if t, ok := b.Catalog.Table(name); ok {
		for _, h := range ref.Hints {
			t = hinted(t, h)
		}
		r, err = b.declared(t, ref)
	} else if x := b.Streams[name]; x != nil {
		r = &relation{node: x, scope: scopeOf(x.Out, name)}
	} else if v, ok := b.Catalog.View(name); ok {
		r, err = b.view(v, ref)
	} else {
		e := ast.Errorf(ref, ast.ClassSemantic, "unknown table %s", name)
		if near := b.Catalog.Nearest(name); near != "" {
			e.Msg += "; did you mean " + ast.QuoteIdent(near) + "?"
		}
		err = e
	}
	if err != nil {
		return nil, err
	}
	return aliased(r, ref.Alias)
}

// hinted is a table with the options of /*+ OPTIONS('k' = 'v') */.
func hinted(t *catalog.Table, h ast.Hint) *catalog.Table {
	if !strings.EqualFold(h.Name.Name, "OPTIONS") {
		return t
	}
	c := *t
	c.Options = map[string]string{}
	for k, v := range t.Options {
		c.Options[k] = v
	}
	for _, p := range h.Options {
		c.Options[p.Key] = p.Value
	}
	return &c
}

func (b *Binder) view(v *catalog.View, at ast.Node) (*relation, error) {
	if slices.Contains(b.views, v.Name) || len(b.views) >= viewDepthMax {
		return nil, ast.Errorf(at, ast.ClassSemantic, "view %s refers to itself", v.Name)
	}
	statements, err := parser.Parse(v.Query)
	if err == nil && len(statements) == 1 {
		if q, ok := statements[0].(*ast.Query); ok {
			if len(b.views) == 0 {
				b.storedAt = at
			}
			b.views = append(b.views, v.Name)
			r, err := b.query(q, nil, nil)
			if b.views = b.views[:len(b.views)-1]; len(b.views) == 0 {
				b.storedAt = nil
			}
			if err != nil {
				return nil, within(at, "view "+v.Name, err)
			}
			alias := ast.TableAlias{Pos: at.Position(), Name: ast.Ident{Name: v.Name}}
			for _, c := range v.Columns {
				alias.Columns = append(alias.Columns, ast.Ident{Pos: at.Position(), Name: c})
			}
			return rename(r, alias)
		}
	}
	return nil, ast.Errorf(at, ast.ClassSemantic, "view %s does not hold a query", v.Name)
}

// within moves an error in stored SQL text to the place that refers to it.
func within(at ast.Node, what string, err error) error {
	if e, ok := err.(*ast.Error); ok { //nolint:errorlint // errors of the binder are never wrapped
		moved := ast.Errorf(at, e.Class, "%s: %s", what, e.Msg)
		moved.Hint = e.Hint
		return moved
	}
	return ast.Errorf(at, ast.ClassSemantic, "%s: %v", what, err)
}

// Table binds a declared table with its computed columns and watermark. Without a registry the
// source is not asked for anything.
func (b *Binder) Table(t *catalog.Table, at ast.Node) (plan.Node, error) {
	r, err := b.declared(t, at)
	if err != nil {
		return nil, err
	}
	return r.node, nil
}

func (b *Binder) declared(t *catalog.Table, at ast.Node) (*relation, error) {
	spec := t.Spec()
	if b.Batch && b.Registry != nil {
		if c, err := b.Registry.Lookup(spec.Connector); err == nil {
			if bounder, ok := c.(catalog.Bounder); ok {
				spec.Options = bounder.Bound(spec.Options)
			}
		}
	}
	scan := &plan.Scan{Table: spec, TimeColumn: -1, Rows: -1, Out: &columnar.Schema{}}
	for i := range spec.Schema.Fields {
		scan.Columns = append(scan.Columns, i)
	}
	if err := b.columns(t, scan, at); err != nil {
		return nil, err
	}
	if t.Watermark != nil {
		if err := b.watermark(t, scan, at); err != nil {
			return nil, err
		}
	}
	if err := b.open(scan, at); err != nil {
		return nil, err
	}
	s := scopeOf(scan.Out, t.Name)
	if b.upserts(spec) {
		return &relation{node: normalized(scan, t), scope: s}, nil
	}
	return &relation{node: scan, scope: s}, nil
}

// columns fills the output of a scan: the physical columns, those of metadata, and the computed ones,
// which see the others only.
func (b *Binder) columns(t *catalog.Table, scan *plan.Scan, at ast.Node) error {
	physical := len(scan.Table.Schema.Fields)
	visible := &columnar.Schema{Fields: slices.Clone(scan.Table.Schema.Fields)}
	var metadata []*expr.Expr
	for _, c := range t.Columns {
		if c.Kind != catalog.Metadata {
			continue
		}
		e, err := b.metadata(c, scan)
		if err != nil {
			return within(at, "column "+c.Name+" of table "+t.Name, err)
		}
		metadata = append(metadata, e)
		visible.Fields = append(visible.Fields, columnar.Field{Name: c.Name, Type: e.Type})
	}
	computed := len(metadata) > 0
	next, nextMetadata := 0, 0
	for _, c := range t.Columns {
		var e *expr.Expr
		switch c.Kind {
		case catalog.Physical:
			f := visible.Fields[next]
			e = expr.Col(next, f.Name, f.Type)
			next++
		case catalog.Metadata:
			e = metadata[nextMetadata]
			nextMetadata++
		case catalog.Computed:
			var err error
			if e, err = b.stored(c.Expr, scopeOf(visible, t.Name), at); err != nil {
				return within(at, "column "+c.Name+" of table "+t.Name, err)
			}
			e = e.Rewrite(func(e *expr.Expr) *expr.Expr {
				if e.Op == expr.Column && e.Index >= physical {
					return metadata[e.Index-physical]
				}
				return e
			})
			computed = true
		}
		scan.Project = append(scan.Project, e)
		scan.Out.Fields = append(scan.Out.Fields, columnar.Field{Name: c.Name, Type: e.Type})
	}
	if !computed {
		scan.Project = nil
	}
	return nil
}

// metadata adds a metadata column to what is read and gives it the declared type.
func (b *Binder) metadata(c catalog.Column, scan *plan.Scan) (*expr.Expr, error) {
	key := c.Key
	if key == "" {
		key = c.Name
	}
	f := columnar.Field{Name: key, Type: c.Type}
	if b.Registry != nil {
		connector, err := b.Registry.Lookup(scan.Table.Connector)
		if err != nil {
			return nil, err
		}
		m, ok := connector.(catalog.MetadataConnector)
		if !ok {
			return nil, fmt.Errorf("connector '%s' has no metadata columns", connector.Name())
		}
		known := &columnar.Schema{Fields: m.MetadataColumns()}
		i := known.Index(key)
		if i < 0 {
			return nil, fmt.Errorf("connector '%s' has no metadata '%s' (known: %s)", connector.Name(), key, strings.Join(known.Names(), ", "))
		}
		f = known.Fields[i]
	}
	at := len(scan.Table.Schema.Fields)
	scan.Table.Schema.Fields = append(scan.Table.Schema.Fields, f)
	scan.Table.Metadata = append(scan.Table.Metadata, key)
	scan.Columns = append(scan.Columns, at)
	return expr.NewCast(expr.Col(at, c.Name, f.Type), c.Type, false)
}

// stored binds an expression of a table's definition, which is read at a place.
func (b *Binder) stored(text string, s *scope, at ast.Node) (*expr.Expr, error) {
	tree, err := parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	if b.storedAt == nil {
		b.storedAt = at
		defer func() { b.storedAt = nil }()
	}
	return (&exprBinder{b: b, scope: s, clause: "a table's definition"}).bind(tree)
}

func (b *Binder) watermark(t *catalog.Table, scan *plan.Scan, at ast.Node) error {
	column := scan.Out.Index(t.Watermark.Column)
	if column < 0 {
		return ast.Errorf(at, ast.ClassSemantic, "watermark of table %s: unknown column %s", t.Name, t.Watermark.Column)
	}
	if typ := scan.Out.Fields[column].Type; !typ.IsTimestamp() {
		return ast.Errorf(at, ast.ClassSemantic, "watermark of table %s: column %s is %s, not a timestamp", t.Name, t.Watermark.Column, typ.Nullable())
	}
	if plan.Processes(scan, column) {
		return ast.Errorf(at, ast.ClassSemantic, "watermark of table %s: column %s is a processing time, which needs none", t.Name, t.Watermark.Column)
	}
	w, err := b.stored(t.Watermark.Expr, scopeOf(scan.Out, t.Name), at)
	if err != nil {
		return within(at, "watermark of table "+t.Name, err)
	}
	if !w.Type.IsTimestamp() {
		return ast.Errorf(at, ast.ClassSemantic, "watermark of table %s is %s, not a timestamp", t.Name, w.Type.Nullable())
	}
	scan.Watermark, scan.TimeColumn = w, column
	return nil
}

// open asks the source what it knows.
func (b *Binder) open(scan *plan.Scan, at ast.Node) error {
	if b.Registry == nil {
		return nil
	}
	source, err := b.Registry.Source(scan.Table)
	if err != nil {
		return ast.Errorf(at, ast.ClassSemantic, "%v", err)
	}
	scan.Unbounded = !source.Bounded()
	if c, ok := source.(RowCounter); ok {
		if n, known := c.RowCount(); known {
			scan.Rows = n
		}
	}
	return nil
}

// FileOptions are the options of the table that a path names.
func FileOptions(file string) map[string]string {
	options := map[string]string{"connector": "filesystem", "path": file}
	base := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(file), ".gz"), ".zst")
	switch path.Ext(base) {
	case ".parquet":
		options["format"] = "parquet"
	case ".arrow", ".arrows", ".feather":
		options["format"] = "arrow"
	case ".csv":
		options["format"] = "csv"
	case ".json", ".jsonl", ".ndjson":
		options["format"] = "json"
	}
	return options
}

// file binds a path as a table.
func (b *Binder) file(file string, at ast.Node) (*relation, error) {
	options := FileOptions(file)
	if b.Registry == nil {
		return nil, ast.Errorf(at, ast.ClassSemantic, "no connectors to read '%s' with", file)
	}
	c, err := b.Registry.Lookup(options["connector"])
	if err != nil {
		return nil, fault(at, err)
	}
	name := strings.SplitN(path.Base(file), ".", 2)[0]
	t := &catalog.Table{Name: name, Options: options}
	if err := Infer(c, t); err != nil {
		return nil, fault(at, err)
	}
	return b.declared(t, at)
}

// Infer fills in the columns and partitions of a table that declares none.
func Infer(c catalog.Connector, t *catalog.Table) error {
	i, ok := c.(catalog.Inferrer)
	if !ok {
		return fmt.Errorf("connector '%s' cannot tell the columns; declare them", c.Name())
	}
	schema, err := i.Infer(context.Background(), t.Options)
	if err != nil {
		return err
	}
	for _, f := range schema.Fields {
		t.Columns = append(t.Columns, catalog.Column{Name: f.Name, Type: f.Type})
	}
	if p, ok := c.(catalog.Partitioner); ok {
		t.PartitionKeys, err = p.InferPartitions(context.Background(), t.Options)
	}
	return err
}
