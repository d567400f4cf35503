package columnar

import (
	"encoding/binary"
	"errors"
)

// A row on its own is the null flags of its columns, eight a byte, and the values that are not null:
// integers as zigzag varints, wide decimals that need more than 64 bits as a byte 1 and 16 bytes and
// others as a byte 0 and a varint, floats and booleans as they are, strings with their length in
// front, of an ARRAY or MAP the number of its elements and these column by column, of a ROW its fields,
// each of these with a byte in front that says whether it is null. Rows that are equal in value, floats
// in canonical form, are equal in bytes.

// errRow says that bytes are not a row of the columns asked for.
var errRow = errors.New("corrupt row")

// AppendRow appends row i of cols to dst; DecodeRow reads it back.
func AppendRow(dst []byte, cols []*Vector, i int) []byte {
	flags := len(dst)
	dst = append(dst, make([]byte, (len(cols)+7)/8)...)
	for c, v := range cols {
		if v.IsNull(i) {
			dst[flags+c/8] |= 1 << (c % 8)
			continue
		}
		dst = appendValue(dst, v, i)
	}
	return dst
}

func appendValue(dst []byte, v *Vector, i int) []byte {
	switch v.Phys {
	case PhysView:
		s := v.Bytes(i)
		return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	case PhysStruct:
		for _, c := range v.Children {
			dst = appendNullable(dst, c, v.Index(i))
		}
		return dst
	case PhysList:
		from, to := v.Offsets()[v.Index(i)], v.Offsets()[v.Index(i)+1]
		dst = binary.AppendUvarint(dst, uint64(to-from))
		for _, c := range v.Children {
			for e := from; e < to; e++ {
				dst = appendNullable(dst, c, int(e))
			}
		}
		return dst
	}
	values, at := v, v.Index(i)
	if v.Enc == Dictionary {
		values = v.Dict
	}
	switch values.Phys {
	case PhysBits:
		return append(dst, byte(b2u(values.Bits().Get(at))))
	case PhysInt8:
		return binary.AppendVarint(dst, int64(Values[int8](values)[at]))
	case PhysInt16:
		return binary.AppendVarint(dst, int64(Values[int16](values)[at]))
	case PhysInt32:
		return binary.AppendVarint(dst, int64(Values[int32](values)[at]))
	case PhysFloat32, PhysFloat64:
		return append(dst, values.data[at*values.Phys.Width():(at+1)*values.Phys.Width()]...)
	}
	var x Int128
	if values.Phys == PhysInt128 {
		x = Values[Int128](values)[at]
	} else {
		x = Int128Of(Values[int64](values)[at])
	}
	if v.Type.Physical() == PhysInt128 {
		return appendInt128(dst, x)
	}
	return binary.AppendVarint(dst, int64(x.Lo))
}

func appendNullable(dst []byte, v *Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, 1)
	}
	return appendValue(append(dst, 0), v, i)
}

func appendInt128(dst []byte, x Int128) []byte {
	if x.Hi == int64(x.Lo)>>63 {
		return binary.AppendVarint(append(dst, 0), int64(x.Lo))
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, 1), x.Lo)
	return binary.LittleEndian.AppendUint64(dst, uint64(x.Hi))
}

// DecodeRow appends the row at the start of src to the flat vectors cols and returns what follows it.
// After an error the vectors differ in length.
func DecodeRow(cols []*Vector, src []byte) (rest []byte, err error) {
	n := (len(cols) + 7) / 8
	if len(src) < n {
		return nil, errRow
	}
	flags, src := src[:n], src[n:]
	for c, v := range cols {
		if flags[c/8]&(1<<(c%8)) != 0 {
			v.AppendNull()
			continue
		}
		if src, err = decodeValue(v, src); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func decodeNullable(v *Vector, src []byte) ([]byte, error) {
	if len(src) == 0 {
		return nil, errRow
	}
	if src[0] != 0 {
		v.AppendNull()
		return src[1:], nil
	}
	return decodeValue(v, src[1:])
}

func decodeValue(v *Vector, src []byte) ([]byte, error) {
	switch v.Phys {
	case PhysView:
		n, k := binary.Uvarint(src)
		if k <= 0 || n > uint64(len(src)-k) {
			return nil, errRow
		}
		v.SetBytes(v.AddRows(1), src[k:k+int(n)])
		return src[k+int(n):], nil
	case PhysStruct:
		v.AddRows(1)
		for _, c := range v.Children {
			var err error
			if src, err = decodeNullable(c, src); err != nil {
				return nil, err
			}
		}
		return src, nil
	case PhysList:
		return decodeList(v, src)
	case PhysFloat32, PhysFloat64:
		n := v.Phys.Width()
		if len(src) < n {
			return nil, errRow
		}
		at := v.AddRows(1)
		copy(v.data[at*n:], src[:n])
		return src[n:], nil
	}
	return decodeWord(v, src)
}

// decodeList is decodeValue of an ARRAY or MAP.
func decodeList(v *Vector, src []byte) ([]byte, error) {
	n, k := binary.Uvarint(src)
	if k <= 0 || n > uint64(len(src)-k) { // an element takes a byte at least
		return nil, errRow
	}
	src = src[k:]
	for _, c := range v.Children {
		for range n {
			var err error
			if src, err = decodeNullable(c, src); err != nil {
				return nil, err
			}
		}
	}
	i := v.AddRows(1)
	v.Offsets()[i+1] = v.Offsets()[i] + int32(n)
	return src, nil
}

// decodeWord is decodeValue of what is stored in words.
func decodeWord(v *Vector, src []byte) ([]byte, error) {
	if len(src) == 0 {
		return nil, errRow
	}
	var words [2]uint64
	switch {
	case v.Phys == PhysBits:
		words[0] = uint64(src[0])
		src = src[1:]
	case v.Phys == PhysInt128 && src[0] == 1:
		if len(src) < 17 {
			return nil, errRow
		}
		words = [2]uint64{binary.LittleEndian.Uint64(src[1:]), binary.LittleEndian.Uint64(src[9:])}
		src = src[17:]
	default:
		if v.Phys == PhysInt128 {
			src = src[1:]
		}
		x, k := binary.Varint(src)
		if k <= 0 {
			return nil, errRow
		}
		words = [2]uint64{uint64(x), uint64(x >> 63)}
		src = src[k:]
	}
	v.SetWords(v.AddRows(1), words[:], nil)
	return src, nil
}
