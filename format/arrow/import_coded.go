package arrow

import (
	"fmt"
	"sort"

	lib "github.com/apache/arrow-go/v18/arrow"

	"github.com/anabranch/anabranch/columnar"
)

// dictionaries are those of the record batches at hand, so that one that several of them share is one
// vector.
type dictionaries struct {
	now, before map[lib.ArrayData]*columnar.Vector
}

// next says that another record batch begins; dictionaries that the last one did not use are forgotten.
func (d *dictionaries) next() { d.now, d.before = map[lib.ArrayData]*columnar.Vector{}, d.now }

// dictionary makes v codes of a dictionary of strings. Other dictionaries, those with nulls and those
// inside of nested columns are decoded.
func (m *importer) dictionary(v *columnar.Vector, r rows) error {
	data, ok := r.array.(interface{ Dictionary() lib.ArrayData })
	if !ok || data.Dictionary() == nil {
		return fmt.Errorf("there is no dictionary")
	}
	values := data.Dictionary()
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	codes, err := m.codes(r, valid, values.Len())
	if err != nil {
		return err
	}
	if v.Phys == columnar.PhysView && !r.nested && values.Len() > 0 {
		dict, err := m.kept(v.Type, values)
		if err != nil {
			return fmt.Errorf("dictionary: %w", err)
		}
		if dict != nil {
			v.Reset(0)
			for i, c := range codes {
				codes[i] = max(c, 0)
			}
			copy(v.SetDictionary(dict, r.n), codes)
			v.Valid = valid
			return nil
		}
	}
	return m.decode(v, values, codes)
}

// decode makes v the rows of an array at positions; -1 is null.
func (m *importer) decode(v *columnar.Vector, values lib.ArrayData, positions []int32) error {
	all := columnar.NewVector(v.Type)
	defer all.Release()
	if err := m.column(all, rows{array: values, n: values.Len(), nested: true}); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	v.Reset(0)
	v.AppendRows(all, positions)
	return nil
}

// kept is a dictionary of strings as a vector for ever, nil if it has nulls.
func (m *importer) kept(t columnar.Type, values lib.ArrayData) (*columnar.Vector, error) {
	if d, ok := m.dicts.now[values]; ok {
		return d, nil
	}
	d, ok := m.dicts.before[values]
	if !ok {
		all := columnar.NewVector(t.Required())
		defer all.Release()
		if err := m.column(all, rows{array: values, n: values.Len(), nested: true}); err != nil {
			return nil, err
		}
		d = heapStrings(all)
	}
	if m.dicts.now == nil {
		m.dicts.next()
	}
	m.dicts.now[values] = d
	return d, nil
}

// heapStrings copies strings to the Go heap, since kept batches may refer to them for ever; nil if there
// are nulls.
func heapStrings(all *columnar.Vector) *columnar.Vector {
	if all.Valid.Count(all.Len()) < all.Len() || all.Enc != columnar.Flat {
		return nil
	}
	size := 0
	for i := range all.Len() {
		size += len(all.Bytes(i))
	}
	text, views := make([]byte, 0, size), make([]columnar.View, all.Len())
	for i := range views {
		at := len(text)
		text = append(text, all.Bytes(i)...)
		views[i] = columnar.MakeView(text[at:], 0, at)
	}
	d := columnar.NewVector(all.Type)
	d.SetShared(len(views), columnar.RawBytes(views), nil, [][]byte{text})
	return d
}

// codes are the positions in a dictionary of n values; that of a null row is -1.
func (m *importer) codes(r rows, valid columnar.Bitmap, n int) ([]int32, error) {
	dt, ok := storage(r.array.DataType()).(*lib.DictionaryType)
	if !ok {
		return nil, fmt.Errorf("%s is no dictionary", r.array.DataType())
	}
	codes := make([]int32, r.n)
	index, ok := dt.IndexType.(lib.FixedWidthDataType)
	if !ok {
		return nil, fmt.Errorf("an index of type %s", dt.IndexType)
	}
	b, err := span(buffer(r.array, 1), r.array.Offset()+r.from, r.n, index.Bytes())
	if err != nil {
		return nil, err
	}
	switch dt.IndexType.ID() {
	case lib.INT8:
		ok = index32(codes, typed[int8](m, b), valid, n)
	case lib.INT16:
		ok = index32(codes, typed[int16](m, b), valid, n)
	case lib.INT32:
		ok = index32(codes, typed[int32](m, b), valid, n)
	case lib.INT64:
		ok = index32(codes, typed[int64](m, b), valid, n)
	case lib.UINT8:
		ok = index32(codes, typed[uint8](m, b), valid, n)
	case lib.UINT16:
		ok = index32(codes, typed[uint16](m, b), valid, n)
	case lib.UINT32:
		ok = index32(codes, typed[uint32](m, b), valid, n)
	case lib.UINT64:
		ok = index32(codes, typed[uint64](m, b), valid, n)
	default:
		return nil, fmt.Errorf("an index of type %s", dt.IndexType)
	}
	if !ok {
		return nil, fmt.Errorf("a code outside of the %d values of its dictionary", n)
	}
	return codes, nil
}

func index32[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](dst []int32, src []T, valid columnar.Bitmap, n int) bool {
	for i := range dst {
		dst[i] = -1
		if !valid.Get(i) {
			continue
		}
		x := src[i]
		if x < 0 || uint64(x) >= uint64(n) || uint64(x) > 1<<31-1 {
			return false
		}
		dst[i] = int32(x)
	}
	return true
}

// runs decodes values that stand for runs of rows.
func (m *importer) runs(v *columnar.Vector, r rows) error {
	children := r.array.Children()
	dt, ok := storage(r.array.DataType()).(*lib.RunEndEncodedType)
	if !ok || len(children) != 2 {
		return fmt.Errorf("%s with %d children", r.array.DataType(), len(children))
	}
	ends := rows{array: children[0], n: children[0].Len()}
	width := dt.RunEnds().(lib.FixedWidthDataType).Bytes()
	b, err := span(buffer(ends.array, 1), ends.array.Offset(), ends.n, width)
	if err != nil {
		return err
	}
	var end func(i int) int64
	switch width {
	case 2:
		list := typed[int16](m, b)
		end = func(i int) int64 { return int64(list[i]) }
	case 4:
		list := typed[int32](m, b)
		end = func(i int) int64 { return int64(list[i]) }
	default:
		list := typed[int64](m, b)
		end = func(i int) int64 { return list[i] }
	}
	positions := make([]int32, r.n)
	first := int64(r.array.Offset() + r.from)
	run := sort.Search(ends.n, func(i int) bool { return end(i) > first })
	for i := range positions {
		for run < ends.n && end(run) <= first+int64(i) {
			run++
		}
		if run >= ends.n || run >= children[1].Len() {
			return fmt.Errorf("the runs end before row %d", r.from+i)
		}
		positions[i] = int32(run)
		if !r.outer.Get(i) {
			positions[i] = -1
		}
	}
	return m.decode(v, children[1], positions)
}
