package table

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/expr"
)

// Aggregate is an aggregate function over values of In with accumulators of A, which begin as zero values,
// and results of R. The fields of In, if it is a struct, are the function's arguments in order; a row where
// one is null is left out unless the field is a pointer. A is of the types that a stream may have; it is
// kept in checkpoints by the names of its fields' columns and in their order. An error or a panic ends the
// job.
type Aggregate[A, In, R any] struct {
	Name string
	Add  func(acc *A, in In) error
	// Retract takes a row back; without it the function is refused over rows that may be taken back.
	Retract func(acc *A, in In) error
	// Merge adds what another accumulator has seen. With it rows are aggregated where they are before they
	// are brought together; hopping windows need it.
	Merge  func(acc *A, other A) error
	Result func(acc A) (R, error)
}

func (a Aggregate[A, In, R]) add(to *expr.Functions) error {
	if a.Add == nil || a.Result == nil {
		return fmt.Errorf("function %s: Add or Result is missing", a.Name)
	}
	state, err := codecOf[A](a.Name, "accumulator")
	if err != nil {
		return err
	}
	in, err := codecOf[In](a.Name, "arguments")
	if err != nil {
		return err
	}
	result, err := columnOf(a.Name, "result", reflect.TypeFor[R]())
	if err != nil {
		return err
	}
	for _, t := range typesOf(state) {
		if t.IsNested() {
			return fmt.Errorf("function %s: the accumulator has a field that is a struct; put its fields beside the others", a.Name)
		}
	}
	return to.AddAggregate(&expr.UserAggregate{
		Name: a.Name, Args: typesOf(in), Result: result.Type(), State: typesOf(state), Retracts: a.Retract != nil, Merges: a.Merge != nil,
		New: func() expr.AggregateKernel {
			return &aggregator[A, In, R]{
				f: a, accs: make([]A, 1), in: govalue.NewCoder[In](in), state: govalue.NewCoder[A](state),
				result: newSlots(result, reflect.TypeFor[R]()),
			}
		},
	})
}

// aggregator has the accumulators of many groups; the first stays a zero value.
type aggregator[A, In, R any] struct {
	f      Aggregate[A, In, R]
	accs   []A
	in     *govalue.Coder[In]
	state  *govalue.Coder[A]
	result *slots
	stored []A
	rows   []int32
}

func (x *aggregator[A, In, R]) Grow(n int) {
	for len(x.accs) <= n {
		var zero A
		x.accs = append(x.accs, zero)
	}
}

func (x *aggregator[A, In, R]) Update(args []*columnar.Vector, rows []int32, slots []uint32, retract []bool) error {
	if err := x.in.Codec().Check(args, rows); err != nil {
		return err
	}
	for i, v := range x.in.Decode(args, rows) {
		f := x.f.Add
		if retract[i] {
			f = x.f.Retract
		}
		if err := f(&x.accs[slots[i]], v); err != nil {
			return err
		}
	}
	return nil
}

func (x *aggregator[A, In, R]) Load(state []*columnar.Vector, rows []int32, slots []uint32) {
	for i, acc := range x.state.Decode(state, rows) {
		x.accs[slots[i]] = acc
	}
}

func (x *aggregator[A, In, R]) Merge(state []*columnar.Vector, rows []int32, slots []uint32) error {
	for i, acc := range x.state.Decode(state, rows) {
		if err := x.f.Merge(&x.accs[slots[i]], acc); err != nil {
			return err
		}
	}
	return nil
}

func (x *aggregator[A, In, R]) Store(slots []uint32, out []*columnar.Vector) {
	x.stored = x.stored[:0]
	for _, s := range slots {
		x.stored = append(x.stored, x.accs[s])
	}
	x.state.Encode(out, x.stored)
	clear(x.stored)
}

func (x *aggregator[A, In, R]) Result(slots []uint32, out *columnar.Vector) error {
	x.result.reset(len(slots))
	x.rows = x.rows[:0]
	for i, s := range slots {
		r, err := x.f.Result(x.accs[s])
		if err != nil {
			return err
		}
		*(*R)(x.result.address(i)) = r
		x.rows = append(x.rows, int32(i))
	}
	x.result.encode(out, x.rows)
	return nil
}

// SizeBytes leaves out what accumulators point to.
func (x *aggregator[A, In, R]) SizeBytes() int64 {
	var a A
	return int64(cap(x.accs)) * int64(unsafe.Sizeof(a))
}

// Rows makes a table function of f, which emits any number of rows for each call:
//
//	SELECT ... FROM t, LATERAL TABLE(f(x)) AS T(a, b)
//	SELECT ... FROM t LEFT JOIN LATERAL TABLE(f(x)) AS T(a, b) ON TRUE
//
// The fields of In, if it is a struct, are its arguments in order, and those of R its columns; an R that is
// no struct is the column "value". A call with an argument that is null makes no rows, unless the field is
// a pointer. What one call emits is held in memory. Errors are as with Scalar.
func Rows[In, R any](name string, f func(in In, emit func(R)) error, opts ...FunctionOption) Function {
	return &rowsFunction[In, R]{name: name, f: f, traits: traitsOf(opts)}
}

type rowsFunction[In, R any] struct {
	name string
	f    func(in In, emit func(R)) error
	traits
}

func (r *rowsFunction[In, R]) add(to *expr.Functions) error {
	if r.f == nil {
		return errors.New("function " + r.name + " is nil")
	}
	in, err := codecOf[In](r.name, "arguments")
	if err != nil {
		return err
	}
	out, err := codecOf[R](r.name, "rows")
	if err != nil {
		return err
	}
	return to.AddTable(&expr.TableFunction{
		Name: r.name, Args: typesOf(in), Result: out.Columns(""), Volatile: r.volatile,
		New: func() expr.TableKernel {
			c := &rowsCaller[In, R]{f: r.f, in: govalue.NewCoder[In](in), out: govalue.NewCoder[R](out)}
			return c.call
		},
	})
}

// rowsCaller calls a table function for rows of a batch.
type rowsCaller[In, R any] struct {
	f      func(in In, emit func(R)) error
	in     *govalue.Coder[In]
	out    *govalue.Coder[R]
	made   []R
	counts []int
}

// callRows is how many rows are decoded at a time.
const callRows = 256

func (c *rowsCaller[In, R]) call(args []*columnar.Vector, rows []int32, out *columnar.Batch) ([]int, error) {
	clear(c.made)
	c.made, c.counts = c.made[:0], c.counts[:0]
	if err := c.in.Codec().Check(args, rows); err != nil {
		return nil, err
	}
	emit := func(r R) { c.made = append(c.made, r) }
	for len(rows) > 0 && len(c.made) < columnar.BatchRows {
		for _, in := range c.in.Decode(args, rows[:min(callRows, len(rows))]) {
			before := len(c.made)
			if err := c.f(in, emit); err != nil {
				return nil, err
			}
			c.counts = append(c.counts, len(c.made)-before)
			rows = rows[1:]
			if len(c.made) >= columnar.BatchRows {
				break
			}
		}
	}
	out.Reset(len(c.made))
	c.out.Encode(out.Cols, c.made)
	return c.counts, nil
}
