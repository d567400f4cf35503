package catalog

import (
	"fmt"
	"slices"
	"sync"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// ColumnKind tells where a column's values come from.
type ColumnKind uint8

// Physical columns are stored; computed ones are expressions over others; metadata columns come
// from the connector beside the row.
const (
	Physical ColumnKind = iota
	Computed
	Metadata
)

// Column is a column of a declared table.
type Column struct {
	Name string
	Kind ColumnKind
	// Type is set for physical and metadata columns; a computed column's follows from its
	// expression.
	Type columnar.Type
	// Expr is the SQL text of a computed column.
	Expr string
	// Key and Virtual belong to a metadata column.
	Key     string
	Virtual bool
	Comment string
}

// Watermark is the declaration WATERMARK FOR Column AS Expr.
type Watermark struct {
	Column string
	Expr   string // SQL text
}

// Table is a declared table: what CREATE TABLE says.
type Table struct {
	Name          string
	Columns       []Column
	Watermark     *Watermark
	PrimaryKey    []string
	PartitionKeys []string
	Options       map[string]string
	Comment       string
}

// Spec is the table as its connector sees it.
func (t *Table) Spec() *TableSpec {
	s := &TableSpec{
		Name: t.Name, Connector: t.Options["connector"], Options: t.Options,
		Schema: &columnar.Schema{}, PartitionKeys: t.PartitionKeys, PrimaryKey: t.PrimaryKey,
	}
	for _, c := range t.Columns {
		if c.Kind == Physical {
			s.Schema.Fields = append(s.Schema.Fields, columnar.Field{Name: c.Name, Type: c.Type})
		}
	}
	return s
}

// View is a named query.
type View struct {
	Name    string
	Columns []string // new names; nil keeps the query's
	Query   string   // SQL text
	Comment string
}

// Catalog holds the tables and views of a session. Names are as written; it may be used by many
// goroutines.
type Catalog struct {
	mu     sync.Mutex
	tables map[string]*Table
	views  map[string]*View
}

// New makes an empty catalog.
func New() *Catalog { return &Catalog{tables: map[string]*Table{}, views: map[string]*View{}} }

// Table finds a table.
func (c *Catalog) Table(name string) (*Table, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tables[name]
	return t, ok
}

// View finds a view.
func (c *Catalog) View(name string) (*View, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.views[name]
	return v, ok
}

// AddTable declares a table; a name in use is an error.
func (c *Catalog) AddTable(t *Table) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.free(t.Name); err != nil {
		return err
	}
	c.tables[t.Name] = t
	return nil
}

// AddView declares a view; a name in use is an error unless replace is set and it is a view's.
func (c *Catalog) AddView(v *View, replace bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.views[v.Name]; !ok || !replace {
		if err := c.free(v.Name); err != nil {
			return err
		}
	}
	c.views[v.Name] = v
	return nil
}

func (c *Catalog) free(name string) error {
	if _, ok := c.tables[name]; ok {
		return fmt.Errorf("table %s already exists", name)
	}
	if _, ok := c.views[name]; ok {
		return fmt.Errorf("view %s already exists", name)
	}
	return nil
}

// DropTable forgets a table and reports whether there was one.
func (c *Catalog) DropTable(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.tables[name]
	delete(c.tables, name)
	return ok
}

// DropView forgets a view and reports whether there was one.
func (c *Catalog) DropView(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.views[name]
	delete(c.views, name)
	return ok
}

// Names lists tables (or views), sorted.
func (c *Catalog) Names(views bool) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	if views {
		for n := range c.views {
			names = append(names, n)
		}
	} else {
		for n := range c.tables {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// Nearest is the table or view whose name is closest; "" if none is.
func (c *Catalog) Nearest(name string) string {
	return expr.Nearest(name, append(c.Names(false), c.Names(true)...))
}
