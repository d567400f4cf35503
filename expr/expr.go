package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// Op is the form of an expression.
type Op uint8

// The forms. A Case has the arguments condition, value, condition, value, ..., else.
const (
	Column Op = iota
	Constant
	Call
	Cast
	TryCast
	Case
)

// Expr is an expression over the columns of one batch. It is a tree, immutable once built, and
// encodes as JSON.
type Expr struct {
	Op   Op            `json:"op"`
	Type columnar.Type `json:"type"`
	// Index is the position of a Column in its batch.
	Index int `json:"index,omitempty"`
	// Name is the function of a Call, in upper case, or the name of a Column for display.
	Name  string  `json:"name,omitempty"`
	Value *Value  `json:"value,omitempty"`
	Args  []*Expr `json:"args,omitempty"`
	// User is set of a Call of a function that is not the registry's but a Go program's.
	User *UserCall `json:"user,omitempty"`
	// Place numbers the expressions of a statement from 1, so that one that fails at a row is found in its text;
	// 0 is none. It does not tell expressions apart.
	Place int `json:"$place,omitempty"`
}

// SetPlace gives e and what it was made of a place, but for expressions that have one.
func (e *Expr) SetPlace(n int) {
	if len(e.Args) == 0 || e.Place != 0 {
		return
	}
	e.Place = n
	for _, a := range e.Args {
		a.SetPlace(n)
	}
}

// Value is the value of a constant; which field counts follows from the type's layout.
type Value struct {
	Null  bool    `json:"null,omitempty"`
	Int   int64   `json:"int,omitempty"`  // integers, dates, times, timestamps, intervals, narrow decimals, BOOLEAN as 0 and 1
	High  int64   `json:"high,omitempty"` // upper half of a wide decimal, whose lower half is Int
	Float string  `json:"float,omitempty"`
	Bytes []byte  `json:"bytes,omitempty"`
	Items []Value `json:"items,omitempty"`
}

// Col is the column at position index.
func Col(index int, name string, t columnar.Type) *Expr {
	return &Expr{Op: Column, Index: index, Name: name, Type: t}
}

// Null is a NULL of type t.
func Null(t columnar.Type) *Expr {
	return &Expr{Op: Constant, Type: t.Nullable(), Value: &Value{Null: true}}
}

// Int is a constant of an integer, date, time, timestamp or interval type, or a decimal whose
// unscaled value is v.
func Int(v int64, t columnar.Type) *Expr {
	return &Expr{Op: Constant, Type: t.Required(), Value: &Value{Int: v, High: v >> 63}}
}

// Wide is a constant of a decimal type whose unscaled value is v.
func Wide(v columnar.Int128, t columnar.Type) *Expr {
	return &Expr{Op: Constant, Type: t.Required(), Value: &Value{Int: int64(v.Lo), High: v.Hi}}
}

// Bool is TRUE or FALSE.
func Bool(v bool) *Expr {
	e := Int(0, columnar.TypeBoolean)
	if v {
		e.Value.Int = 1
	}
	return e
}

// Float is a constant of type FLOAT or DOUBLE.
func Float(v float64, t columnar.Type) *Expr {
	return &Expr{Op: Constant, Type: t.Required(), Value: &Value{Float: formatFloat(v)}}
}

// String is a string constant; its type is CHAR(n) as in the standard unless empty.
func String(s string) *Expr {
	t := columnar.Type{Kind: columnar.Varchar, Precision: columnar.MaxLength, NotNull: true}
	return &Expr{Op: Constant, Type: t, Value: &Value{Bytes: []byte(s)}}
}

// IsConstant reports whether e is a literal.
func (e *Expr) IsConstant() bool { return e.Op == Constant }

// IsNullConstant reports whether e is the literal NULL.
func (e *Expr) IsNullConstant() bool { return e.Op == Constant && e.Value.Null }

// Depth is the number of levels of e; a column or a constant has one.
func (e *Expr) Depth() int {
	depth := 0
	for _, a := range e.Args {
		depth = max(depth, a.Depth())
	}
	return depth + 1
}

// Walk calls visit for e and everything below it, parents first.
func (e *Expr) Walk(visit func(*Expr)) {
	visit(e)
	for _, a := range e.Args {
		a.Walk(visit)
	}
}

