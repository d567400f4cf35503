package columnar

import "github.com/anabranch/anabranch/columnar/mem"

// AppendRows appends the rows of src at the given positions to v, copying long strings; a
// position of -1 appends a null. A vector that is empty takes over src's dictionary.
func (v *Vector) AppendRows(src *Vector, rows []int32) {
	if v.adopt(src) {
		base := v.len
		v.setLen(base + len(rows))
		dst, codes := v.Codes()[base:], src.Codes()
		for k, r := range rows {
			if r >= 0 {
				dst[k] = codes[r]
			} else {
				dst[k] = 0
			}
		}
		v.appendValid(src, rows, base, anyNegative(rows))
		return
	}
	v.flatten()
	v.widenFor(src)
	base := v.len
	v.setLen(base + len(rows))
	v.appendValid(src, rows, base, v.appendValues(src, rows, base))
}

// AppendRange appends n rows of src from the position from.
func (v *Vector) AppendRange(src *Vector, from, n int) {
	if v.Enc == Flat && src.Enc == Flat && v.Phys == src.Phys && src.Valid == nil &&
		v.Phys.Width() > 0 && v.Phys != PhysView && v.Phys != PhysList {
		base, w := v.len, v.Phys.Width()
		v.setLen(base + n)
		copy(v.data[base*w:], src.data[from*w:(from+n)*w])
		if v.Valid != nil {
			v.Valid = v.growValid(base)
		}
		return
	}
	v.AppendRows(src, iota32(from, n))
}

func iota32(from, n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(from + i)
	}
	return rows
}

// adopt reports whether src's rows can be appended as codes of one dictionary.
func (v *Vector) adopt(src *Vector) bool {
	if src.Enc != Dictionary {
		return false
	}
	if v.len == 0 {
		v.ResetAs(src.Phys, 0)
		v.Enc, v.Dict = Dictionary, src.Dict
		v.setLen(0)
		return true
	}
	return v.Enc == Dictionary && v.Dict == src.Dict
}

// flatten turns a dictionary or constant vector into a flat one with memory of its own.
func (v *Vector) flatten() {
	if v.Enc == Flat {
		return
	}
	flat := NewVector(v.Type)
	flat.ResetAs(v.Phys, 0)
	n := v.len
	flat.setLen(n)
	rows := iota32(0, n)
	flat.appendValid(v, rows, 0, flat.appendValues(v, rows, 0))
	v.Release()
	*v = *flat
}

// widenFor makes a narrow decimal vector wide if src is.
func (v *Vector) widenFor(src *Vector) {
	if v.Phys == src.Phys || v.Type.Kind != Decimal {
		return
	}
	if v.len == 0 {
		v.ResetAs(src.Phys, 0)
		return
	}
	if v.Phys == PhysInt64 {
		v.widen()
	}
}

func (v *Vector) widen() {
	old := append([]int64(nil), Values[int64](v)[:v.len]...)
	n := v.len
	v.Phys = PhysInt128
	v.len = 0
	v.setLen(n)
	for i, x := range old {
		Values[Int128](v)[i] = Int128Of(x)
	}
}

// appendValid sets the validity of the rows from base on; their number is v.len-base. none says that some
// position is -1.
func (v *Vector) appendValid(src *Vector, rows []int32, base int, none bool) {
	if src.Valid == nil && !none {
		if v.Valid != nil {
			v.Valid = v.growValid(base)
		}
		return
	}
	v.Valid = v.growValid(base)
	for k, r := range rows {
		if r < 0 || src.IsNull(int(r)) {
			v.Valid.Clear(base + k)
		}
	}
}

// anyNegative reports whether a position is that of no row.
func anyNegative(rows []int32) bool {
	var a, b, c, d int32
	for ; len(rows) >= 8; rows = rows[8:] {
		r := rows[:8]
		a, b, c, d = a|r[0]|r[4], b|r[1]|r[5], c|r[2]|r[6], d|r[3]|r[7]
	}
	for _, r := range rows {
		a |= r
	}
	return a|b|c|d < 0
}

// growValid is v's bitmap with ones for the rows from base on.
func (v *Vector) growValid(base int) Bitmap {
	w := BitmapWords(v.len)
	old := v.Valid
	buf := v.validBuf
	if cap(buf) < w {
		buf = make(Bitmap, w, w*2)
	}
	buf = buf[:w]
	used := BitmapWords(base)
	if old == nil {
		used = 0
	} else {
		copy(buf, old[:used])
	}
	for i := used; i < w; i++ {
		buf[i] = ^uint64(0)
	}
	if old != nil && base%64 != 0 {
		buf[base/64] |= ^uint64(0) << (uint(base) % 64)
	}
	v.validBuf = buf
	return buf
}

