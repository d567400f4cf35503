package ast

// Query is a whole query: WITH, a body, ORDER BY and limits.
type Query struct {
	Pos
	With    *With // nil: none
	Body    QueryBody
	OrderBy []OrderItem
	Limit   Expr // nil: none; LIMIT n and FETCH FIRST n ROWS ONLY alike
	Offset  Expr // nil: none
}

// QueryBody is *Select, *SetOp, *Values, *TableQuery, or *Query where a parenthesised query has clauses of its own.
type QueryBody interface {
	Node
	queryBody()
}

// With is WITH [RECURSIVE] and its common table expressions.
type With struct {
	Pos
	Recursive bool
	CTEs      []CTE
}

// CTE is name [(columns)] AS (query).
type CTE struct {
	Pos
	Name    Ident
	Columns []Ident
	Query   *Query
}

// SetOperator combines two queries.
type SetOperator int

// The set operators; MINUS is EXCEPT.
const (
	Union SetOperator = iota
	Intersect
	Except
)

func (o SetOperator) String() string {
	return [...]string{"UNION", "INTERSECT", "EXCEPT"}[o]
}

// SetOp is left UNION|INTERSECT|EXCEPT [ALL] right. A chain is deep on the left.
type SetOp struct {
	Pos
	Op    SetOperator
	All   bool
	Left  QueryBody
	Right QueryBody
}

// Values is VALUES (1, 'a'), (2, 'b').
type Values struct {
	Pos
	Rows []ValuesRow
}

// ValuesRow is one row of VALUES.
type ValuesRow struct {
	Pos
	Items []Expr
}

// TableQuery is TABLE t, all rows of a table.
type TableQuery struct {
	Pos
	Name Name
}

// Select is one SELECT.
type Select struct {
	Pos
	Hints    []Hint
	Distinct bool
	Items    []SelectItem
	From     []TableRef // joined by commas; empty: one row without columns
	Where    Expr       // nil: none
	GroupBy  *GroupBy   // nil: none
	Having   Expr       // nil: none
	Windows  []NamedWindow
	Qualify  Expr // nil: none
}

// SelectItem is an expression or a Star, with its alias.
type SelectItem struct {
	Pos
	Expr  Expr
	Alias *Ident // nil: none
}

// NamedWindow is name AS (spec) of a WINDOW clause.
type NamedWindow struct {
	Pos
	Name Ident
	Spec *WindowSpec
}

// GroupBy is the GROUP BY clause.
type GroupBy struct {
	Pos
	All   bool // GROUP BY ALL: every select item without an aggregate
	Items []GroupItem
}

// GroupKind says what a GroupItem is.
type GroupKind int

// The kinds of group items.
const (
	GroupSet    GroupKind = iota // a, (a, b) or ()
	GroupRollup                  // ROLLUP (items)
	GroupCube                    // CUBE (items)
	GroupSets                    // GROUPING SETS (items)
)

func (k GroupKind) String() string {
	return [...]string{"", "ROLLUP", "CUBE", "GROUPING SETS"}[k]
}

// GroupItem is one element of a GROUP BY.
type GroupItem struct {
	Pos
	Kind  GroupKind
	Exprs []Expr      // of GroupSet; an integer literal is an ordinal
	Items []GroupItem // of the other kinds; of ROLLUP and CUBE only GroupSet
}

// Hint is one hint of /*+ ... */.
type Hint struct {
	Pos
	Name    Ident
	Options []Property // 'k' = 'v'
	Args    []Expr     // names and literals
}

func (*Query) queryBody()      {}
func (*SetOp) queryBody()      {}
func (*Values) queryBody()     {}
func (*TableQuery) queryBody() {}
func (*Select) queryBody()     {}
