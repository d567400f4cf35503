package columnar

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// codecVersion is the first byte of an encoded batch. See docs/format/batch.md.
const codecVersion = 1

var errCorrupt = errors.New("corrupt batch")

// EncodeBatch appends the live rows of b, compact and flat, to dst.
func EncodeBatch(dst []byte, b *Batch) []byte {
	c := b
	if b.Sel != nil || !allFlat(b.Cols) {
		c = NewBatch(b.Schema)
		defer c.Release()
		for i, v := range b.Cols {
			c.Cols[i].flatten()
			flat := b.Sel
			if flat == nil {
				flat = iota32(0, b.len)
			}
			c.Cols[i].AppendRows(v, flat)
			c.Cols[i].flatten()
		}
		c.appendKinds(b, b.Sel, b.Live())
		c.len = b.Live()
	}
	dst = append(dst, codecVersion, byte(b2u(c.Kinds != nil)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(c.len))
	for _, k := range c.Kinds {
		dst = append(dst, byte(k))
	}
	for _, v := range c.Cols {
		dst = encodeVector(dst, v, c.len)
	}
	return dst
}

func allFlat(cols []*Vector) bool {
	for _, v := range cols {
		if v.Enc != Flat || !allFlat(v.Children) {
			return false
		}
	}
	return true
}

// b2u is 1 for true and 0 for false.
func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func encodeVector(dst []byte, v *Vector, n int) []byte {
	dst = append(dst, byte(v.Phys), byte(b2u(v.Valid != nil)))
	if v.Valid != nil {
		for _, w := range v.Valid[:BitmapWords(n)] {
			dst = binary.LittleEndian.AppendUint64(dst, w)
		}
	}
	switch v.Phys {
	case PhysNone:
		return dst
	case PhysView:
		return encodeViews(dst, v, n)
	case PhysStruct:
	case PhysList:
		if n == 0 {
			dst = append(dst, make([]byte, 8)...) // a vector that was never filled has no offsets
			break
		}
		dst = append(dst, v.data[:4*(n+1)]...)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Offsets()[n]))
	default:
		dst = append(dst, v.data[:v.dataBytes(n)]...)
	}
	for _, c := range v.Children {
		m := n
		if v.Phys == PhysList && n > 0 {
			m = int(v.Offsets()[n])
		}
		dst = encodeVector(dst, c, m)
	}
	return dst
}

// encodeViews writes lengths, then the bytes of all strings.
func encodeViews(dst []byte, v *Vector, n int) []byte {
	views := Values[View](v)[:n]
	total := 0
	for i := range views {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(views[i].Head))
		total += views[i].Len()
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(total))
	for i := range views {
		dst = append(dst, views[i].Bytes(v.Bufs)...)
	}
	return dst
}

// DecodeBatch appends the rows at the start of src to b, whose schema must be that of the
// encoder, and returns what follows. After an error a batch that was empty is.
func DecodeBatch(b *Batch, src []byte) (rest []byte, err error) {
	d := &decoder{src: src}
	if v := d.byte(); d.err == nil && v != codecVersion {
		return nil, fmt.Errorf("encoded batch of version %d, not %d", v, codecVersion)
	}
	hasKinds := d.byte() != 0
	n := d.uint32()
	in := b
	if b.len > 0 {
		in = NewBatch(b.Schema)
		defer in.Release()
	}
	in.Kinds = nil
	if hasKinds {
		for _, k := range d.bytes(n) {
			in.Kinds = append(in.Kinds, RowKind(k))
		}
	}
	for _, v := range in.Cols {
		d.vector(v, n)
	}
	if d.err != nil {
		in.Reset(0)
		return nil, d.err
	}
	in.len = n
	if in != b {
		b.AppendSel(in, nil)
	}
	return d.src, nil
}

// bareRowsMax is how many rows an encoded vector may have that takes next to no bytes: one of nulls only.
const bareRowsMax = 1 << 16

type decoder struct {
	src []byte
	err error
}

func (d *decoder) bytes(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.src) {
		if d.err == nil {
			d.err = errCorrupt
		}
		return nil
	}
	b := d.src[:n]
	d.src = d.src[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint32() int {
	if b := d.bytes(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

func (d *decoder) vector(v *Vector, n int) {
	phys, hasNulls := Physical(d.byte()), d.byte() != 0
	if d.err == nil && phys != v.Phys && !(v.Type.Kind == Decimal && (phys == PhysInt64 || phys == PhysInt128)) {
		d.err = fmt.Errorf("%w: layout %d where %s is expected", errCorrupt, phys, v.Type)
	}
	if d.err != nil || n > 16*len(d.src)+bareRowsMax {
		d.bytes(-1)
		return
	}
	v.ResetAs(phys, n)
	if hasNulls {
		valid := v.MakeValid()
		raw := d.bytes(8 * BitmapWords(n))
		for i := range len(raw) / 8 {
			valid[i] = binary.LittleEndian.Uint64(raw[8*i:])
		}
	}
	switch phys {
	case PhysView:
		d.views(v, n)
	case PhysList:
		copy(v.data, d.bytes(4*(n+1)))
		m := d.uint32()
		for i, o := range v.Offsets() {
			if d.err == nil && (o < 0 || int(o) > m || i > 0 && o < v.Offsets()[i-1]) {
				d.err = errCorrupt
			}
		}
		for _, c := range v.Children {
			d.vector(c, m)
		}
	case PhysStruct:
		for _, c := range v.Children {
			d.vector(c, n)
		}
	default:
		copy(v.data, d.bytes(v.dataBytes(n)))
	}
}

func (d *decoder) views(v *Vector, n int) {
	lengths := d.bytes(4 * n)
	total := d.bytes(8)
	if d.err != nil {
		return
	}
	left := binary.LittleEndian.Uint64(total)
	if left > uint64(len(d.src)) {
		d.err = errCorrupt
		clear(Values[View](v))
		return
	}
	text := d.bytes(int(left))
	buf, at := 0, 0
	if anyLong(lengths) {
		var dst []byte
		dst, buf, at = v.Scratch(len(text))
		copy(dst, text)
	}
	views := Values[View](v)[:n]
	for i := range views {
		size := int(binary.LittleEndian.Uint32(lengths[4*i:]))
		if size > len(text) {
			d.err = errCorrupt
			clear(views[i:])
			return
		}
		views[i] = MakeView(text[:size], buf, at)
		text, at = text[size:], at+size
	}
}

// anyLong reports that one of the encoded lengths is of a string that a view does not hold.
func anyLong(lengths []byte) bool {
	for i := 0; i < len(lengths); i += 4 {
		if binary.LittleEndian.Uint32(lengths[i:]) > InlineLength {
			return true
		}
	}
	return false
}
