package binder

import (
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// from binds the tables of a FROM; those with commas between them are crossed.
func (b *Binder) from(refs []ast.TableRef, with *ctes, outer *scope) (*relation, error) {
	var r *relation
	for _, ref := range refs {
		if f := b.userTable(ref); f != nil {
			var err error
			if r, err = b.lateral(f, r, false); err != nil {
				return nil, err
			}
			continue
		}
		next, err := b.tableRef(ref, with)
		if err != nil {
			return nil, err
		}
		if r == nil {
			r = next
			continue
		}
		r = &relation{
			node:  plan.NewJoin(join.Inner, r.node, next.node, nil),
			scope: concat(r.scope, next.scope),
		}
	}
	if err := uniqueTables(refs); err != nil {
		return nil, err
	}
	r.scope.outer = outer
	return r, nil
}

func concat(a, b *scope) *scope {
	s := &scope{columns: append([]scopeColumn{}, a.columns...)}
	s.columns = append(s.columns, b.columns...)
	return s
}

// uniqueTables refuses one name for two tables.
func uniqueTables(refs []ast.TableRef) error {
	seen := map[string]bool{}
	var visit func(ref ast.TableRef) error
	visit = func(ref ast.TableRef) error {
		if j, ok := ref.(*ast.Join); ok {
			if err := visit(j.Left); err != nil {
				return err
			}
			return visit(j.Right)
		}
		name := nameOf(ref)
		if name != "" && seen[name] {
			return ast.Errorf(ref, ast.ClassSemantic, "table name %s is used twice; give one an alias", name)
		}
		seen[name] = true
		return nil
	}
	for _, ref := range refs {
		if err := visit(ref); err != nil {
			return err
		}
	}
	return nil
}

// nameOf is the name by which columns of a table reference are qualified.
func nameOf(ref ast.TableRef) string {
	var alias *ast.TableAlias
	name := ""
	switch ref := ref.(type) {
	case *ast.Table:
		alias, name = ref.Alias, ref.Name.Last().Name
	case *ast.File:
		alias = ref.Alias
	case *ast.Derived:
		alias = ref.Alias
	case *ast.TableFunc:
		alias = ref.Alias
	}
	if alias != nil {
		name = alias.Name.Name
	}
	return name
}

func (b *Binder) tableRef(ref ast.TableRef, with *ctes) (*relation, error) {
	switch ref := ref.(type) {
	case *ast.Table:
		return b.table(ref, with)
	case *ast.File:
		r, err := b.file(ref.Path, ref)
		if err != nil {
			return nil, err
		}
		return aliased(r, ref.Alias)
	case *ast.Derived:
		if ref.Lateral {
			return nil, plan.Refuse(ref, "lateral")
		}
		r, err := b.query(ref.Query, with, nil)
		if err != nil {
			return nil, err
		}
		if ref.Alias == nil {
			return rename(r, ast.TableAlias{})
		}
		return aliased(r, ref.Alias)
	case *ast.TableFunc:
		if ref.Ordinality {
			return nil, plan.Refuse(ref, "unnest")
		}
		if b.userTable(ref) != nil {
			return b.lateral(ref, nil, false)
		}
		return b.tableFunc(ref, with)
	case *ast.Unnest:
		return nil, plan.Refuse(ref, "unnest")
	case *ast.Join:
		return b.join(ref, with)
	}
	return nil, plan.Refuse(ref, "statement", "this table")
}

func aliased(r *relation, alias *ast.TableAlias) (*relation, error) {
	if alias == nil {
		return r, nil
	}
	return rename(r, *alias)
}
