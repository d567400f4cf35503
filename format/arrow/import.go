package arrow

import (
	"errors"
	"fmt"
	"unsafe"

	lib "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"github.com/anabranch/anabranch/columnar"
)

var errShort = errors.New("a buffer is shorter than its rows")

// rowsMax bounds the rows of an array, so that positions do not overflow.
const rowsMax = 1 << 40

// importer moves rows of arrays into vectors. What a vector borrows lives as long as the array and until
// the next reset.
type importer struct {
	room  room
	dicts dictionaries
	words []uint64 // a misaligned buffer, aligned
}

// reset says that the vectors filled so far are not used any more.
func (m *importer) reset() { m.room.used = 0 }

func (m *importer) close() {
	m.room.close()
	m.dicts = dictionaries{}
}

// rows is a part of an array: n rows from the position from. Those that outer has a zero for are null.
type rows struct {
	array   lib.ArrayData
	from, n int
	outer   columnar.Bitmap
	nested  bool // not a column of the batch itself
}

// column makes v the rows of r. The type of v is that of the array, but for names and lengths.
func (m *importer) column(v *columnar.Vector, r rows) error {
	a := r.array
	if a.Offset() < 0 || a.Offset() > rowsMax || a.Len() > rowsMax || r.from < 0 || r.from+r.n > a.Len() {
		return fmt.Errorf("%d rows from row %d of an array of %d", r.n, r.from, a.Len())
	}
	switch dt := storage(a.DataType()); dt.ID() {
	case lib.NULL:
		v.NullConstant(r.n)
		return nil
	case lib.BOOL:
		return m.bits(v, r)
	case lib.STRING, lib.BINARY:
		return texts[int32](m, v, r)
	case lib.LARGE_STRING, lib.LARGE_BINARY:
		return texts[int64](m, v, r)
	case lib.STRING_VIEW, lib.BINARY_VIEW:
		return m.views(v, r)
	case lib.FIXED_SIZE_BINARY:
		return m.fixedTexts(v, r, dt.(*lib.FixedSizeBinaryType).ByteWidth)
	case lib.DICTIONARY:
		return m.dictionary(v, r)
	case lib.RUN_END_ENCODED:
		return m.runs(v, r)
	case lib.STRUCT:
		return m.row(v, r)
	case lib.LIST, lib.LARGE_LIST, lib.FIXED_SIZE_LIST, lib.LIST_VIEW, lib.LARGE_LIST_VIEW, lib.MAP:
		return m.list(v, r, dt)
	default:
		if same(dt, v) {
			return m.fixed(v, r)
		}
		return m.convert(v, r, dt)
	}
}

// storage is the type in which an extension type is stored.
func storage(dt lib.DataType) lib.DataType {
	if e, ok := dt.(lib.ExtensionType); ok {
		return e.StorageType()
	}
	return dt
}

// same reports whether values of the Arrow type lie in memory as v's do.
func same(dt lib.DataType, v *columnar.Vector) bool {
	switch dt := dt.(type) {
	case *lib.Int8Type, *lib.Int16Type, *lib.Int32Type, *lib.Int64Type, *lib.Float32Type, *lib.Float64Type,
		*lib.Date32Type, *lib.MonthIntervalType, *lib.Decimal64Type:
		return true
	case *lib.Decimal128Type:
		return v.Type.Physical() == columnar.PhysInt128
	case *lib.Time32Type:
		return dt.Unit == lib.Millisecond
	case *lib.TimestampType:
		return dt.Unit != lib.Second
	case *lib.DurationType:
		return dt.Unit == lib.Microsecond
	}
	return false
}

// buffer is one of the array's buffers, with the bytes behind it up to the end of its memory as capacity.
func buffer(a lib.ArrayData, i int) []byte {
	if b := a.Buffers(); i < len(b) && b[i] != nil {
		return b[i].Bytes()
	}
	return nil
}

