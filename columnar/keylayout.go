package columnar

import (
	"bytes"
	"fmt"
	"math"
)

// keyLayout lays a composite key out as 64-bit words: a header (the upper 48 bits of the hash
// and 16 null flags), then the null flags of the columns beyond 16, 64 a word, then one word for
// each fixed-width column of up to 8 bytes and two for strings and wide decimals. Null columns
// are zero words.
type keyLayout struct {
	types   []Type
	offset  []int // of each column's first word
	words   int   // header included
	flags   int   // words of null flags behind the header
	strings []int // the columns that are views
	isWide  []bool
}

// headerFlags is the number of null flags in a key's header.
const headerFlags = 16

const headerHash = ^uint64(1<<headerFlags - 1)

// newKeyLayout fails for types that have no key form.
func newKeyLayout(types []Type) (*keyLayout, error) {
	flags := (max(len(types)-headerFlags, 0) + 63) / 64
	l := &keyLayout{types: types, words: 1 + flags, flags: flags}
	for c, t := range types {
		l.offset = append(l.offset, l.words)
		p := t.Physical()
		l.isWide = append(l.isWide, p == PhysView || p == PhysInt128)
		switch t.Physical() {
		case PhysView:
			l.strings = append(l.strings, c)
			l.words += 2
		case PhysInt128:
			l.words += 2
		case PhysStruct, PhysList:
			return nil, fmt.Errorf("a value of type %s cannot be part of a key", t)
		default:
			l.words++
		}
	}
	return l, nil
}

// encode writes the keys of the live rows, row by row, into dst (n*words). Tails of long
// strings refer to the source's buffers.
func (l *keyLayout) encode(dst []uint64, hashes []uint64, cols []*Vector, sel []int32) {
	if len(hashes) == 0 {
		return // dst has no first row to offset into
	}
	w := l.words
	for k, h := range hashes {
		dst[k*w] = h & headerHash
		clear(dst[k*w+1 : k*w+1+l.flags])
	}
	for c, v := range cols {
		encodeColumn(dst[l.offset[c]:], w, v, sel, len(hashes), l.wide(c))
		if v.Valid == nil {
			continue
		}
		word, bit := nullFlag(c)
		for k := range hashes {
			if v.IsNull(rowAt(sel, k)) {
				dst[k*w+word] |= bit
				dst[k*w+l.offset[c]] = 0
				if l.wide(c) {
					dst[k*w+l.offset[c]+1] = 0
				}
			}
		}
	}
}

// nullFlag is the word and the bit that say that column c is null.
func nullFlag(c int) (word int, bit uint64) {
	if c < headerFlags {
		return 0, 1 << c
	}
	c -= headerFlags
	return 1 + c/64, 1 << (c % 64)
}

// wide reports whether column c takes two words.
func (l *keyLayout) wide(c int) bool { return l.isWide[c] }

func rowAt(sel []int32, k int) int {
	if sel != nil {
		return int(sel[k])
	}
	return k
}

// encodeColumn writes the words of a column into every w-th word of dst.
func encodeColumn(dst []uint64, w int, v *Vector, sel []int32, n int, wide bool) {
	values := v
	if v.Enc == Dictionary {
		values = v.Dict
	}
	switch values.Phys {
	case PhysBits:
		m := values.Bits()
		for k := range n {
			dst[k*w] = b2u(m.Get(v.Index(rowAt(sel, k))))
		}
	case PhysInt8:
		encodeWords(dst, w, v, Values[int8](values), sel, n)
	case PhysInt16:
		encodeWords(dst, w, v, Values[int16](values), sel, n)
	case PhysInt32:
		encodeWords(dst, w, v, Values[int32](values), sel, n)
	case PhysInt64:
		encodeWords(dst, w, v, Values[int64](values), sel, n)
		if wide {
			for k := range n {
				dst[k*w+1] = uint64(int64(dst[k*w]) >> 63)
			}
		}
	case PhysInt128:
		encodeWide(dst, w, v, Values[Int128](values), sel, n, wide)
	case PhysFloat32:
		s := Values[float32](values)
		for k := range n {
			dst[k*w] = canonicalFloat(float64(s[v.Index(rowAt(sel, k))]))
		}
	case PhysFloat64:
		s := Values[float64](values)
		for k := range n {
			dst[k*w] = canonicalFloat(s[v.Index(rowAt(sel, k))])
		}
	case PhysView:
		s := Values[View](values)
		if v.Enc == Flat && sel == nil {
			for k, x := range s[:n] {
				dst[k*w], dst[k*w+1] = x.Head, x.Tail
			}
			return
		}
		for k := range n {
			x := s[v.Index(rowAt(sel, k))]
			dst[k*w], dst[k*w+1] = x.Head, x.Tail
		}
	}
}

