package columnar

import (
	"bytes"
	"encoding/binary"
	"unsafe"
)

// View is an Arrow Utf8View or BinaryView: the low 32 bits of Head are the length, its high
// 32 bits the first four bytes. Up to InlineLength bytes are stored in the view itself; of a
// longer string Tail holds the buffer index (low 32 bits) and the offset in it (high 32).
// Unused inline bytes are zero, so that two inline views are equal as words.
type View struct {
	Head, Tail uint64
}

// InlineLength is the length in bytes up to which a view holds its whole string.
const InlineLength = 12

// Len is the string's length in bytes.
func (v View) Len() int { return int(uint32(v.Head)) }

// Inline reports whether the view holds the whole string.
func (v View) Inline() bool { return uint32(v.Head) <= InlineLength }

// MakeView makes a view of s, which lies in buffer buf at offset off if it is not inline.
func MakeView(s []byte, buf, off int) View {
	n := len(s)
	if n > InlineLength {
		return View{
			Head: uint64(uint32(n)) | uint64(binary.LittleEndian.Uint32(s))<<32,
			Tail: uint64(uint32(buf)) | uint64(uint32(off))<<32,
		}
	}
	return inlineView(s)
}

func inlineView(s []byte) View {
	n := uint64(len(s))
	switch {
	case n >= 8:
		lo := binary.LittleEndian.Uint64(s)
		hi := binary.LittleEndian.Uint64(s[n-8:])
		// The last 8 bytes overlap the first 8 by 16-n; shift the overlap out.
		return View{Head: n | lo<<32, Tail: lo>>32 | joinTail(hi, n)}
	case n >= 4:
		lo := uint64(binary.LittleEndian.Uint32(s))
		hi := uint64(binary.LittleEndian.Uint32(s[n-4:]))
		return View{Head: n | lo<<32, Tail: hi >> ((8 - n) * 8)}
	}
	var w uint64
	for i, c := range s {
		w |= uint64(c) << (8 * uint(i))
	}
	return View{Head: n | w<<32}
}

// joinTail places the bytes 8..n of a string into the upper half of the tail word, given the
// string's last eight bytes.
func joinTail(last8, n uint64) uint64 {
	return last8 >> ((16 - n) * 8) << 32
}

// Bytes is the content of v, of which the long strings lie in bufs.
func (v *View) Bytes(bufs [][]byte) []byte {
	n := uint32(v.Head)
	if n <= InlineLength {
		return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(v), 4)), n)
	}
	off := v.Tail >> 32
	return bufs[uint32(v.Tail)][off : off+uint64(n)]
}

// ViewsEqual compares two views with their buffers.
func ViewsEqual(a *View, abufs [][]byte, b *View, bbufs [][]byte) bool {
	if a.Head != b.Head {
		return false
	}
	if a.Inline() {
		return a.Tail == b.Tail
	}
	return bytes.Equal(a.Bytes(abufs), b.Bytes(bbufs))
}

// compareViews orders two views bytewise.
func compareViews(a *View, abufs [][]byte, b *View, bbufs [][]byte) int {
	return bytes.Compare(a.Bytes(abufs), b.Bytes(bbufs))
}