// span is the bytes of values of width bytes each, from the position from on.
func span(b []byte, from, n, width int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if from < 0 || n < 0 || from+n > len(b)/width {
		return nil, errShort
	}
	return b[from*width : (from+n)*width], nil
}

func aligned(b []byte, to uintptr) bool { return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%to == 0 }

// typed is b as values; a misaligned buffer is copied and valid until the next call.
func typed[T any](m *importer, b []byte) []T {
	size := int(unsafe.Sizeof(*new(T)))
	if !aligned(b, unsafe.Alignof(*new(T))) {
		if need := (len(b) + 7) / 8; cap(m.words) < need {
			m.words = make([]uint64, need)
		}
		to := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(m.words[:cap(m.words)]))), len(b))
		copy(to, b)
		b = to
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size)
}

// words is the bits from row from on, borrowed, or nil if they do not begin or end with a word.
func words(b []byte, from, n int) columnar.Bitmap {
	need := 8 * columnar.BitmapWords(n)
	if from%64 != 0 || from/8+need > cap(b) || n == 0 {
		return nil
	}
	if b = b[from/8 : from/8+need]; !aligned(b, 8) {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), need/8)
}

// validity is the nulls of the rows, borrowed from the array or in v's memory.
func (m *importer) validity(v *columnar.Vector, r rows) (columnar.Bitmap, error) {
	b := buffer(r.array, 0)
	if len(b) == 0 || r.n == 0 {
		return r.outer, nil
	}
	from := r.array.Offset() + r.from
	if from+r.n > 8*len(b) {
		return nil, errShort
	}
	valid := words(b, from, r.n)
	if valid != nil && r.outer == nil {
		return valid, nil
	}
	own := v.OwnValid(r.n)
	if valid == nil {
		clear(own)
		bitutil.CopyBitmap(b, from, r.n, bytesOf(own), 0)
		valid = own
	}
	return columnar.AndBitmaps(own, valid, r.outer, r.n), nil
}

func bytesOf(m columnar.Bitmap) []byte { return columnar.RawBytes([]uint64(m)) }

// fixed makes v fixed-width values that need no conversion.
func (m *importer) fixed(v *columnar.Vector, r rows) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	b, err := span(buffer(r.array, 1), r.array.Offset()+r.from, r.n, v.Type.Physical().Width())
	if err != nil {
		return err
	}
	if aligned(b, 8) && v.Phys == v.Type.Physical() {
		v.SetShared(r.n, b, valid, nil)
		return nil
	}
	v.Reset(r.n)
	copy(v.ByteValues(), b)
	v.Valid = valid
	return nil
}

func (m *importer) bits(v *columnar.Vector, r rows) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	b, from := buffer(r.array, 1), r.array.Offset()+r.from
	if r.n > 0 && from+r.n > 8*len(b) {
		return errShort
	}
	if w := words(b, from, r.n); w != nil {
		v.SetShared(r.n, bytesOf(w), valid, nil)
		return nil
	}
	v.Reset(r.n)
	clear(v.Bits())
	bitutil.CopyBitmap(b, from, r.n, v.ByteValues(), 0)
	v.Valid = valid
	return nil
}

// row makes v a ROW: its nulls are null in every field too.
func (m *importer) row(v *columnar.Vector, r rows) error {
	valid, err := m.validity(v, r)
	if err != nil {
		return err
	}
	children := r.array.Children()
	if len(children) != len(v.Children) {
		return fmt.Errorf("%d fields, not %d", len(children), len(v.Children))
	}
	v.Reset(r.n)
	v.Valid = valid
	for i, c := range children {
		field := rows{array: c, from: r.array.Offset() + r.from, n: r.n, outer: valid, nested: true}
		if err := m.column(v.Children[i], field); err != nil {
			return fmt.Errorf("field %q: %w", v.Type.Fields[i].Name, err)
		}
	}
	return nil
}
