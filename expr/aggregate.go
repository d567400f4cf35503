package expr

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// Aggregate is a call of an aggregate function. It encodes as JSON.
type Aggregate struct {
	Name     string        `json:"name"`
	Args     []*Expr       `json:"args,omitempty"`
	Distinct bool          `json:"distinct,omitempty"`
	Filter   *Expr         `json:"filter,omitempty"` // only rows for which it is true count
	Type     columnar.Type `json:"type"`
	// Separator stands between two strings of LISTAGG.
	Separator string `json:"separator,omitempty"`
	// Retract says that rows may be taken back.
	Retract bool `json:"retract,omitempty"`
	// User is set of a call of a function that is a Go program's.
	User *AggregateCall `json:"user,omitempty"`
	// Place is that of an Expr.
	Place int `json:"$place,omitempty"`
}

// AggregateNames are the names of the aggregate functions.
func AggregateNames() []string {
	return []string{"AVG", "COUNT", "FIRST_VALUE", "LAST_VALUE", "LISTAGG", "MAX", "MIN", "STDDEV_POP", "STDDEV_SAMP", "STDDEV", "SUM", "VAR_POP", "VAR_SAMP", "VARIANCE"}
}

// IsAggregate reports whether name is an aggregate function.
func IsAggregate(name string) bool {
	for _, n := range AggregateNames() {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// NewAggregate makes a call of an aggregate function; COUNT without arguments is COUNT(*).
func NewAggregate(name string, distinct bool, filter *Expr, args ...*Expr) (*Aggregate, error) {
	a := &Aggregate{Name: strings.ToUpper(name), Args: args, Distinct: distinct, Filter: filter}
	switch a.Name {
	case "STDDEV":
		a.Name = "STDDEV_SAMP"
	case "VARIANCE":
		a.Name = "VAR_SAMP"
	}
	if filter != nil && filter.Type.Kind != columnar.Boolean {
		return nil, fmt.Errorf("%s: FILTER takes a BOOLEAN, not %s", a.Name, filter.Type.Nullable())
	}
	if a.Name == "LISTAGG" {
		if err := a.separate(); err != nil {
			return nil, err
		}
		args = a.Args
	}
	if len(args) > 1 || len(args) == 0 && a.Name != "COUNT" {
		return nil, fmt.Errorf("%s takes 1 argument, got %d", a.Name, len(args))
	}
	if distinct && (a.Name == "MIN" || a.Name == "MAX" || a.Name == "FIRST_VALUE") {
		a.Distinct = false
	}
	if a.Distinct && len(args) > 0 && args[0].Type.IsNested() {
		return nil, fmt.Errorf("%s: DISTINCT takes no %s", a.Name, args[0].Type.Nullable())
	}
	return a, a.resolve()
}

// separate takes the separator out of the arguments of LISTAGG and makes the other one a string.
func (a *Aggregate) separate() error {
	a.Separator = ","
	switch len(a.Args) {
	default:
		return fmt.Errorf("%s takes 1 or 2 arguments, got %d", a.Name, len(a.Args))
	case 1:
	case 2:
		sep := a.Args[1]
		if !sep.IsConstant() || sep.IsNullConstant() || sep.Type.Kind != columnar.Varchar && sep.Type.Kind != columnar.Char {
			return fmt.Errorf("%s: the separator must be a string literal", a.Name)
		}
		a.Separator = string(sep.Value.Bytes)
	}
	text, err := NewCast(a.Args[0], columnar.TypeString, false)
	a.Args = []*Expr{text}
	return err
}

// Forgets reports whether the call can take rows back.
func (a *Aggregate) Forgets() bool { return a.User == nil || a.User.Retracts }

// resolve derives the result type.
func (a *Aggregate) resolve() error {
	if a.Name == "COUNT" {
		a.Type = columnar.TypeBigInt.Required()
		return nil
	}
	t := a.Args[0].Type.Nullable()
	switch a.Name {
	case "MIN", "MAX":
		if t.IsNested() || t.Kind == columnar.Null {
			return fmt.Errorf("%s: argument is %s, which has no order", a.Name, t)
		}
		a.Type = t
		return nil
	case "FIRST_VALUE", "LAST_VALUE":
		a.Type = t
		return nil
	case "LISTAGG":
		a.Type = columnar.TypeString
		return nil
	}
	if !t.IsNumeric() {
		return fmt.Errorf("%s: argument is %s, not numeric", a.Name, t)
	}
	switch {
	case a.Name != "SUM" && a.Name != "AVG":
		return a.double()
	case a.Name == "SUM" && t.IsInteger():
		a.Type = columnar.TypeBigInt
	case a.Name == "SUM" && t.Kind == columnar.Decimal:
		a.Type = columnar.DecimalOf(columnar.DigitsMax, t.Scale)
	case a.Name == "SUM":
		a.Type = columnar.TypeDouble
	case t.Kind == columnar.Decimal:
		a.Type = columnar.DecimalOf(columnar.DigitsMax, max(minScale, t.Scale))
	default:
		a.Type = columnar.TypeDouble
	}
	return nil
}

func (a *Aggregate) double() error {
	c, err := NewCast(a.Args[0], columnar.TypeDouble, false)
	a.Args, a.Type = []*Expr{c}, columnar.TypeDouble
	return err
}

// String prints the call for EXPLAIN.
func (a *Aggregate) String() string {
	args := "*"
	if len(a.Args) > 0 {
		args = a.Args[0].String()
	}
	if a.User != nil && len(a.User.Args) > 1 {
		args = strings.TrimSuffix(strings.TrimPrefix(args, "ROW("), ")")
	}
	if a.Name == "LISTAGG" {
		args += ", " + String(a.Separator).String()
	}
	if a.Distinct {
		args = "DISTINCT " + args
	}
	s := a.Name + "(" + args + ")"
	if a.Filter != nil {
		s += " FILTER (WHERE " + a.Filter.String() + ")"
	}
	return s
}