func encodeWide(dst []uint64, w int, v *Vector, s []Int128, sel []int32, n int, wide bool) {
	for k := range n {
		x := s[v.Index(rowAt(sel, k))]
		dst[k*w] = x.Lo
		if wide {
			dst[k*w+1] = uint64(x.Hi)
		}
	}
}

func encodeWords[T int8 | int16 | int32 | int64](dst []uint64, w int, v *Vector, s []T, sel []int32, n int) {
	switch {
	case v.Enc == Flat && sel == nil:
		for k, x := range s[:n] {
			dst[k*w] = uint64(int64(x))
		}
	case v.Enc == Flat:
		for k, i := range sel[:n] {
			dst[k*w] = uint64(int64(s[i]))
		}
	default:
		for k := range n {
			dst[k*w] = uint64(int64(s[v.Index(rowAt(sel, k))]))
		}
	}
}

// equal compares an encoded key with a stored one; the headers are known to be equal. Words
// that differ may still be the places of equal long strings.
func (l *keyLayout) equal(key, stored []uint64, sources [][][]byte, arena [][]byte) bool {
	stored = stored[:len(key)]
	for i, x := range key {
		if stored[i] != x {
			return len(l.strings) > 0 && l.equalStrings(key, stored, sources, arena)
		}
	}
	return len(l.strings) == 0 || l.equalStrings(key, stored, sources, arena)
}

// equalStrings is equal for keys with strings.
func (l *keyLayout) equalStrings(key, stored []uint64, sources [][][]byte, arena [][]byte) bool {
	for w := 1; w <= l.flags; w++ {
		if key[w] != stored[w] {
			return false
		}
	}
	next := 0
	for c := range l.types {
		o := l.offset[c]
		if key[o] != stored[o] {
			return false
		}
		if next < len(l.strings) && l.strings[next] == c {
			next++
			a, b := View{key[o], key[o+1]}, View{stored[o], stored[o+1]}
			if !a.Inline() {
				if !bytes.Equal(a.bytesOf(sources[c]), b.bytesOf(arena)) {
					return false
				}
				continue
			}
		}
		if l.wide(c) && key[o+1] != stored[o+1] {
			return false
		}
	}
	return true
}

// decode appends column c of the stored keys to dst; each row is a slice starting at its
// header.
func (l *keyLayout) decode(dst *Vector, c int, arena [][]byte, n int, row func(k int) []uint64) {
	base := dst.len
	dst.setLen(base + n)
	if dst.Valid != nil {
		dst.Valid = dst.growValid(base)
	}
	o := l.offset[c]
	word, bit := nullFlag(c)
	for k := range n {
		r := row(k)
		if r[word]&bit != 0 {
			dst.MakeValid().Clear(base + k)
		}
		storeWord(dst, base+k, r[o:], arena)
	}
}

func storeWord(dst *Vector, i int, w []uint64, arena [][]byte) {
	switch dst.Phys {
	case PhysBits:
		dst.Bits().SetTo(i, w[0] != 0)
	case PhysInt8:
		Values[int8](dst)[i] = int8(w[0])
	case PhysInt16:
		Values[int16](dst)[i] = int16(w[0])
	case PhysInt32:
		Values[int32](dst)[i] = int32(w[0])
	case PhysInt64:
		Values[int64](dst)[i] = int64(w[0])
	case PhysInt128:
		Values[Int128](dst)[i] = Int128{w[0], int64(w[1])}
	case PhysFloat32:
		Values[float32](dst)[i] = float32(math.Float64frombits(w[0]))
	case PhysFloat64:
		Values[float64](dst)[i] = math.Float64frombits(w[0])
	case PhysView:
		v := View{w[0], w[1]}
		if !v.Inline() {
			dst.SetBytes(i, v.bytesOf(arena))
			return
		}
		Values[View](dst)[i] = v
	}
}
