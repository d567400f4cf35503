package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// function is one entry of the registry.
type function struct {
	name           string
	infix, postfix bool
	// operator says that SQL has a form of its own for the function and no call by its name.
	operator bool
	min, max int // number of arguments; max -1 means any
	// fallible functions may fail for some values and never move below a filter or join.
	fallible bool
	// volatile functions give another value at each call and are never folded or shared.
	volatile bool
	// bind converts the arguments to the types the function takes and gives the result type. The
	// result is nullable if an argument is, unless exact is set.
	bind  func(args []*Expr) ([]*Expr, columnar.Type, error)
	exact bool
	// compile makes the vector program of a call.
	compile func(c *compiler, e *Expr) (node, error)
}

func lookup(name string) *function {
	return functions()[name]
}

// UnknownFunctionError says that no function has the name; Nearest is the closest known one.
type UnknownFunctionError struct{ Name, Nearest string }

// Error names the function and the nearest known name.
func (e *UnknownFunctionError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("unknown function %s", e.Name)
	}
	return fmt.Sprintf("unknown function %s; did you mean %s?", e.Name, e.Nearest)
}

// NewCall makes a call of the function name (a name or an operator such as "+", "AND", "IS
// NULL", "LIKE"): it checks the number and types of the arguments, inserts implicit casts and
// derives the result type.
func NewCall(name string, args ...*Expr) (*Expr, error) {
	name = strings.ToUpper(name)
	f := lookup(name)
	if f == nil {
		return nil, &UnknownFunctionError{Name: name, Nearest: Nearest(name, FunctionNames())}
	}
	if len(args) < f.min || f.max >= 0 && len(args) > f.max {
		return nil, fmt.Errorf("%s takes %s, got %d", name, f.arity(), len(args))
	}
	nullable := slices.ContainsFunc(args, func(a *Expr) bool { return !a.Type.NotNull })
	bound, t, err := f.bind(slices.Clone(args))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !f.exact {
		t.NotNull = !nullable
	}
	// Programs tell functions apart by their own name, never by an alias.
	return &Expr{Op: Call, Name: f.name, Type: t, Args: bound}, nil
}

func (f *function) arity() string {
	switch {
	case f.max < 0:
		return fmt.Sprintf("at least %d arguments", f.min)
	case f.min == f.max && f.min == 1:
		return "1 argument"
	case f.min == f.max:
		return fmt.Sprintf("%d arguments", f.min)
	}
	return fmt.Sprintf("%d to %d arguments", f.min, f.max)
}

// NewCast converts e to t; try makes values that cannot be converted null instead of an error.
func NewCast(e *Expr, t columnar.Type, try bool) (*Expr, error) {
	t.NotNull = e.Type.NotNull && !try
	if e.Type.SameValues(t) {
		return e, nil
	}
	if !castable(e.Type, t) {
		return nil, fmt.Errorf("cannot cast %s to %s", e.Type.Nullable(), t.Nullable())
	}
	if e.IsNullConstant() {
		return Null(t), nil
	}
	if t.Kind == columnar.Row && !relabels(e.Type, t) {
		if try {
			return nil, fmt.Errorf("TRY_CAST does not convert the fields of %s to %s", e.Type.Nullable(), t.Nullable())
		}
		return castFields(e, t)
	}
	op := Cast
	if try {
		op = TryCast
	}
	cast := &Expr{Op: op, Type: t, Args: []*Expr{e}}
	if e.Type.Kind == columnar.TimestampLTZ || t.Kind == columnar.TimestampLTZ {
		return cast, nil // depends on the session's time zone
	}
	return Fold(cast, nil), nil
}

// NewCase makes CASE WHEN args[0] THEN args[1] ... ELSE args[last] END; the number of arguments
// is odd.
func NewCase(args ...*Expr) (*Expr, error) {
	args = slices.Clone(args)
	t := args[len(args)-1].Type
	for i := 0; i+1 < len(args); i += 2 {
		if args[i].Type.Kind != columnar.Boolean && !args[i].IsNullConstant() {
			return nil, fmt.Errorf("CASE: condition %s is %s, not BOOLEAN", args[i], args[i].Type)
		}
		u, ok := CommonType(t, args[i+1].Type)
		if !ok {
			return nil, fmt.Errorf("CASE: results of type %s and %s have no common type", t.Nullable(), args[i+1].Type.Nullable())
		}
		t = u
	}
	for i := range args {
		if i%2 == 0 && i < len(args)-1 {
			continue
		}
		c, err := NewCast(args[i], t, false)
		if err != nil {
			return nil, err
		}
		args[i] = c
	}
	return &Expr{Op: Case, Type: t, Args: args}, nil
}

// Fallible reports whether evaluating e can fail for some row.
func (e *Expr) Fallible() bool {
	found := false
	e.Walk(func(n *Expr) {
		switch n.Op {
		case Call:
			f := lookup(n.Name)
			found = found || f == nil || f.fallible
		case Cast:
			found = found || !lossless(n.Args[0].Type, n.Type)
		}
	})
	return found
}

// Volatile reports whether e may give another value each time it is evaluated.
func (e *Expr) Volatile() bool {
	found := false
	e.Walk(func(n *Expr) {
		switch {
		case n.Op != Call:
		case n.User != nil:
			found = found || n.User.Volatile
		default:
			f := lookup(n.Name)
			found = found || f == nil || f.volatile
		}
	})
	return found
}

// FunctionNames are the names of all scalar functions that are called as NAME(...), sorted.
func FunctionNames() []string {
	var names []string
	for name := range functions() {
		if callable(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// callable reports whether a function is called as NAME(...). An operator may have another name that is.
func callable(name string) bool {
	f := lookup(name)
	operator := f != nil && (f.infix || f.postfix || f.operator)
	return f != nil && !(operator && f.name == name) && name[0] >= 'A' && name[0] <= 'Z'
}

// Nearest is the candidate closest to name by edit distance, case aside; "" if none is close.
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/3+2
	for _, c := range candidates {
		if d := editDistance(strings.ToUpper(name), strings.ToUpper(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next := min(row[j]+1, row[j-1]+1, diagonal+cost)
			diagonal, row[j] = row[j], next
		}
	}
	return row[len(b)]
}