// appendValues writes src's values at rows from base on and reports whether some position is -1.
func (v *Vector) appendValues(src *Vector, rows []int32, base int) (none bool) {
	switch v.Phys {
	case PhysInt8:
		return gather(Values[int8](v)[base:], src, rows)
	case PhysInt16:
		return gather(Values[int16](v)[base:], src, rows)
	case PhysInt32:
		return gather(Values[int32](v)[base:], src, rows)
	case PhysInt64:
		return gather(Values[int64](v)[base:], src, rows)
	case PhysFloat32:
		return gather(Values[float32](v)[base:], src, rows)
	case PhysFloat64:
		return gather(Values[float64](v)[base:], src, rows)
	case PhysInt128:
		if src.Phys == PhysInt128 {
			return gather(Values[Int128](v)[base:], src, rows)
		}
		appendWidened(v, src, rows, base)
	case PhysBits:
		appendBits(v, src, rows, base)
	case PhysView:
		appendViews(v, src, rows, base)
	case PhysList:
		appendLists(v, src, rows, base)
	case PhysStruct:
		appendStructs(v, src, rows)
	}
	return anyNegative(rows)
}

// gather writes src's values at rows into dst and reports whether some position is -1, whose value is
// undefined.
func gather[T Fixed](dst []T, src *Vector, rows []int32) (none bool) {
	dst = dst[:len(rows)]
	switch src.Enc {
	case Constant:
		x := Values[T](src)[0]
		for k := range dst {
			dst[k] = x
		}
		return anyNegative(rows)
	case Dictionary:
		values, codes := Values[T](src.Dict), src.Codes()
		for k, r := range rows {
			if r >= 0 {
				dst[k] = values[codes[r]]
			} else {
				none = true
			}
		}
		return none
	}
	values := Values[T](src)
	if len(values) == 0 {
		clear(dst)
		return len(rows) > 0
	}
	return take(dst, values, rows)
}

// take is gather of flat values, of which there is one at least.
func take[T Fixed](dst, values []T, rows []int32) (none bool) {
	sign, k := int32(0), 0
	for ; k+8 <= len(rows) && k+8 <= len(dst); k += 8 {
		r, d := rows[k:k+8:k+8], dst[k:k+8:k+8]
		sign |= r[0] | r[1] | r[2] | r[3] | r[4] | r[5] | r[6] | r[7]
		d[0] = values[max(r[0], 0)]
		d[1] = values[max(r[1], 0)]
		d[2] = values[max(r[2], 0)]
		d[3] = values[max(r[3], 0)]
		d[4] = values[max(r[4], 0)]
		d[5] = values[max(r[5], 0)]
		d[6] = values[max(r[6], 0)]
		d[7] = values[max(r[7], 0)]
	}
	for ; k < len(rows); k++ {
		sign |= rows[k]
		dst[k] = values[max(rows[k], 0)]
	}
	return sign < 0
}

func appendBits(v, src *Vector, rows []int32, base int) {
	dst, bits := v.Bits(), src.Bits()
	if src.Enc == Dictionary {
		bits = src.Dict.Bits()
	}
	for k, r := range rows {
		dst.SetTo(base+k, r >= 0 && bits.Get(src.Index(int(r))))
	}
}

// appendWidened appends decimals of 64 bits to those of 128.
func appendWidened(v, src *Vector, rows []int32, base int) {
	dst := Values[Int128](v)[base:]
	values := src
	if src.Enc == Dictionary {
		values = src.Dict
	}
	narrow := Values[int64](values)
	for k, r := range rows {
		if r >= 0 {
			dst[k] = Int128Of(narrow[src.Index(int(r))])
		}
	}
}

func appendViews(v, src *Vector, rows []int32, base int) {
	values := src
	if src.Enc == Dictionary {
		values = src.Dict
	}
	views := Values[View](values)
	dst := Values[View](v)[base:]
	for k, r := range rows {
		if r < 0 {
			dst[k] = View{}
			continue
		}
		w := &views[src.Index(int(r))]
		if w.Inline() {
			dst[k] = *w
			continue
		}
		s := w.Bytes(values.Bufs)
		to, buf, off := v.Scratch(len(s))
		copy(to, s)
		dst[k] = View{Head: w.Head, Tail: uint64(uint32(buf)) | uint64(uint32(off))<<32}
	}
}

