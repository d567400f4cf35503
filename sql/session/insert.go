package session

import (
	"errors"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/binder"
	"github.com/anabranch/anabranch/sql/physical"
	"github.com/anabranch/anabranch/sql/plan"
)

// insert plans INSERT INTO, by itself or in a statement set.
func (s *Session) insert(in *ast.Insert, p *Planned) error {
	name := in.Table.Last().Name
	table, ok := s.Catalog.Table(name)
	if !ok {
		e := ast.Errorf(in.Table, ast.ClassSemantic, "unknown table %s", name)
		if near := expr.Nearest(name, s.Catalog.Names(false)); near != "" {
			e.Msg += "; did you mean " + ast.QuoteIdent(near) + "?"
		}
		return e
	}
	if err := s.checkSink(table.Spec(), in.Table); err != nil {
		return err
	}
	spec, order, err := s.sinkSpec(table, in.Table)
	if err != nil {
		return err
	}
	b, err := s.binder()
	if err != nil {
		return err
	}
	n, err := b.Query(in.Query)
	if err != nil {
		return err
	}
	given, err := staticPartition(in, b, spec)
	if err != nil {
		return err
	}
	if err := s.overwrite(in, p, spec, given); err != nil {
		return err
	}
	if n, err = s.assign(in, n, spec, order, given); err != nil {
		return err
	}
	return s.sink(n, spec, p, in)
}

// staticPartition are the values that PARTITION (k = v) gives, by column.
func staticPartition(in *ast.Insert, b *binder.Binder, spec *catalog.TableSpec) (map[int]*expr.Expr, error) {
	given, named := map[int]*expr.Expr{}, map[string]bool{}
	for _, v := range in.Partition {
		name := v.Column.Name
		if !slices.Contains(spec.PartitionKeys, name) {
			return nil, ast.Errorf(v, ast.ClassSemantic, "table %s has no partition column %s", spec.Name, name)
		}
		if named[name] {
			return nil, ast.Errorf(v, ast.ClassSemantic, "partition column %s is named twice", name)
		}
		named[name] = true
		if v.Value == nil {
			continue
		}
		c := spec.Schema.Index(name)
		e, err := b.Constant(v.Value, "PARTITION")
		if err != nil {
			return nil, err
		}
		if given[c], err = partitionValue(e, spec.Schema.Fields[c].Type, &expr.Env{Location: b.Location}); err != nil {
			return nil, ast.Errorf(v, ast.ClassSemantic, "column %s of table %s: %v", name, spec.Name, err)
		}
	}
	return given, nil
}

// partitionValue converts a value that PARTITION gives; a text may be that of any type.
func partitionValue(e *expr.Expr, t columnar.Type, env *expr.Env) (*expr.Expr, error) {
	if e.IsNullConstant() {
		if t.NotNull {
			return nil, errors.New("it is NOT NULL")
		}
		return expr.Null(t), nil
	}
	if !e.Type.IsString() {
		return assignable(e, t)
	}
	cast, err := expr.NewCast(e, t, false)
	if err != nil {
		return nil, err
	}
	if cast = expr.Fold(cast, env); e.IsConstant() && !cast.IsConstant() {
		return nil, fmt.Errorf("%s is not %s", e, t.Nullable())
	}
	return cast, nil
}

func (s *Session) sink(n plan.Node, spec *catalog.TableSpec, p *Planned, statement ast.Statement) error {
	p.Logical = append(p.Logical, n)
	n = s.runnable(n)
	p.Optimized = append(p.Optimized, n)
	c, err := s.Registry.Lookup(spec.Connector)
	if err != nil {
		return err
	}
	changes, ok := c.(catalog.ChangelogSink)
	if plan.TraitsOf(n).Changelog && (!ok || !changes.TakesChangelog(spec)) {
		if !s.Endless {
			return plan.Refuse(statement, "changelog-sink", spec.Connector)
		}
		n = &plan.Materialize{Input: n}
	}
	if keyed, ok := c.(catalog.KeyedSink); ok && keyed.KeepsNewest(spec) && len(spec.PrimaryKey) > 0 {
		n = onePerKey(n, spec)
	}
	single, ok := c.(catalog.SingleWriter)
	p.roots = append(p.roots, physical.Root{Plan: n, At: statement, Sink: spec, Alone: ok && single.WritesAlone(spec)})
	return nil
}

// onePerKey has a changelog for a table with a primary key hold one row a key. Where rows of one key come
// and go independently of each other, the table would else lose the one that stays when another goes;
// of several that stay the first in order is the table's.
func onePerKey(n plan.Node, spec *catalog.TableSpec) plan.Node {
	if !plan.TraitsOf(n).Changelog {
		return n
	}
	var primary []int
	for _, name := range spec.PrimaryKey {
		if i := spec.Schema.Index(name); i >= 0 {
			primary = append(primary, i)
		}
	}
	if key, ok := plan.KeyOf(n); ok && !slices.ContainsFunc(key, func(c int) bool { return !slices.Contains(primary, c) }) {
		return n
	}
	rank := &plan.Rank{Input: n, Partition: primary, From: 1, To: 1}
	for i, f := range spec.Schema.Fields {
		if !f.Type.IsNested() {
			rank.Keys = append(rank.Keys, order.Key{Column: i})
		}
	}
	return rank
}

