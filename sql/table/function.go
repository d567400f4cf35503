package table

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/expr"
)

// Function is one that SQL can be given: see Scalar, Vector, Aggregate and Rows.
type Function interface {
	add(to *expr.Functions) error
}

// FunctionOption changes a function.
type FunctionOption func(*traits)

type traits struct{ volatile bool }

// NotDeterministic says that a function gives another value each time, so that calls are not computed once
// for several uses.
func NotDeterministic() FunctionOption { return func(t *traits) { t.volatile = true } }

func traitsOf(opts []FunctionOption) traits {
	var t traits
	for _, o := range opts {
		o(&t)
	}
	return t
}

// slots is memory for values of one Go type, with their addresses.
type slots struct {
	column govalue.Column
	elem   reflect.Type
	all    reflect.Value // slice, of which values is the first part
	values reflect.Value
	start  unsafe.Pointer
	at     []unsafe.Pointer
}

func newSlots(c govalue.Column, elem reflect.Type) *slots { return &slots{column: c, elem: elem} }

// reset makes n zero values.
func (s *slots) reset(n int) {
	if !s.all.IsValid() || s.all.Len() < n {
		size := min(max(n, 2*callRows), columnar.BatchRows)
		s.all = reflect.MakeSlice(reflect.SliceOf(s.elem), max(n, size), max(n, size))
		s.start = s.all.UnsafePointer()
	}
	s.values = s.all.Slice(0, n)
	s.values.Clear()
}

// address is where value i is.
func (s *slots) address(i int) unsafe.Pointer { return unsafe.Add(s.start, uintptr(i)*s.elem.Size()) }

// valuesOf are the first n values as what they are.
func valuesOf[T any](s *slots, n int) []T { return unsafe.Slice((*T)(s.start), n) }

// decode makes the values those of the rows of v, which must have them.
func (s *slots) decode(v *columnar.Vector, rows []int32) error {
	if err := govalue.Check(s.column, v, rows); err != nil {
		return err
	}
	s.reset(len(rows))
	s.at = s.at[:0]
	for i := range rows {
		s.at = append(s.at, s.address(i))
	}
	s.column.Decode(v, rows, s.at)
	clear(s.at)
	return nil
}

// encode makes the values those of the rows of v, the others of which become null.
func (s *slots) encode(v *columnar.Vector, rows []int32) {
	if n := v.Len(); cap(s.at) < n {
		s.at = make([]unsafe.Pointer, n)
	}
	s.at = s.at[:v.Len()]
	clear(s.at)
	for i, r := range rows {
		s.at[r] = s.address(i)
	}
	s.column.Encode(v, s.at)
	clear(s.at)
}

// columnOf is the column of a type that a function takes or gives.
func columnOf(name, what string, t reflect.Type) (govalue.Column, error) {
	c, err := govalue.ColumnOf(t)
	if err != nil {
		return nil, fmt.Errorf("function %s: %s: %w", name, what, err)
	}
	return c, nil
}

// codecOf is the codec of T, whose columns are the arguments, results or state of a function.
func codecOf[T any](name, what string) (*govalue.Codec, error) {
	c, err := govalue.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("function %s: %s: %w", name, what, err)
	}
	return c, nil
}

func typesOf(c *govalue.Codec) []columnar.Type {
	var types []columnar.Type
	for _, f := range c.Columns("") {
		types = append(types, f.Type)
	}
	return types
}
