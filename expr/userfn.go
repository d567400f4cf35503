package expr

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// Functions are those that a Go program has given to its session beside the registry's. What a call needs
// to be planned is in the expression; what it does is looked up here when a program is compiled, in each
// process that has the same functions. Nil has none.
type Functions struct {
	scalars    map[string]*Scalar
	aggregates map[string]*UserAggregate
	tables     map[string]*TableFunction
}

// Scalar is a function of a Go program that gives a value for each row. Arguments are converted to the
// types Args; where one of them is required, a row with a null there gives null and is not seen.
type Scalar struct {
	Name     string
	Args     []columnar.Type
	Result   columnar.Type
	Volatile bool // gives another value at each call
	Flat     bool // wants its arguments one value a row
	// New makes what computes the rows of one program.
	New func() ScalarKernel
}

// ScalarKernel sets the given rows, ascending, of out, which has been Reset to the length of the
// arguments. Those have any encoding unless the function wants them flat. It keeps none of them.
type ScalarKernel func(args []*columnar.Vector, rows []int32, out *columnar.Vector) error

// UserCall is what an expression knows of a function that is not the registry's.
type UserCall struct {
	Volatile bool `json:"volatile,omitempty"`
}

// CallError is a failure of a function of a Go program.
type CallError struct {
	Function string
	Place    int  // of the call, see Expr
	Volatile bool // the function may succeed when it is called again
	Err      error
}

// Error names the function.
func (e *CallError) Error() string { return "function " + e.Function + ": " + e.Err.Error() }

// Unwrap is what the function returned.
func (e *CallError) Unwrap() error { return e.Err }

// Guard calls f, a function of a Go program, and makes a CallError of its error or panic.
func Guard(name string, place int, volatile bool, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			cause, ok := r.(error)
			if !ok {
				cause = fmt.Errorf("%v", r)
			}
			err = fmt.Errorf("panic: %w\n%s", cause, debug.Stack())
		}
		if err != nil {
			err = &CallError{Function: name, Place: place, Volatile: volatile, Err: err}
		}
	}()
	return f()
}

// AddScalar adds a function. Names are case-insensitive and taken once, also by the registry.
func (f *Functions) AddScalar(s *Scalar) error {
	name, err := f.free(s.Name)
	if err != nil {
		return err
	}
	if f.scalars == nil {
		f.scalars = map[string]*Scalar{}
	}
	f.scalars[name] = s
	return nil
}

// free is name in upper case if nothing is called that.
func (f *Functions) free(name string) (string, error) {
	upper := strings.ToUpper(name)
	switch {
	case upper == "":
		return "", fmt.Errorf("a function has no name")
	case lookup(upper) != nil || IsAggregate(upper):
		return "", fmt.Errorf("function %s is there already", upper)
	case f.scalars[upper] != nil || f.aggregates[upper] != nil || f.tables[upper] != nil:
		return "", fmt.Errorf("function %s is registered twice", upper)
	}
	return upper, nil
}

// Names are those of all functions, sorted.
func (f *Functions) Names() []string {
	if f == nil {
		return nil
	}
	names := slices.Concat(slices.Collect(maps.Keys(f.scalars)), slices.Collect(maps.Keys(f.aggregates)), slices.Collect(maps.Keys(f.tables)))
	slices.Sort(names)
	return names
}

// NewCall is NewCall of a function of the registry or of f; the latter has a place.
func (f *Functions) NewCall(name string, place int, args ...*Expr) (*Expr, error) {
	upper := strings.ToUpper(name)
	if f == nil || f.scalars[upper] == nil {
		if !callable(upper) {
			return nil, &UnknownFunctionError{Name: upper, Nearest: Nearest(upper, FunctionNames())}
		}
		return NewCall(name, args...)
	}
	s := f.scalars[upper]
	bound, strict, err := bindUser(upper, s.Args, args)
	if err != nil {
		return nil, err
	}
	t := s.Result
	t.NotNull = t.NotNull && strict
	return &Expr{Op: Call, Name: upper, Type: t, Args: bound, User: &UserCall{Volatile: s.Volatile}, Place: place}, nil
}

