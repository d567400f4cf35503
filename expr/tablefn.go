package expr

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
)

// TableFunction is a function of a Go program that makes any number of rows of one. A row with a null
// where an argument is required makes none.
type TableFunction struct {
	Name     string
	Args     []columnar.Type
	Result   []columnar.Field
	Volatile bool
	New      func() TableKernel
}

// TableKernel makes out the rows of the function for the first of rows, ascending positions in args, until
// out has columnar.BatchRows or more, and tells how many it made for each.
type TableKernel func(args []*columnar.Vector, rows []int32, out *columnar.Batch) (counts []int, err error)

// AddTable adds a function.
func (f *Functions) AddTable(t *TableFunction) error {
	name, err := f.free(t.Name)
	if err != nil {
		return err
	}
	if f.tables == nil {
		f.tables = map[string]*TableFunction{}
	}
	f.tables[name] = t
	return nil
}

// IsTable reports whether name is a table function.
func (f *Functions) IsTable(name string) bool {
	return f != nil && f.tables[strings.ToUpper(name)] != nil
}

// NewTable makes a call of a table function, whose type is the ROW it makes any number of.
func (f *Functions) NewTable(name string, place int, args ...*Expr) (*Expr, error) {
	upper := strings.ToUpper(name)
	t := f.tables[upper]
	bound, _, err := bindUser(upper, t.Args, args)
	if err != nil {
		return nil, err
	}
	return &Expr{Op: Call, Name: upper, Type: columnar.RowOf(t.Result...), Args: bound, User: &UserCall{Volatile: t.Volatile}, Place: place}, nil
}

// TableProgram is a compiled call of a table function. One goroutine uses it.
type TableProgram struct {
	call   *Expr
	kernel TableKernel
	args   []*Program
	strict []bool
	vals   []*columnar.Vector
}

// CompileTable makes the program of a call.
func CompileTable(call *Expr, env *Env) (*TableProgram, error) {
	t := env.functions().tables[call.Name]
	if t == nil {
		return nil, fmt.Errorf("no table function %s is registered in this process", call.Name)
	}
	p := &TableProgram{call: call, kernel: t.New(), vals: make([]*columnar.Vector, len(call.Args))}
	for i, a := range call.Args {
		arg, err := Compile(a, env)
		if err != nil {
			return nil, err
		}
		p.args, p.strict = append(p.args, arg), append(p.strict, t.Args[i].NotNull)
	}
	return p, nil
}

// Begin evaluates the arguments for b and gives the live rows that the function sees, ascending.
func (p *TableProgram) Begin(b *columnar.Batch, rows []int32) ([]int32, error) {
	var err error
	for i, a := range p.args {
		if p.vals[i], err = a.Eval(b); err != nil {
			return nil, err
		}
	}
	return seenRows(rows, p.vals, p.strict, b.Sel, b.Len(), func(int) {}), nil
}

// Next makes out the function's rows for the first of rows, which Begin has given, and tells how many it
// made for each; those that are left are for further calls.
func (p *TableProgram) Next(rows []int32, out *columnar.Batch) (counts []int, err error) {
	err = Guard(p.call.Name, p.call.Place, p.call.User.Volatile, func() (err error) {
		counts, err = p.kernel(p.vals, rows, out)
		return err
	})
	return counts, err
}

// Close frees the memory of the arguments.
func (p *TableProgram) Close() {
	if p == nil {
		return
	}
	for _, a := range p.args {
		a.Close()
	}
}
