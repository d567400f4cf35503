package table

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// Scalar makes a SQL function of f, a Go function of any number of parameters that returns a value or a
// value and an error, such as func(a int64, b string) (string, error). The types are those a stream may
// have; a struct is a ROW. A row where an argument is null gives NULL and f is not called, unless the
// parameter is a pointer or []byte, which is nil then; a result that is a nil pointer is NULL. An error or
// a panic of f ends the job where its value is used: FALSE AND f(x) is FALSE.
//
// Each call goes through package reflect, which takes most of a microsecond: Scalar1 to Scalar3 call
// directly.
func Scalar(name string, f any, opts ...FunctionOption) Function {
	return &scalar{name: name, f: reflect.ValueOf(f), traits: traitsOf(opts), invoke: reflected}
}

// Scalar1 is Scalar of a function of one parameter.
func Scalar1[A, R any](name string, f func(A) (R, error), opts ...FunctionOption) Function {
	return &scalar{name: name, f: reflect.ValueOf(f), traits: traitsOf(opts), invoke: func(c *scalarCaller, n int) (err error) {
		a, r := valuesOf[A](c.params[0], n), valuesOf[R](c.result, n)
		for i := range n {
			if r[i], err = f(a[i]); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Scalar2 is Scalar of a function of two parameters.
func Scalar2[A, B, R any](name string, f func(A, B) (R, error), opts ...FunctionOption) Function {
	return &scalar{name: name, f: reflect.ValueOf(f), traits: traitsOf(opts), invoke: func(c *scalarCaller, n int) (err error) {
		a, b, r := valuesOf[A](c.params[0], n), valuesOf[B](c.params[1], n), valuesOf[R](c.result, n)
		for i := range n {
			if r[i], err = f(a[i], b[i]); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Scalar3 is Scalar of a function of three parameters.
func Scalar3[A, B, C, R any](name string, f func(A, B, C) (R, error), opts ...FunctionOption) Function {
	return &scalar{name: name, f: reflect.ValueOf(f), traits: traitsOf(opts), invoke: func(c *scalarCaller, n int) (err error) {
		a, b, d := valuesOf[A](c.params[0], n), valuesOf[B](c.params[1], n), valuesOf[C](c.params[2], n)
		r := valuesOf[R](c.result, n)
		for i := range n {
			if r[i], err = f(a[i], b[i], d[i]); err != nil {
				return err
			}
		}
		return nil
	}}
}

type scalar struct {
	name string
	f    reflect.Value
	traits
	// invoke calls the function for n rows of decoded arguments.
	invoke func(c *scalarCaller, n int) error
}

func (s *scalar) add(to *expr.Functions) error {
	if s.f.Kind() != reflect.Func || s.f.IsNil() {
		return fmt.Errorf("function %s is no Go function", s.name)
	}
	t := s.f.Type()
	failing := t.NumOut() == 2 && t.Out(1) == reflect.TypeFor[error]()
	if t.IsVariadic() || t.NumOut() != 1 && !failing {
		return fmt.Errorf("function %s is %s; it takes a fixed number of parameters and returns a value, or a value and an error", s.name, t)
	}
	def := &expr.Scalar{Name: s.name, Volatile: s.volatile}
	for i := range t.NumIn() {
		c, err := columnOf(s.name, fmt.Sprintf("parameter %d", i+1), t.In(i))
		if err != nil {
			return err
		}
		def.Args = append(def.Args, c.Type())
	}
	c, err := columnOf(s.name, "result", t.Out(0))
	if err != nil {
		return err
	}
	def.Result = c.Type()
	def.New = func() expr.ScalarKernel { return newScalarCaller(s).call }
	return to.AddScalar(def)
}

// scalarCaller calls a function for the rows of a batch.
type scalarCaller struct {
	f      *scalar
	params []*slots
	result *slots
	in     []reflect.Value
}

// newScalarCaller makes the caller of a function whose types have been checked.
func newScalarCaller(f *scalar) *scalarCaller {
	t := f.f.Type()
	c := &scalarCaller{f: f, in: make([]reflect.Value, t.NumIn())}
	slotsOf := func(t reflect.Type) *slots {
		column, err := columnOf("", "", t)
		if err != nil {
			panic(err) // add has made it before
		}
		return newSlots(column, t)
	}
	for i := range t.NumIn() {
		c.params = append(c.params, slotsOf(t.In(i)))
	}
	c.result = slotsOf(t.Out(0))
	return c
}

func (c *scalarCaller) call(args []*columnar.Vector, rows []int32, out *columnar.Vector) error {
	for k, p := range c.params {
		if err := p.decode(args[k], rows); err != nil {
			return fmt.Errorf("parameter %d: %w", k+1, err)
		}
	}
	c.result.reset(len(rows))
	if err := c.f.invoke(c, len(rows)); err != nil {
		return err
	}
	c.result.encode(out, rows)
	return nil
}

// reflected calls a function of any type.
func reflected(c *scalarCaller, n int) error {
	for i := range n {
		for k, p := range c.params {
			c.in[k] = p.values.Index(i)
		}
		got := c.f.f.Call(c.in)
		if len(got) == 2 && !got[1].IsNil() {
			return got[1].Interface().(error)
		}
		c.result.values.Index(i).Set(got[0])
	}
	return nil
}

// Vector makes a SQL function of f, which computes many rows at a time: it sets the given rows, ascending,
// of out, which has one row for each of the arguments'. Arguments and out are flat; f keeps none of them.
// Where the type of an argument is NOT NULL, f does not see the rows in which it is null; they give NULL.
// A result that is NOT NULL is never null where f sees the row. Errors are as with Scalar.
func Vector(name string, args []columnar.Type, result columnar.Type, f func(args []*columnar.Vector, rows []int32, out *columnar.Vector) error, opts ...FunctionOption) Function {
	return &vector{name: name, args: args, result: result, f: f, traits: traitsOf(opts)}
}

type vector struct {
	name   string
	args   []columnar.Type
	result columnar.Type
	f      func(args []*columnar.Vector, rows []int32, out *columnar.Vector) error
	traits
}

func (v *vector) add(to *expr.Functions) error {
	if v.f == nil {
		return errors.New("function " + v.name + " is nil")
	}
	for _, t := range append([]columnar.Type{v.result}, v.args...) {
		if t.IsNested() {
			return fmt.Errorf("function %s: a vector function takes and gives no %s", v.name, t.Nullable())
		}
	}
	return to.AddScalar(&expr.Scalar{Name: v.name, Args: v.args, Result: v.result, Volatile: v.volatile, Flat: true, New: func() expr.ScalarKernel { return v.f }})
}
