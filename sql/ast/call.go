package ast

// NullTreatment is how a window function treats nulls.
type NullTreatment int

// The null treatments.
const (
	NullsDefault NullTreatment = iota
	NullsIgnore
	NullsRespect
)

// Call is a function call. The functions with a grammar of their own are calls as well:
// SUBSTRING(x FROM a FOR b) has the arguments x, a, b; POSITION(a IN b) has a, b;
// OVERLAY(x PLACING y FROM a FOR b) has x, y, a, b; FLOOR(x TO DAY) has x and a UnitLiteral;
// TIMESTAMPADD(DAY, n, t) has a UnitLiteral, n, t.
type Call struct {
	Pos
	Name        Name
	Args        []Expr
	Bare        bool // CURRENT_DATE, written without parentheses
	Star        bool // COUNT(*)
	Distinct    bool
	OrderBy     []OrderItem // within the parentheses
	WithinGroup []OrderItem
	Filter      Expr // nil: none
	Nulls       NullTreatment
	Over        *WindowSpec // OVER (...); nil with OverName set or without OVER
	OverName    *Ident      // OVER w
}

// IsWindow reports whether the call has an OVER clause.
func (c *Call) IsWindow() bool { return c.Over != nil || c.OverName != nil }

// Extract is EXTRACT(unit FROM x).
type Extract struct {
	Pos
	Unit Unit
	X    Expr
}

// TrimSide is where TRIM works.
type TrimSide int

// The sides of TRIM.
const (
	TrimBoth TrimSide = iota
	TrimLeading
	TrimTrailing
)

func (s TrimSide) String() string {
	return [...]string{"BOTH", "LEADING", "TRAILING"}[s]
}

// Trim is TRIM([side] [chars] FROM x) or TRIM(x).
type Trim struct {
	Pos
	Side  TrimSide
	Chars Expr // nil: blanks
	X     Expr
}

// NamedArg is name => value.
type NamedArg struct {
	Pos
	Name  Ident
	Value Expr
}

// TableArg is TABLE t or TABLE (query) as an argument; one of Name and Query is set.
type TableArg struct {
	Pos
	Name        Name
	Query       *Query
	PartitionBy []Expr
	OrderBy     []OrderItem
}

// Descriptor is DESCRIPTOR(a, b).
type Descriptor struct {
	Pos
	Columns []Ident
}

// OrderItem is one key of an ORDER BY.
type OrderItem struct {
	Pos
	Expr  Expr
	Desc  bool
	Nulls NullOrder
}

// NullOrder is where nulls go in an order.
type NullOrder int

// The places of nulls.
const (
	NullOrderDefault NullOrder = iota
	NullsFirst
	NullsLast
)

// WindowSpec is what stands in the parentheses of OVER or of a WINDOW clause.
type WindowSpec struct {
	Pos
	Base        *Ident // the named window it refines; nil: none
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame // nil: the default
}

// FrameUnit is what a frame counts.
type FrameUnit int

// The units of a frame.
const (
	FrameRows FrameUnit = iota
	FrameRange
	FrameGroups
)

func (u FrameUnit) String() string {
	return [...]string{"ROWS", "RANGE", "GROUPS"}[u]
}

// Frame is ROWS|RANGE [BETWEEN start AND end]; End is nil when only a start was written.
type Frame struct {
	Pos
	Unit  FrameUnit
	Start FrameBound
	End   *FrameBound
}

// BoundKind is one of the ways to bound a frame.
type BoundKind int

// The kinds of bounds, in the order in which they may follow each other.
const (
	BoundUnboundedPreceding BoundKind = iota
	BoundPreceding
	BoundCurrentRow
	BoundFollowing
	BoundUnboundedFollowing
)

// FrameBound is one end of a frame.
type FrameBound struct {
	Pos
	Kind   BoundKind
	Offset Expr // of BoundPreceding and BoundFollowing
}