func appendLists(v, src *Vector, rows []int32, base int) {
	dst, offsets := v.Offsets(), src.Offsets()
	if base == 0 {
		dst[0] = 0
	}
	var picked []int32
	total := dst[base]
	for k, r := range rows {
		if r >= 0 && !src.IsNull(int(r)) {
			i := src.Index(int(r))
			for c := offsets[i]; c < offsets[i+1]; c++ {
				picked = append(picked, c)
			}
			total += offsets[i+1] - offsets[i]
		}
		dst[base+k+1] = total
	}
	for i, c := range v.Children {
		c.AppendRows(src.Children[i], picked)
	}
}

func appendStructs(v, src *Vector, rows []int32) {
	if src.Enc == Constant {
		zeros := make([]int32, len(rows))
		for k, r := range rows {
			zeros[k] = min(r, 0)
		}
		rows = zeros
	}
	for i, c := range v.Children {
		c.AppendRows(src.Children[i], rows)
	}
}

// AppendNull appends one null.
func (v *Vector) AppendNull() {
	v.flatten()
	base := v.len
	v.setLen(base + 1)
	v.Valid = v.growValid(base)
	v.Valid.Clear(base)
	v.appendNullValue(base)
}

func (v *Vector) appendNullValue(base int) {
	switch v.Phys {
	case PhysStruct:
		for _, c := range v.Children {
			c.AppendNull()
		}
	case PhysList:
		v.Offsets()[base+1] = v.Offsets()[base]
	case PhysView:
		Values[View](v)[base] = View{}
	}
}

// Gather makes v the rows of src at the given positions, -1 being null. Long strings are not
// copied: v borrows src's buffers until it is Reset.
func (v *Vector) Gather(src *Vector, rows []int32) {
	if src.Enc == Dictionary || src.Phys != PhysView {
		v.ResetAs(src.Phys, 0)
		v.AppendRows(src, rows)
		return
	}
	v.ResetAs(PhysView, 0)
	v.setLen(len(rows))
	none := gather(Values[View](v), src, rows)
	v.appendValid(src, rows, 0, none)
	if none {
		for k, r := range rows {
			if r < 0 {
				Values[View](v)[k] = View{}
			}
		}
	}
	v.borrowBufs(src.Bufs)
}

// Flatten makes v the rows of src, flat; long strings are borrowed from src.
func (v *Vector) Flatten(src *Vector) {
	values := src
	if src.Enc == Dictionary {
		values = src.Dict
	}
	n := src.len
	v.ResetAs(src.Phys, 0)
	v.setLen(n)
	if src.Enc == Constant {
		if !src.Valid.Get(0) {
			v.Valid = v.growValid(0)
			v.Valid.Fill(n, false)
		}
	} else {
		v.Valid = src.Valid
	}
	if v.Phys == PhysView {
		v.borrowBufs(values.Bufs)
		spread(Values[View](v), src)
		return
	}
	v.spreadValues(src)
}

func (v *Vector) borrowBufs(bufs [][]byte) {
	for _, b := range v.Bufs[:v.owned] {
		mem.Free(b)
	}
	v.owned = 0
	v.Bufs = bufs[:len(bufs):len(bufs)]
}

func (v *Vector) spreadValues(src *Vector) {
	switch v.Phys {
	case PhysInt8:
		spread(Values[int8](v), src)
	case PhysInt16:
		spread(Values[int16](v), src)
	case PhysInt32:
		spread(Values[int32](v), src)
	case PhysInt64:
		spread(Values[int64](v), src)
	case PhysInt128:
		spread(Values[Int128](v), src)
	case PhysFloat32:
		spread(Values[float32](v), src)
	case PhysFloat64:
		spread(Values[float64](v), src)
	case PhysNone:
	default:
		rows := iota32(0, v.len)
		v.appendValues(src, rows, 0)
	}
}

// spread writes src's value of each row into dst.
func spread[T Fixed](dst []T, src *Vector) {
	switch src.Enc {
	case Constant:
		x := Values[T](src)[0]
		for i := range dst {
			dst[i] = x
		}
	case Dictionary:
		values := Values[T](src.Dict)
		for i, c := range src.Codes()[:len(dst)] {
			dst[i] = values[c]
		}
	default:
		copy(dst, Values[T](src))
	}
}

// Grow appends n undefined rows, not null, to a flat vector and returns their values.
func Grow[T Fixed](v *Vector, n int) []T {
	base := v.len
	v.setLen(base + n)
	if v.Valid != nil {
		v.Valid = v.growValid(base)
	}
	return Values[T](v)[base:]
}