// Rewrite returns e with every node replaced by what replace returns for it, children first. A
// node that does not change is shared.
func (e *Expr) Rewrite(replace func(*Expr) *Expr) *Expr {
	args := e.Args
	for i, a := range e.Args {
		r := a.Rewrite(replace)
		if r == a {
			continue
		}
		if &args[0] == &e.Args[0] {
			args = append([]*Expr(nil), e.Args...)
		}
		args[i] = r
	}
	if len(args) > 0 && &args[0] != &e.Args[0] {
		c := *e
		c.Args = args
		e = &c
	}
	return replace(e)
}

// Equal reports whether two expressions are the same, names of columns aside.
func (e *Expr) Equal(o *Expr) bool {
	if e.Op != o.Op || e.Index != o.Index || !e.Type.SameValues(o.Type) || len(e.Args) != len(o.Args) {
		return false
	}
	if e.Op == Call && (e.Name != o.Name || (e.User == nil) != (o.User == nil)) || e.Op == Constant && !e.Value.equal(o.Value) {
		return false
	}
	for i := range e.Args {
		if !e.Args[i].Equal(o.Args[i]) {
			return false
		}
	}
	return true
}

func (v *Value) equal(o *Value) bool {
	if v.Null != o.Null || v.Int != o.Int || v.High != o.High || v.Float != o.Float ||
		string(v.Bytes) != string(o.Bytes) || len(v.Items) != len(o.Items) {
		return false
	}
	for i := range v.Items {
		if !v.Items[i].equal(&o.Items[i]) {
			return false
		}
	}
	return true
}

// String prints e for EXPLAIN and error messages.
func (e *Expr) String() string {
	switch e.Op {
	case Column:
		if e.Name != "" {
			return e.Name
		}
		return fmt.Sprintf("$%d", e.Index)
	case Constant:
		return e.constantString()
	case Cast:
		return fmt.Sprintf("CAST(%s AS %s)", e.Args[0], e.Type.Nullable())
	case TryCast:
		return fmt.Sprintf("TRY_CAST(%s AS %s)", e.Args[0], e.Type.Nullable())
	case Case:
		return e.caseString()
	}
	return e.callString()
}

func (e *Expr) caseString() string {
	var b strings.Builder
	b.WriteString("CASE")
	for i := 0; i+1 < len(e.Args); i += 2 {
		fmt.Fprintf(&b, " WHEN %s THEN %s", e.Args[i], e.Args[i+1])
	}
	fmt.Fprintf(&b, " ELSE %s END", e.Args[len(e.Args)-1])
	return b.String()
}

func (e *Expr) callString() string {
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = a.String()
	}
	if (e.Name == "LIKE" || e.Name == "ILIKE") && len(args) == 3 {
		return "(" + args[0] + " " + e.Name + " " + args[1] + " ESCAPE " + args[2] + ")"
	}
	if f := lookup(e.Name); f != nil && f.infix && len(args) > 1 {
		return "(" + strings.Join(args, " "+e.Name+" ") + ")"
	}
	if f := lookup(e.Name); f != nil && f.postfix {
		if strings.HasPrefix(e.Name, "IS NOT ") {
			// Its argument is the test it negates.
			return e.Args[0].Args[0].String() + " " + e.Name
		}
		return args[0] + " " + e.Name
	}
	return e.Name + "(" + strings.Join(args, ", ") + ")"
}

// Columns are the positions of the columns e reads, ascending, each once.
func (e *Expr) Columns() []int {
	var seen []int
	e.Walk(func(n *Expr) {
		if n.Op != Column {
			return
		}
		at := 0
		for at < len(seen) && seen[at] < n.Index {
			at++
		}
		if at == len(seen) || seen[at] != n.Index {
			seen = append(seen[:at], append([]int{n.Index}, seen[at:]...)...)
		}
	})
	return seen
}

// Remap returns e with column i replaced by column mapping[i].
func (e *Expr) Remap(mapping func(int) int) *Expr {
	return e.Rewrite(func(n *Expr) *Expr {
		if n.Op != Column {
			return n
		}
		return Col(mapping(n.Index), n.Name, n.Type)
	})
}

func (e *Expr) constantString() string {
	if e.Value.Null {
		return "NULL"
	}
	c := newConstant(e)
	defer c.release()
	text := string(columnar.AppendText(nil, c.value, 0, time.UTC))
	switch {
	case e.Type.IsString():
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case isTemporal(e.Type):
		return strings.Fields(e.Type.Nullable().String())[0] + " '" + text + "'"
	}
	return text
}
