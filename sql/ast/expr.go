package ast

// Expr is an expression.
type Expr interface {
	Node
	expr()
}

// Column is a reference by name. Whether a.b is a column of a table or a field of a column is the binder's matter.
type Column struct {
	Pos
	Parts Name
}

// Star is * or t.*; it stands only as a select item.
type Star struct {
	Pos
	Qualifier Name // empty: every table
}

// UnaryOp is a prefix operator.
type UnaryOp int

// The prefix operators.
const (
	OpNot UnaryOp = iota
	OpNeg
	OpPlus
)

func (o UnaryOp) String() string {
	return [...]string{"NOT", "-", "+"}[o]
}

// Unary is NOT x, -x or +x.
type Unary struct {
	Pos
	Op UnaryOp
	X  Expr
}

// BinaryOp is an infix operator.
type BinaryOp int

// The infix operators.
const (
	OpOr BinaryOp = iota
	OpAnd
	OpEq
	OpNe
	OpLt
	OpLe
	OpGt
	OpGe
	OpOverlaps
	OpConcat
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpMod
)

func (o BinaryOp) String() string {
	return [...]string{"OR", "AND", "=", "<>", "<", "<=", ">", ">=", "OVERLAPS", "||", "+", "-", "*", "/", "%"}[o]
}

// IsComparison reports whether the operator compares its operands.
func (o BinaryOp) IsComparison() bool { return o >= OpEq && o <= OpGe }

// Binary is an infix operator with its operands. A chain of equal operators is deep on the left,
// up to 100 000 levels: walk down Left in a loop where that matters.
type Binary struct {
	Pos
	Op    BinaryOp
	Left  Expr
	Right Expr
}

// IsTest is what IS asks.
type IsTest int

// The tests of IS.
const (
	IsNull IsTest = iota
	IsTrue
	IsFalse
	IsUnknown
	IsJSON
	IsJSONValue
	IsJSONObject
	IsJSONArray
	IsJSONScalar
)

func (t IsTest) String() string {
	return [...]string{
		"NULL", "TRUE", "FALSE", "UNKNOWN",
		"JSON", "JSON VALUE", "JSON OBJECT", "JSON ARRAY", "JSON SCALAR",
	}[t]
}

// Is is x IS [NOT] NULL and its kin.
type Is struct {
	Pos
	X    Expr
	Not  bool
	Test IsTest
}

// IsDistinct is a IS [NOT] DISTINCT FROM b.
type IsDistinct struct {
	Pos
	Left  Expr
	Right Expr
	Not   bool
}

// Between is x [NOT] BETWEEN [SYMMETRIC] low AND high.
type Between struct {
	Pos
	X         Expr
	Low       Expr
	High      Expr
	Not       bool
	Symmetric bool
}

// In is x [NOT] IN (list) or x [NOT] IN (query); one of List and Query is set.
type In struct {
	Pos
	X     Expr
	List  []Expr
	Query *Query
	Not   bool
}

// LikeKind is the pattern language of a Like.
type LikeKind int

// The pattern languages.
const (
	LikePlain LikeKind = iota
	LikeFold           // ILIKE: letter case does not matter
	LikeSimilar
)

func (k LikeKind) String() string {
	return [...]string{"LIKE", "ILIKE", "SIMILAR TO"}[k]
}

// Like is x [NOT] LIKE pattern [ESCAPE c], ILIKE or SIMILAR TO.
type Like struct {
	Pos
	Kind    LikeKind
	X       Expr
	Pattern Expr
	Escape  Expr // nil: none given
	Not     bool
}

// Quantified is x op ANY|ALL (list) or x op ANY|ALL (query); SOME is ANY. One of List and Query is set.
type Quantified struct {
	Pos
	Op    BinaryOp // a comparison
	X     Expr
	All   bool
	List  []Expr
	Query *Query
}

// Exists is EXISTS (query).
type Exists struct {
	Pos
	Query *Query
}

// Subquery is a query as a scalar value.
type Subquery struct {
	Pos
	Query *Query
}

// When is one branch of a CASE.
type When struct {
	Pos
	Cond Expr
	Then Expr
}

// Case is CASE [operand] WHEN .. THEN .. [ELSE ..] END.
type Case struct {
	Pos
	Operand Expr // nil: each Cond is a boolean
	Whens   []When
	Else    Expr // nil: NULL
}

// Cast is CAST(x AS t), TRY_CAST(x AS t) or x::t.
type Cast struct {
	Pos
	X    Expr
	Type *Type
	Try  bool
}

// Index is x[i], of an array from 1 or of a map by key.
type Index struct {
	Pos
	X     Expr
	Index Expr
}

// Field is x.name where x is not itself a name: f(x).name, a[1].name, (a).name.
type Field struct {
	Pos
	X    Expr
	Name Ident
}

// AtTimeZone is x AT TIME ZONE zone.
type AtTimeZone struct {
	Pos
	X    Expr
	Zone Expr
}

// Array is ARRAY[a, b].
type Array struct {
	Pos
	Items []Expr
}

// Map is MAP[k1, v1, k2, v2]; Items holds keys and values by turns.
type Map struct {
	Pos
	Items []Expr
}

// Row is ROW(a, b) or (a, b).
type Row struct {
	Pos
	Items []Expr
}

func (*Column) expr()          {}
func (*Star) expr()            {}
func (*Unary) expr()           {}
func (*Binary) expr()          {}
func (*Is) expr()              {}
func (*IsDistinct) expr()      {}
func (*Between) expr()         {}
func (*In) expr()              {}
func (*Like) expr()            {}
func (*Quantified) expr()      {}
func (*Exists) expr()          {}
func (*Subquery) expr()        {}
func (*Case) expr()            {}
func (*Cast) expr()            {}
func (*Index) expr()           {}
func (*Field) expr()           {}
func (*AtTimeZone) expr()      {}
func (*Array) expr()           {}
func (*Map) expr()             {}
func (*Row) expr()             {}
func (*Call) expr()            {}
func (*Extract) expr()         {}
func (*Trim) expr()            {}
func (*NamedArg) expr()        {}
func (*TableArg) expr()        {}
func (*Descriptor) expr()      {}
func (*NumberLiteral) expr()   {}
func (*StringLiteral) expr()   {}
func (*BinaryLiteral) expr()   {}
func (*NullLiteral) expr()     {}
func (*BoolLiteral) expr()     {}
func (*TemporalLiteral) expr() {}
func (*IntervalLiteral) expr() {}
func (*UnitLiteral) expr()     {}
