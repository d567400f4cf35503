package columnar

import (
	"unsafe"

	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/internal/assert"
)

// Encoding says how a vector's rows map to its values.
type Encoding uint8

// The encodings. Constant: every row is value 0. Dictionary: row i is value Codes()[i] of
// Dict, which is flat, immutable and without nulls.
const (
	Flat Encoding = iota
	Constant
	Dictionary
)

// Fixed lists the Go types of fixed-width values.
type Fixed interface {
	int8 | int16 | int32 | int64 | uint64 | float32 | float64 | Int128 | View
}

// Vector is one column of a batch. The zero value is not usable; make it with NewVector.
type Vector struct {
	Type Type
	Enc  Encoding
	// Phys is the layout of the values: that of the type, but a decimal may be PhysInt64 or
	// PhysInt128 whatever its precision.
	Phys Physical
	// Valid has a one for each row that is not null; nil means no row is null. Of a constant
	// only bit 0 counts.
	Valid Bitmap
	// Bufs hold the long strings of a PhysView vector.
	Bufs [][]byte
	// Dict holds the values of a Dictionary vector.
	Dict *Vector
	// Children are a ROW's fields, an ARRAY's elements, a MAP's keys and values.
	Children []*Vector

	len      int
	data     []byte // values, codes, bits or offsets
	validBuf Bitmap // backing of Valid when it is the vector's own
	owned    int    // how many of Bufs, from the first, this vector may write and free
	arena    int    // which of Bufs takes the next long string
	shared   bool   // data belongs to someone else
}

// NewVector makes an empty flat vector of type t.
func NewVector(t Type) *Vector {
	v := &Vector{Type: t, Phys: t.Physical()}
	for _, f := range t.Fields {
		v.Children = append(v.Children, NewVector(f.Type))
	}
	return v
}

// Len is the number of rows.
func (v *Vector) Len() int { return v.len }

// Values are the fixed-width values of v: one a row if flat, one if constant. T must be the
// Go type of v's layout.
func Values[T Fixed](v *Vector) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if assert.Enabled {
		w := v.Phys.Width()
		assert.That(w == size && v.Enc != Dictionary, "values of width %d asked of %s (width %d, encoding %d)", size, v.Type, w, v.Enc)
	}
	if len(v.data) < size {
		return nil // of memory for less than a value no pointer to one is made
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(v.data))), len(v.data)/size)
}

// Codes are the positions in Dict of a Dictionary vector's rows; that of a null row is 0.
func (v *Vector) Codes() []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(v.data))), v.len)
}

// Bits are the values of a flat or constant PhysBits vector.
func (v *Vector) Bits() Bitmap {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(v.data))), len(v.data)/8)
}

// Offsets are the len+1 child offsets of a flat PhysList vector.
func (v *Vector) Offsets() []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(v.data))), len(v.data)/4)
}

// ByteValues is the raw memory of the values, for codecs.
func (v *Vector) ByteValues() []byte { return v.data }

func (v *Vector) dataBytes(n int) int {
	switch {
	case v.Enc == Dictionary:
		return 4 * n
	case v.Phys == PhysBits:
		return 8 * BitmapWords(n)
	case v.Phys == PhysList:
		return 4 * (n + 1)
	}
	return v.Phys.Width() * n
}

// Reset makes v flat with n rows of undefined value, none null, in the layout of its type.
// Memory of earlier rows is used again.
func (v *Vector) Reset(n int) { v.ResetAs(v.Type.Physical(), n) }

// ResetAs is Reset in a given layout, which for a decimal may differ from the type's.
func (v *Vector) ResetAs(p Physical, n int) {
	v.Enc, v.Phys, v.Dict, v.Valid = Flat, p, nil, nil
	if v.shared {
		v.unshare()
	}
	if v.Bufs = v.Bufs[:v.owned]; v.owned == 0 {
		v.Bufs = nil
	}
	v.arena = 0
	for i := range v.Bufs {
		v.Bufs[i] = v.Bufs[i][:0]
	}
	v.len = 0
	v.setLen(n)
	if p == PhysStruct {
		for _, c := range v.Children {
			c.Reset(n)
		}
	}
	if p == PhysList {
		for _, c := range v.Children {
			c.Reset(0)
		}
		v.Offsets()[0] = 0
	}
}

