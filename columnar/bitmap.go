package columnar

import "math/bits"

// Bitmap is a little-endian bit set in Arrow's order; bit i is bit i%64 of word i/64.
type Bitmap []uint64

// BitmapWords is the number of words for n bits.
func BitmapWords(n int) int { return (n + 63) / 64 }

// Get reports bit i; a nil bitmap is all ones.
func (m Bitmap) Get(i int) bool {
	return m == nil || m[uint(i)/64]>>(uint(i)%64)&1 != 0
}

// Set sets bit i.
func (m Bitmap) Set(i int) { m[uint(i)/64] |= 1 << (uint(i) % 64) }

// Clear clears bit i.
func (m Bitmap) Clear(i int) { m[uint(i)/64] &^= 1 << (uint(i) % 64) }

// SetTo makes bit i equal to v.
func (m Bitmap) SetTo(i int, v bool) {
	if v {
		m.Set(i)
	} else {
		m.Clear(i)
	}
}

// Fill sets the first n bits to v.
func (m Bitmap) Fill(n int, v bool) {
	w := uint64(0)
	if v {
		w = ^uint64(0)
	}
	for i := range m[:BitmapWords(n)] {
		m[i] = w
	}
}

// Count is the number of ones among the first n bits; a nil bitmap counts n.
func (m Bitmap) Count(n int) int {
	if m == nil {
		return n
	}
	c, full := 0, n/64
	for _, w := range m[:full] {
		c += bits.OnesCount64(w)
	}
	if r := uint(n) % 64; r != 0 {
		c += bits.OnesCount64(m[full] & (1<<r - 1))
	}
	return c
}

// AndBitmaps writes a AND b for n bits into dst and returns it; nil inputs are all ones, and
// when both are nil so is the result.
func AndBitmaps(dst, a, b Bitmap, n int) Bitmap {
	if a == nil && b == nil {
		return nil
	}
	w := BitmapWords(n)
	if cap(dst) < w {
		dst = make(Bitmap, w)
	}
	dst = dst[:w]
	switch {
	case a == nil:
		copy(dst, b[:w])
	case b == nil:
		copy(dst, a[:w])
	default:
		for i := range dst {
			dst[i] = a[i] & b[i]
		}
	}
	return dst
}

// AppendOnes appends to sel the positions of the ones among the first n bits of m.
func (m Bitmap) AppendOnes(sel []int32, n int) []int32 {
	for wi := range BitmapWords(n) {
		w := m[wi]
		if r := n - wi*64; r < 64 {
			w &= 1<<uint(r) - 1
		}
		for w != 0 {
			sel = append(sel, int32(wi*64+bits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
	return sel
}
