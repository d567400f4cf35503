package hashtable

import (
	"encoding/binary"

	"github.com/anabranch/anabranch/columnar"
)

// A nested value is stored as bytes: of a value that is not null a one, then a fixed-width value as
// 16 bytes, a string as its length and bytes, a ROW as its fields, an ARRAY or MAP as the number of
// its elements and these column by column; of a null a zero. Equal values are equal bytes.

// encodeNested makes dst, a vector of bytes, the values of src at the rows sel of n.
func encodeNested(dst, src *columnar.Vector, n int, sel []int32) {
	dst.Reset(n)
	var value []byte
	for k := range liveRows(sel, n) {
		i := columnar.RowAt(sel, k)
		value = AppendNested(value[:0], src, i)
		dst.SetBytes(i, value)
	}
}

// AppendNested appends the bytes of value i of v.
func AppendNested(dst []byte, v *columnar.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch v.Phys {
	case columnar.PhysStruct:
		for _, c := range v.Children {
			dst = AppendNested(dst, c, v.Index(i))
		}
	case columnar.PhysList:
		from, to := v.Offsets()[v.Index(i)], v.Offsets()[v.Index(i)+1]
		dst = binary.LittleEndian.AppendUint32(dst, uint32(to-from))
		for _, c := range v.Children {
			for e := from; e < to; e++ {
				dst = AppendNested(dst, c, int(e))
			}
		}
	case columnar.PhysView:
		s := v.Bytes(i)
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(s))), s...)
	default:
		var words [2]uint64
		columnar.EncodeWords(words[:], 2, v, []int32{int32(i)}, 1, true)
		if v.Type.IsFloat() {
			rawFloats(words[:], 2, v, []int32{int32(i)}, 1)
		}
		dst = binary.LittleEndian.AppendUint64(dst, words[0])
		dst = binary.LittleEndian.AppendUint64(dst, words[1])
	}
	return dst
}

func (t *Rows) gatherNested(dst *columnar.Vector, c int, ids []uint32) {
	dst.Reset(0)
	o := t.layout.offset[c]
	for _, id := range ids {
		if id == NoRow {
			dst.AppendNull()
			continue
		}
		r := t.row(id)
		v := columnar.View{Head: r[o], Tail: r[o+1]}
		unAppendNested(dst, v.Bytes(t.chunk(id).bufs))
	}
}

// unAppendNested appends the value at the start of src to dst and returns what follows. src is what
// AppendNested made.
func unAppendNested(dst *columnar.Vector, src []byte) []byte {
	null := src[0] == 0
	if src = src[1:]; null {
		dst.AppendNull()
		return src
	}
	if dst.Phys == columnar.PhysList {
		return unpackList(dst, src)
	}
	i := dst.AddRows(1)
	switch dst.Phys {
	case columnar.PhysStruct:
		for _, c := range dst.Children {
			src = unAppendNested(c, src)
		}
		return src
	case columnar.PhysView:
		n := binary.LittleEndian.Uint32(src)
		dst.SetBytes(i, src[4:4+n])
		return src[4+n:]
	}
	dst.SetWords(i, []uint64{binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:])}, nil)
	return src[16:]
}

func unpackList(dst *columnar.Vector, src []byte) []byte {
	n := binary.LittleEndian.Uint32(src)
	src = src[4:]
	for _, c := range dst.Children {
		for range n {
			src = unAppendNested(c, src)
		}
	}
	i := dst.AddRows(1)
	dst.Offsets()[i+1] = dst.Offsets()[i] + int32(n)
	return src
}