// checkSink verifies that a table can be written to.
func (s *Session) checkSink(spec *catalog.TableSpec, at ast.Node) error {
	c, err := s.Registry.Lookup(spec.Connector)
	if err != nil {
		return ast.Errorf(at, ast.ClassSemantic, "%v", err)
	}
	if _, ok := c.(catalog.SinkConnector); !ok {
		return ast.Errorf(at, ast.ClassSemantic, "table %s: connector '%s' can only be read from", spec.Name, spec.Connector)
	}
	return nil
}

// targets are the columns of a table that those of the query go to: all that are not given, in the order
// in which they are declared.
func targets(in *ast.Insert, spec *catalog.TableSpec, order []int, given map[int]*expr.Expr) ([]int, error) {
	var target []int
	if len(in.Columns) == 0 {
		for _, i := range order {
			if given[i] == nil {
				target = append(target, i)
			}
		}
		return target, nil
	}
	for _, c := range in.Columns {
		i := spec.Schema.Index(c.Name)
		if i < 0 {
			e := ast.Errorf(c, ast.ClassSemantic, "table %s has no column %s", spec.Name, c.Name)
			if near := expr.Nearest(c.Name, spec.Schema.Names()); near != "" {
				e.Msg += "; did you mean " + ast.QuoteIdent(near) + "?"
			}
			return nil, e
		}
		if given[i] != nil {
			return nil, ast.Errorf(c, ast.ClassSemantic, "PARTITION gives column %s its value already", c.Name)
		}
		target = append(target, i)
	}
	return target, nil
}

// assign converts the columns of a query to those of a table, in its order; columns left out
// that are not given are null.
func (s *Session) assign(in *ast.Insert, n plan.Node, spec *catalog.TableSpec, order []int, given map[int]*expr.Expr) (plan.Node, error) {
	fields := spec.Schema.Fields
	target, err := targets(in, spec, order, given)
	if err != nil {
		return nil, err
	}
	if plan.Width(n) != len(target) {
		return nil, ast.Errorf(in, ast.ClassSemantic, "table %s takes %d columns, the query has %d", spec.Name, len(target), plan.Width(n))
	}
	exprs := make([]*expr.Expr, len(fields))
	for i, e := range given {
		exprs[i] = e
	}
	for i, t := range target {
		if plan.OnlyNull(n, i) && !fields[t].Type.NotNull {
			exprs[t] = expr.Null(fields[t].Type)
			continue
		}
		e, err := assignable(plan.Col(n, i), fields[t].Type)
		if err == nil && fields[t].Type.NotNull {
			e, err = expr.Required(e, fmt.Sprintf("column %s of table %s", fields[t].Name, spec.Name))
		}
		if err != nil {
			return nil, ast.Errorf(in, ast.ClassSemantic, "column %s of table %s: %v", fields[t].Name, spec.Name, err)
		}
		if len(e.Args) > 0 {
			s.places = append(s.places, valueNode(in, i))
			e.SetPlace(len(s.places))
		}
		exprs[t] = e
	}
	for i, e := range exprs {
		if e != nil {
			continue
		}
		if fields[i].Type.NotNull {
			return nil, ast.Errorf(in, ast.ClassSemantic, "column %s of table %s is NOT NULL and needs a value", fields[i].Name, spec.Name)
		}
		exprs[i] = expr.Null(fields[i].Type)
	}
	return plan.NewProject(n, exprs, spec.Schema.Names()), nil
}

// valueNode is what stands for value i of an INSERT: the item of its SELECT, the name of the column in its list, or
// else the table's.
func valueNode(in *ast.Insert, i int) ast.Node {
	if list, ok := in.Query.Body.(*ast.Select); ok {
		star := slices.ContainsFunc(list.Items, func(item ast.SelectItem) bool { _, is := item.Expr.(*ast.Star); return is })
		if !star && i < len(list.Items) {
			return list.Items[i]
		}
	}
	if i < len(in.Columns) {
		return in.Columns[i]
	}
	return in.Table
}

// assignable converts a value for storage: numbers among each other, texts among each other, and
// what converts without loss.
func assignable(e *expr.Expr, t columnar.Type) (*expr.Expr, error) {
	u := e.Type
	_, common := expr.CommonType(u, t)
	if !common && !(u.Kind == columnar.Null) {
		return nil, ast.Errorf(ast.Ident{}, ast.ClassSemantic, "a %s is not assigned to %s; use CAST", u.Nullable(), t.Nullable())
	}
	return expr.NewCast(e, t, false)
}

// copyTo plans COPY query TO 'file'.
func (s *Session) copyTo(c *ast.Copy, p *Planned) error {
	options := binder.FileOptions(c.To)
	for _, o := range c.Options {
		switch {
		case o.Name == "FORMAT" && len(o.Values) == 1:
			options["format"] = o.Values[0]
		default:
			return plan.Refuse(c, "copy-option", o.Name)
		}
	}
	query := c.Query
	if query == nil {
		query = &ast.Query{Pos: c.Pos, Body: &ast.TableQuery{Pos: c.Table.Position(), Name: c.Table}}
	}
	b, err := s.binder()
	if err != nil {
		return err
	}
	n, err := b.Query(query)
	if err != nil {
		return err
	}
	if name := catalog.Twice(n.Schema().Names()); name != "" {
		return ast.Errorf(c, ast.ClassSemantic, "two columns are named %s; give one of them another name with AS", name)
	}
	spec := &catalog.TableSpec{Name: c.To, Connector: options["connector"], Options: options, Schema: n.Schema()}
	if err := s.checkSink(spec, c); err != nil {
		return err
	}
	return s.sink(n, spec, p, c)
}
