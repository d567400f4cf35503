package ast

// Precedence is how tightly an operator binds; more is tighter.
type Precedence int

// The precedences, loosest first. Operators of one level associate to the left. Flink lets || bind
// like *, so that 'a' || b + c does not type there; here it binds looser than +, as in PostgreSQL.
const (
	PrecNone    Precedence = iota
	PrecOr                 // OR
	PrecAnd                // AND
	PrecNot                // NOT
	PrecIs                 // IS NULL, IS DISTINCT FROM
	PrecCompare            // = <> < <= > >=, and with ANY and ALL
	PrecRange              // BETWEEN, IN, LIKE, OVERLAPS
	PrecConcat             // ||
	PrecAdd                // + -
	PrecMul                // * / %
	PrecAt                 // AT TIME ZONE
	PrecSign               // unary + -
	PrecPostfix            // [i] .field ::type
	PrecPrimary            // names, literals, calls, parentheses
)

// Precedence returns how tightly the operator binds.
func (o BinaryOp) Precedence() Precedence {
	switch o {
	case OpOr:
		return PrecOr
	case OpAnd:
		return PrecAnd
	case OpOverlaps:
		return PrecRange
	case OpConcat:
		return PrecConcat
	case OpAdd, OpSub:
		return PrecAdd
	case OpMul, OpDiv, OpMod:
		return PrecMul
	default:
		return PrecCompare
	}
}

func precedenceOf(x Expr) Precedence {
	switch x := x.(type) {
	case *Binary:
		return x.Op.Precedence()
	case *Unary:
		if x.Op == OpNot {
			return PrecNot
		}
		return PrecSign
	case *Is, *IsDistinct:
		return PrecIs
	case *Quantified:
		return PrecCompare
	case *Between, *In, *Like:
		return PrecRange
	case *AtTimeZone:
		return PrecAt
	case *Index, *Field:
		return PrecPostfix
	default:
		return PrecPrimary
	}
}
