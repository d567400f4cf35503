package ast

// TableRef is what may stand in FROM: *Table, *File, *Derived, *TableFunc, *Unnest or *Join.
type TableRef interface {
	Node
	tableRef()
}

// TableAlias is [AS] name [(columns)].
type TableAlias struct {
	Pos
	Name    Ident
	Columns []Ident
}

// Table is a table or view by name.
type Table struct {
	Pos
	Name  Name // one to three parts
	Hints []Hint
	AsOf  Expr        // FOR SYSTEM_TIME AS OF; nil: none
	Alias *TableAlias // nil: none
}

// File is a file or a glob of files as a table: FROM 'data/x.parquet'.
type File struct {
	Pos
	Path  string
	Hints []Hint
	Alias *TableAlias // nil: none
}

// Derived is a query in FROM.
type Derived struct {
	Pos
	Lateral bool
	Query   *Query
	Alias   *TableAlias // nil: none
}

// TableFunc is a table function: f(..), TABLE(f(..)), LATERAL TABLE(f(..)).
type TableFunc struct {
	Pos
	Lateral    bool
	Call       *Call
	Ordinality bool
	Alias      *TableAlias // nil: none
}

// Unnest is UNNEST(x) [WITH ORDINALITY]; it sees the tables to its left.
type Unnest struct {
	Pos
	Args       []Expr
	Ordinality bool
	Alias      *TableAlias // nil: none
}

// JoinKind says which rows a join keeps.
type JoinKind int

// The kinds of joins.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
	SemiJoin
	AntiJoin
)

func (k JoinKind) String() string {
	return [...]string{"INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI"}[k]
}

// Join is left JOIN right with ON or USING, or neither. A chain is deep on the left.
type Join struct {
	Pos
	Kind    JoinKind
	Natural bool
	Left    TableRef
	Right   TableRef
	On      Expr    // nil: none
	Using   []Ident // empty: none
}

func (*Table) tableRef()     {}
func (*File) tableRef()      {}
func (*Derived) tableRef()   {}
func (*TableFunc) tableRef() {}
func (*Unnest) tableRef()    {}
func (*Join) tableRef()      {}