// unshare drops what an Alias or SetShared borrowed, so that nothing of the lender is written.
func (v *Vector) unshare() {
	v.data, v.shared, v.Bufs, v.owned = nil, false, nil, 0
	if len(v.Children) > 0 {
		v.Children = NewVector(v.Type).Children
	}
}

// setLen grows or cuts the values to n rows, keeping what is there.
func (v *Vector) setLen(n int) {
	need := v.dataBytes(n)
	if need > cap(v.data) || v.shared {
		grown := mem.Alloc(max(need, cap(v.data)*3/2))
		copy(grown, v.data)
		if !v.shared {
			mem.Free(v.data)
		}
		v.data, v.shared = grown, false
	}
	v.data = v.data[:need]
	v.len = n
}

// MakeValid gives v a validity bitmap of its own, all ones if it had no nulls, and returns it.
func (v *Vector) MakeValid() Bitmap {
	n := BitmapWords(v.len)
	if v.Valid != nil && len(v.Valid) >= n {
		return v.Valid
	}
	had := v.Valid
	if cap(v.validBuf) < n {
		v.validBuf = make(Bitmap, n, n+n/2)
	}
	v.Valid = v.validBuf[:n]
	k := copy(v.Valid, had)
	if had == nil {
		k = 0
	}
	for i := k; i < n; i++ {
		v.Valid[i] = ^uint64(0)
	}
	return v.Valid
}

// OwnValid makes room for n validity bits in v's own memory without initializing them.
func (v *Vector) OwnValid(n int) Bitmap {
	w := BitmapWords(n)
	if cap(v.validBuf) < w {
		v.validBuf = make(Bitmap, w, w+w/2)
	}
	v.validBuf = v.validBuf[:w]
	return v.validBuf
}

// SetNull makes row i of a flat vector null; a ROW's children become null with it.
func (v *Vector) SetNull(i int) {
	v.MakeValid().Clear(i)
	if v.Phys == PhysStruct {
		for _, c := range v.Children {
			c.SetNull(i)
		}
	}
	if v.Phys == PhysView && v.Enc == Flat {
		Values[View](v)[i] = View{}
	}
}

// Index is the position in the values of row i.
func (v *Vector) Index(i int) int {
	switch v.Enc {
	case Constant:
		return 0
	case Dictionary:
		return int(v.Codes()[i])
	}
	return i
}

// IsNull reports whether row i is null.
func (v *Vector) IsNull(i int) bool {
	if v.Enc == Constant {
		i = 0
	}
	return !v.Valid.Get(i)
}

// NullConstant makes v n nulls.
func (v *Vector) NullConstant(n int) {
	v.Reset(1)
	v.SetNull(0)
	v.Enc = Constant
	v.len = n
}

// SetConstant turns a one-row flat vector into a constant of n rows.
func (v *Vector) SetConstant(n int) {
	v.Enc = Constant
	v.len = n
}

// SetDictionary makes v n rows of dict and returns the codes to fill in. The dictionary must
// be flat, without nulls and never change.
func (v *Vector) SetDictionary(dict *Vector, n int) []int32 {
	v.Enc, v.Phys, v.Dict, v.Valid = Dictionary, dict.Phys, dict, nil
	v.len = 0
	v.setLen(n)
	return v.Codes()
}

// Alias makes v a borrowed view of src's rows, whatever the encoding; src must outlive it.
func (v *Vector) Alias(src *Vector) {
	v.Release()
	own := v.validBuf
	*v = *src
	v.validBuf, v.owned, v.shared = own, 0, true
}

