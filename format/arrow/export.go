package arrow

import (
	"fmt"
	"math"

	lib "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// exporter makes arrays of vectors. Arrays refer to the vectors' memory where the layouts agree; what has
// to be made anew is held by the exporter until close.
type exporter struct {
	flat []*columnar.Vector
	mem  [][]byte
}

func (x *exporter) close() {
	for _, v := range x.flat {
		v.Release()
	}
	for _, b := range x.mem {
		mem.Free(b)
	}
	x.flat, x.mem = nil, nil
}

// record is the rows of b, all of which must be live. It refers to memory of b, whose vectors must be the
// caller's own: values of null rows are set to zero.
func (x *exporter) record(s *lib.Schema, b *columnar.Batch) (lib.RecordBatch, error) {
	columns := make([]lib.Array, len(b.Cols))
	for i, v := range b.Cols {
		data, err := x.array(s.Field(i).Type, v)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", s.Field(i).Name, err)
		}
		columns[i] = array.MakeFromData(data)
	}
	return array.NewRecordBatch(s, columns, int64(b.Len())), nil
}

// array is v as an Arrow array.
func (x *exporter) array(dt lib.DataType, v *columnar.Vector) (lib.ArrayData, error) {
	if v.Enc != columnar.Flat {
		flat := columnar.NewVector(v.Type)
		flat.AppendRows(v, positions(v.Len()))
		if flat.Enc != columnar.Flat {
			codes := flat
			flat = columnar.NewVector(v.Type)
			flat.Flatten(codes)
			x.flat = append(x.flat, codes)
		}
		x.flat = append(x.flat, flat)
		v = flat
	}
	n := v.Len()
	nulls := n - v.Valid.Count(n)
	if v.Phys == columnar.PhysNone {
		return array.NewData(lib.Null, n, []*memory.Buffer{nil}, nil, n, 0), nil
	}
	buffers := make([]*memory.Buffer, 1, 3)
	if nulls > 0 {
		buffers[0] = memory.NewBufferBytes(columnar.RawBytes([]uint64(v.Valid[:columnar.BitmapWords(n)])))
		zeroNulls(v)
	}
	var children []lib.ArrayData
	var err error
	switch {
	case v.Type.Kind == columnar.Decimal && v.Phys == columnar.PhysInt64:
		return array.NewData(dt, n, append(buffers, memory.NewBufferBytes(x.widen(v))), nil, nulls, 0), nil
	case v.Phys == columnar.PhysView:
		buffers, err = x.strings(buffers, dt, v)
	case v.Phys == columnar.PhysStruct:
		children, err = x.children(dt.(*lib.StructType).Fields(), v)
	case v.Phys == columnar.PhysList:
		buffers = append(buffers, memory.NewBufferBytes(v.ByteValues()[:4*(n+1)]))
		children, err = x.elements(dt, v)
	case v.Phys == columnar.PhysBits:
		if tail := n % 64; tail > 0 {
			v.Bits()[n/64] &= 1<<tail - 1
		}
		buffers = append(buffers, memory.NewBufferBytes(v.ByteValues()))
	default:
		buffers = append(buffers, memory.NewBufferBytes(v.ByteValues()))
	}
	if err != nil {
		return nil, err
	}
	return array.NewData(dt, n, buffers, children, nulls, 0), nil
}

func positions(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// zeroNulls clears the values of null rows, so that no old memory gets into a file.
func zeroNulls(v *columnar.Vector) {
	w := v.Phys.Width()
	for i := range v.Len() {
		switch {
		case v.Valid.Get(i):
		case v.Phys == columnar.PhysBits:
			v.Bits().Clear(i)
		case v.Phys != columnar.PhysList && w > 0:
			clear(v.ByteValues()[i*w : (i+1)*w])
		}
	}
}

func (x *exporter) alloc(n int) []byte {
	b := mem.Alloc(n)
	x.mem = append(x.mem, b)
	return b
}

// widen is narrow decimals as 128 bits each.
func (x *exporter) widen(v *columnar.Vector) []byte {
	b := x.alloc(16 * v.Len())
	dst := typed[columnar.Int128](nil, b)
	for i, d := range columnar.Values[int64](v) {
		dst[i] = columnar.Int128Of(d)
	}
	return b
}

// strings appends the buffers of strings: views and what they refer to, offsets and bytes, or bytes.
func (x *exporter) strings(buffers []*memory.Buffer, dt lib.DataType, v *columnar.Vector) ([]*memory.Buffer, error) {
	if _, ok := dt.(lib.BinaryViewDataType); ok {
		buffers = append(buffers, memory.NewBufferBytes(v.ByteValues()))
		for _, b := range v.Bufs {
			buffers = append(buffers, memory.NewBufferBytes(b))
		}
		return buffers, nil
	}
	views, total, width := columnar.Values[columnar.View](v), 0, -1
	if fixed, ok := dt.(*lib.FixedSizeBinaryType); ok {
		width = fixed.ByteWidth
	}
	for i := range views {
		n := views[i].Len()
		if width >= 0 && n != width && v.Valid.Get(i) {
			return nil, fmt.Errorf("a value of %d bytes where each has %d", n, width)
		}
		total += max(n, width)
	}
	if total > math.MaxInt32 {
		return nil, fmt.Errorf("%d bytes of strings in a record batch are too many", total)
	}
	text := x.alloc(total)
	clear(text)
	offsets := x.alloc(4 * (v.Len() + 1))
	ends := typed[int32](nil, offsets)
	ends[0] = 0
	at := 0
	for i := range views {
		copy(text[at:], v.ViewBytes(&views[i]))
		at += max(views[i].Len(), width)
		ends[i+1] = int32(at)
	}
	if width >= 0 {
		return append(buffers, memory.NewBufferBytes(text)), nil
	}
	return append(buffers, memory.NewBufferBytes(offsets), memory.NewBufferBytes(text)), nil
}

func (x *exporter) children(fields []lib.Field, v *columnar.Vector) ([]lib.ArrayData, error) {
	out := make([]lib.ArrayData, len(v.Children))
	for i, c := range v.Children {
		var err error
		if out[i], err = x.array(fields[i].Type, c); err != nil {
			return nil, fmt.Errorf("field %q: %w", fields[i].Name, err)
		}
	}
	return out, nil
}

// elements is the child of a list, or the entries of a map.
func (x *exporter) elements(dt lib.DataType, v *columnar.Vector) ([]lib.ArrayData, error) {
	m, ok := dt.(*lib.MapType)
	if !ok {
		child, err := x.array(dt.(*lib.ListType).Elem(), v.Children[0])
		return []lib.ArrayData{child}, err
	}
	entries := m.Elem().(*lib.StructType)
	fields, err := x.children(entries.Fields(), v)
	if err != nil {
		return nil, err
	}
	return []lib.ArrayData{array.NewData(entries, v.Children[0].Len(), []*memory.Buffer{nil}, fields, 0, 0)}, nil
}