// bindUser converts arguments to the types a function takes. seen says that none can be null that the
// function does not take as one.
func bindUser(name string, types []columnar.Type, args []*Expr) (bound []*Expr, seen bool, err error) {
	if len(args) != len(types) {
		return nil, false, fmt.Errorf("%s takes %d arguments, got %d", name, len(types), len(args))
	}
	seen = true
	for i, a := range args {
		b, err := NewArgument(a, types[i])
		if err != nil {
			return nil, false, fmt.Errorf("%s: argument %d is %s, not %s", name, i+1, a.Type.Nullable(), types[i].Nullable())
		}
		bound = append(bound, b)
		seen = seen && (b.Type.NotNull || !types[i].NotNull)
	}
	return bound, seen, nil
}

// NewArgument is an argument converted to what a function takes, where no value is lost. An instant may be
// given as a time without a zone, which is then one of UTC; their values are alike.
func NewArgument(a *Expr, t columnar.Type) (*Expr, error) {
	t.NotNull = false
	if t.Kind == columnar.TimestampLTZ && a.Type.Kind == columnar.Timestamp {
		t = columnar.TimestampOf(t.Precision)
	}
	if a.IsNullConstant() {
		return Null(t), nil
	}
	literal := a.IsConstant() && a.Type.IsString()
	if u, ok := CommonType(a.Type.Nullable(), t); !literal && (!ok || !u.SameValues(t)) {
		return nil, fmt.Errorf("%s is not %s", a.Type, t)
	}
	return NewCast(a, t, false)
}

// userNode calls a function of a Go program.
type userNode struct {
	call   *Expr
	strict []bool // by argument
	flat   []flattener
	kernel ScalarKernel
	args   []node
	vals   []*columnar.Vector
	rows   []int32
	out    *columnar.Vector
}

func (c *compiler) compileUser(e *Expr) (node, error) {
	s := c.env.functions().scalars[e.Name]
	if s == nil {
		return nil, &UnknownFunctionError{Name: e.Name}
	}
	args, err := c.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	n := &userNode{call: e, args: args, vals: make([]*columnar.Vector, len(args)), kernel: s.New(), out: columnar.NewVector(e.Type)}
	for _, t := range s.Args {
		n.strict = append(n.strict, t.NotNull)
	}
	if s.Flat {
		n.flat = make([]flattener, len(args))
	}
	return n, nil
}

func (n *userNode) release() {
	n.out.Release()
	for i := range n.flat {
		n.flat[i].release()
	}
}

func (n *userNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	var err error
	for i, a := range n.args {
		if n.vals[i], err = a.eval(b, sel); err != nil {
			return nil, err
		}
		if n.flat != nil {
			n.vals[i] = n.flat[i].flat(n.vals[i], a)
		}
	}
	n.out.Reset(b.Len())
	if n.out.Phys == columnar.PhysView {
		clear(columnar.Values[columnar.View](n.out))
	}
	n.rows = seenRows(n.rows, n.vals, n.strict, sel, b.Len(), n.out.SetNull)
	if len(n.rows) == 0 {
		return n.out, nil
	}
	return n.out, Guard(n.call.Name, n.call.Place, n.call.User.Volatile, func() error { return n.kernel(n.vals, n.rows, n.out) })
}

// seenRows makes rows those of sel (nil: the first n) that a function sees, and calls unseen with the
// others.
func seenRows(rows []int32, args []*columnar.Vector, strict []bool, sel []int32, n int, unseen func(row int)) []int32 {
	rows = rows[:0]
	add := func(i int) {
		for k, v := range args {
			if strict[k] && v.IsNull(i) {
				unseen(i)
				return
			}
		}
		rows = append(rows, int32(i))
	}
	if sel == nil {
		for i := range n {
			add(i)
		}
		return rows
	}
	for _, i := range sel {
		add(int(i))
	}
	return rows
}