// SetShared makes v flat over foreign memory in Arrow layout; nothing is copied. The memory
// must be 8-byte aligned and live as long as the vector's rows.
func (v *Vector) SetShared(n int, data []byte, valid Bitmap, bufs [][]byte) {
	v.Release()
	v.Enc, v.Dict, v.Valid, v.len = Flat, nil, valid, n
	v.data, v.shared = data, true
	v.Bufs, v.owned = bufs, 0
}

// Release frees the vector's own memory; the vector is empty afterwards and may be Reset.
func (v *Vector) Release() {
	if v.shared {
		v.unshare()
	}
	mem.Free(v.data)
	for _, b := range v.Bufs[:v.owned] {
		mem.Free(b)
	}
	v.data, v.Bufs, v.owned, v.len = nil, nil, 0, 0
	v.Dict, v.Valid = nil, nil
	for _, c := range v.Children {
		c.Release()
	}
}

// Bytes is the content of row i of a string or binary vector, borrowed.
func (v *Vector) Bytes(i int) []byte {
	switch v.Enc {
	case Dictionary:
		return v.Dict.Bytes(int(v.Codes()[i]))
	case Constant:
		i = 0
	}
	return Values[View](v)[i].Bytes(v.Bufs)
}

// ViewBytes is the content of one view of v, borrowed.
func (v *Vector) ViewBytes(w *View) []byte { return w.Bytes(v.Bufs) }

// arenaBytesMin is the size of the first buffer for long strings; later ones double.
const arenaBytesMin = 16 << 10

// Scratch returns n writable bytes in the vector's string memory and their place, for MakeView once
// they are written; strings up to InlineLength bytes must use SetBytes.
func (v *Vector) Scratch(n int) (dst []byte, buf, off int) {
	for v.arena < v.owned {
		b := v.Bufs[v.arena]
		if len(b)+n <= cap(b) {
			v.Bufs[v.arena] = b[:len(b)+n]
			return b[len(b) : len(b)+n], v.arena, len(b)
		}
		v.arena++
	}
	size := arenaBytesMin
	if v.owned > 0 {
		size = min(2*cap(v.Bufs[v.owned-1]), 4<<20)
	}
	b := mem.Alloc(max(size, n))[:n]
	// Borrowed buffers, if any, keep their index: own ones are only added when there are none.
	v.Bufs = append(v.Bufs, b)
	if v.owned == len(v.Bufs)-1 {
		v.owned, v.arena = len(v.Bufs), len(v.Bufs)-1
	}
	return b, len(v.Bufs) - 1, 0
}

// SetBytes copies s into row i of a flat string or binary vector.
func (v *Vector) SetBytes(i int, s []byte) {
	if len(s) <= InlineLength {
		Values[View](v)[i] = inlineView(s)
		return
	}
	dst, buf, off := v.Scratch(len(s))
	copy(dst, s)
	Values[View](v)[i] = MakeView(dst, buf, off)
}

// SetString is SetBytes of a string.
func (v *Vector) SetString(i int, s string) {
	v.SetBytes(i, unsafe.Slice(unsafe.StringData(s), len(s)))
}

// SizeBytes estimates the memory that the rows of v refer to.
func (v *Vector) SizeBytes() int {
	n := len(v.data) + 8*len(v.Valid)
	for _, b := range v.Bufs {
		n += len(b)
	}
	for _, c := range v.Children {
		n += c.SizeBytes()
	}
	return n
}

// HeldBytes is the memory that v holds for itself, more than that of its rows: vectors grow by doubling.
func (v *Vector) HeldBytes() int {
	n := cap(v.data) + 8*cap(v.Valid)
	for _, b := range v.Bufs {
		n += cap(b)
	}
	for _, c := range v.Children {
		n += c.HeldBytes()
	}
	return n
}

// RawBytes is the memory of s, for SetShared.
func RawBytes[T Fixed](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}
