package govalue

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// Check finds a value in the given rows of cols that its Go type has not: unsigned integers have the next
// wider SQL type, which has more values. Columns that Go values were encoded into need none.
func (c *Codec) Check(cols []*columnar.Vector, rows []int32) error {
	for k, f := range c.fields {
		if err := Check(f.column, cols[k], rows); err != nil {
			return fmt.Errorf("column %q: %w", f.name, err)
		}
	}
	return nil
}

// Check is Codec.Check for one column.
func Check(c Column, v *columnar.Vector, rows []int32) error {
	switch c := c.(type) {
	case numberColumn[uint8, int16]:
		return within[uint8, int16](v, rows)
	case numberColumn[uint16, int32]:
		return within[uint16, int32](v, rows)
	case numberColumn[uint32, int64]:
		return within[uint32, int64](v, rows)
	case pointerColumn:
		return Check(c.inner, v, rows)
	case rowColumn:
		return c.check(v, rows)
	}
	return nil
}

func (c rowColumn) check(v *columnar.Vector, rows []int32) error {
	var live []int32 // fields of a row that is null may be anything
	for _, r := range rows {
		switch {
		case v.IsNull(int(r)):
		case v.Enc == columnar.Constant:
			live = append(live, 0)
		default:
			live = append(live, r)
		}
	}
	for k, f := range c.fields {
		if err := Check(f.column, v.Children[k], live); err != nil {
			return fmt.Errorf("field %q: %w", f.name, err)
		}
	}
	return nil
}

// within checks that the values of type V are those of type G.
func within[G uint8 | uint16 | uint32, V int16 | int32 | int64](v *columnar.Vector, rows []int32) error {
	src := columnar.Values[V](values(v))
	for _, r := range rows {
		if v.IsNull(int(r)) {
			continue
		}
		if x := src[v.Index(int(r))]; V(G(x)) != x {
			return fmt.Errorf("%d is no value of the Go type %T", x, G(0))
		}
	}
	return nil
}
