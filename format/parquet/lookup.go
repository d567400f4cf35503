package parquet

import (
	"encoding/binary"

	"github.com/anabranch/anabranch/columnar"
)

// lookUp decodes the next len(dst) indexes and writes the entries of dict they name into dst: the
// indexes never see memory.
func lookUp[T columnar.Fixed](h *hybrid, dst, dict []T) error {
	for len(dst) > 0 {
		for h.left == 0 {
			if err := h.next(); err != nil {
				return err
			}
		}
		k := min(h.left, len(dst))
		if h.packed != nil {
			if err := lookUpPacked(dst[:k], dict, h.packed[:len(h.packed)+slack], h.first, h.width); err != nil {
				return err
			}
			h.first += k
		} else {
			if uint(uint32(h.value)) >= uint(len(dict)) {
				return errIndex(h.value, len(dict))
			}
			x := dict[uint32(h.value)]
			run := dst[:k]
			for i := range run {
				run[i] = x
			}
		}
		h.left -= k
		dst = dst[k:]
	}
	return nil
}

// lookUpPacked is unpack followed by a look into dict.
func lookUpPacked[T columnar.Fixed](dst, dict []T, src []byte, first int, width uint) error {
	i := 0
	for i < len(dst) {
		if whole := (len(dst) - i) / 8 * 8; whole > 0 && (first+i)%8 == 0 && width != 31 {
			in, out := src[uint(first+i)*width/8:], dst[i:i+whole]
			var n int
			switch {
			case width <= 8:
				n = lookUp8(out, dict, in, width)
			case width <= 16:
				n = lookUp16(out, dict, in, width)
			default:
				n = lookUp32(out, dict, in, width)
			}
			i += n
			if n == whole {
				continue
			}
		}
		// One by one: before the first whole group, after the last, and what was found bad.
		c := unpackOne(src, uint(first+i), width)
		if uint(uint32(c)) >= uint(len(dict)) {
			return errIndex(c, len(dict))
		}
		dst[i] = dict[uint32(c)]
		i++
	}
	return nil
}

// lookUp8 takes eight indexes of up to 8 bits from one word, as unpack8 does. Like its siblings
// it returns how many values it wrote before a bad index.
func lookUp8[T columnar.Fixed](dst, dict []T, src []byte, width uint) int {
	w := width & 63
	mask := uint64(1)<<w - 1
	at, n := 0, uint64(len(dict))
	for ; at+8 <= len(dst) && len(src) >= 8; at += 8 {
		x := binary.LittleEndian.Uint64(src)
		d := (*[8]T)(dst[at:])
		i0, i1, i2, i3 := x&mask, x>>w&mask, x>>(2*w&63)&mask, x>>(3*w&63)&mask
		i4, i5, i6, i7 := x>>(4*w&63)&mask, x>>(5*w&63)&mask, x>>(6*w&63)&mask, x>>(7*w&63)&mask
		if i0 >= n || i1 >= n || i2 >= n || i3 >= n || i4 >= n || i5 >= n || i6 >= n || i7 >= n {
			break
		}
		d[0], d[1], d[2], d[3] = dict[i0], dict[i1], dict[i2], dict[i3]
		d[4], d[5], d[6], d[7] = dict[i4], dict[i5], dict[i6], dict[i7]
		src = src[width:]
	}
	return at
}

// lookUp16 takes four indexes of up to 16 bits from each of two words, as unpack16 does.
func lookUp16[T columnar.Fixed](dst, dict []T, src []byte, width uint) int {
	w := width & 63
	mask := uint64(1)<<w - 1
	half, shift := width/2, width%2*4
	at, n := 0, uint64(len(dict))
	for ; at+8 <= len(dst) && len(src) >= 16; at += 8 {
		x := binary.LittleEndian.Uint64(src)
		y := binary.LittleEndian.Uint64(src[half&15:]) >> (shift & 63)
		d := (*[8]T)(dst[at:])
		i0, i1, i2, i3 := x&mask, x>>w&mask, x>>(2*w&63)&mask, x>>(3*w&63)&mask
		i4, i5, i6, i7 := y&mask, y>>w&mask, y>>(2*w&63)&mask, y>>(3*w&63)&mask
		if i0 >= n || i1 >= n || i2 >= n || i3 >= n || i4 >= n || i5 >= n || i6 >= n || i7 >= n {
			break
		}
		d[0], d[1], d[2], d[3] = dict[i0], dict[i1], dict[i2], dict[i3]
		d[4], d[5], d[6], d[7] = dict[i4], dict[i5], dict[i6], dict[i7]
		src = src[width:]
	}
	return at
}

// lookUp32 takes two indexes of up to 32 bits from each of four words, as unpack32 does.
func lookUp32[T columnar.Fixed](dst, dict []T, src []byte, width uint) int {
	w := width & 63
	mask := uint64(1)<<w - 1
	b1, s1 := 2*width/8, 2*width%8
	b2, s2 := 4*width/8, 4*width%8
	b3, s3 := 6*width/8, 6*width%8
	at, n := 0, uint64(len(dict))
	for ; at+8 <= len(dst) && uint(len(src)) >= b3+8; at += 8 {
		x0 := binary.LittleEndian.Uint64(src)
		x1 := binary.LittleEndian.Uint64(src[b1:]) >> (s1 & 63)
		x2 := binary.LittleEndian.Uint64(src[b2:]) >> (s2 & 63)
		x3 := binary.LittleEndian.Uint64(src[b3:]) >> (s3 & 63)
		d := (*[8]T)(dst[at:])
		i0, i1, i2, i3 := x0&mask, x0>>w&mask, x1&mask, x1>>w&mask
		i4, i5, i6, i7 := x2&mask, x2>>w&mask, x3&mask, x3>>w&mask
		if i0 >= n || i1 >= n || i2 >= n || i3 >= n || i4 >= n || i5 >= n || i6 >= n || i7 >= n {
			break
		}
		d[0], d[1], d[2], d[3] = dict[i0], dict[i1], dict[i2], dict[i3]
		d[4], d[5], d[6], d[7] = dict[i4], dict[i5], dict[i6], dict[i7]
		src = src[width:]
	}
	return at
}
