package arrow

import (
	"fmt"
	"math"

	lib "github.com/apache/arrow-go/v18/arrow"

	"github.com/anabranch/anabranch/columnar"
)

// ranges are where the elements of each list lie among the children.
type ranges struct{ from, to []int64 }

// list makes v an ARRAY or MAP.
func (m *importer) list(v *columnar.Vector, r rows, dt lib.DataType) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	at, err := m.ranges(r, dt, valid)
	if err != nil {
		return err
	}
	if len(r.array.Children()) != 1 {
		return fmt.Errorf("%d children, not 1", len(r.array.Children()))
	}
	v.Reset(r.n)
	v.Valid = valid
	offsets := v.Offsets()
	total, low, high := int64(0), int64(math.MaxInt64), int64(0)
	inOrder := true
	for i := range r.n {
		n := at.to[i] - at.from[i]
		if n > 0 {
			inOrder = inOrder && (total == 0 || at.from[i] == high)
			low, high = min(low, at.from[i]), max(high, at.to[i])
		}
		if total += n; total > math.MaxInt32 {
			return fmt.Errorf("%d elements in %d rows are too many", total, r.n)
		}
		offsets[i+1] = int32(total)
	}
	if total == 0 {
		low, high = 0, 0
	}
	elements := rows{array: r.array.Children()[0], from: int(low), n: int(high - low), nested: true}
	if inOrder {
		return m.elements(v.Children, v.Type, elements)
	}
	return m.pick(v, at, low, elements)
}

// pick copies elements that do not lie in the order of their lists.
func (m *importer) pick(v *columnar.Vector, at ranges, low int64, elements rows) error {
	all := columnar.NewVector(v.Type)
	defer all.Release()
	if err := m.elements(all.Children, v.Type, elements); err != nil {
		return err
	}
	var picked []int32
	for i := range at.from {
		for e := at.from[i]; e < at.to[i]; e++ {
			picked = append(picked, int32(e-low))
		}
	}
	for i, c := range v.Children {
		c.AppendRows(all.Children[i], picked)
	}
	return nil
}

// elements fills the children of an ARRAY or MAP.
func (m *importer) elements(children []*columnar.Vector, t columnar.Type, r rows) error {
	if t.Kind == columnar.Array {
		if err := m.column(children[0], r); err != nil {
			return fmt.Errorf("element: %w", err)
		}
		return nil
	}
	entries := r.array
	if len(entries.Children()) != 2 || r.from+r.n > entries.Len() {
		return fmt.Errorf("entries of %d fields and %d rows", len(entries.Children()), entries.Len())
	}
	for i, c := range children {
		part := rows{array: entries.Children()[i], from: entries.Offset() + r.from, n: r.n, nested: true}
		if err := m.column(c, part); err != nil {
			return fmt.Errorf("%s: %w", t.Fields[i].Name, err)
		}
	}
	return nil
}

// ranges finds the elements of each row; a null row has none.
func (m *importer) ranges(r rows, dt lib.DataType, valid columnar.Bitmap) (ranges, error) {
	at := ranges{make([]int64, r.n), make([]int64, r.n)}
	var err error
	switch dt := dt.(type) {
	case *lib.FixedSizeListType:
		n := int64(dt.Len())
		for i := range at.from {
			at.from[i] = n * int64(r.array.Offset()+r.from+i)
			at.to[i] = at.from[i] + n
		}
	case *lib.LargeListType:
		err = listRanges[int64](m, r, at)
	case *lib.ListViewType:
		err = viewRanges[int32](m, r, at, 4)
	case *lib.LargeListViewType:
		err = viewRanges[int64](m, r, at, 8)
	default:
		err = listRanges[int32](m, r, at)
	}
	if err != nil {
		return at, err
	}
	for i := range at.from {
		if at.from[i] < 0 || at.to[i] < at.from[i] || at.to[i] > rowsMax {
			return at, errOffsets
		}
		if !valid.Get(i) {
			at.from[i], at.to[i] = 0, 0
		}
	}
	return at, nil
}

func listRanges[T int32 | int64](m *importer, r rows, at ranges) error {
	offsets, err := offsetsOf[T](m, r)
	if err != nil {
		return err
	}
	for i := range at.from {
		at.from[i], at.to[i] = int64(offsets[i]), int64(offsets[i+1])
	}
	return nil
}

func viewRanges[T int32 | int64](m *importer, r rows, at ranges, width int) error {
	first := r.array.Offset() + r.from
	b, err := span(buffer(r.array, 1), first, r.n, width)
	if err != nil {
		return err
	}
	for i, o := range typed[T](m, b) {
		at.from[i] = int64(o)
	}
	if b, err = span(buffer(r.array, 2), first, r.n, width); err != nil {
		return err
	}
	for i, n := range typed[T](m, b) {
		if n < 0 || at.from[i] > rowsMax {
			return errOffsets
		}
		at.to[i] = at.from[i] + int64(n)
	}
	return nil
}
