package parquet

import (
	"encoding/binary"

	"github.com/anabranch/anabranch/columnar"
)

// slack is how many readable bytes every page buffer has behind its content, so that whole
// words can be loaded up to the last value.
const slack = 16

// unpack decodes len(dst) values of width bits (1 to 32) from src, beginning with value
// number first. src must have slack bytes behind the last value.
func unpack(dst []int32, src []byte, first int, width uint) {
	i := 0
	for ; i < len(dst) && (first+i)%8 != 0; i++ {
		dst[i] = unpackOne(src, uint(first+i), width)
	}
	whole := (len(dst) - i) / 8 * 8
	if whole > 0 {
		in := src[uint(first+i)*width/8:]
		switch {
		case width <= 8:
			unpack8(dst[i:i+whole], in, width)
		case width <= 16:
			unpack16(dst[i:i+whole], in, width)
		case width == 31:
			whole = 0 // two values and the offset of the first do not fit a word
		default:
			unpack32(dst[i:i+whole], in, width)
		}
		i += whole
	}
	for ; i < len(dst); i++ {
		dst[i] = unpackOne(src, uint(first+i), width)
	}
}

func unpackOne(src []byte, i, width uint) int32 {
	bit := i * width
	return int32(binary.LittleEndian.Uint64(src[bit/8:]) >> (bit % 8) & (1<<width - 1))
}

// unpack8 takes eight values of up to 8 bits from one word.
func unpack8(dst []int32, src []byte, width uint) {
	w := width & 63
	mask := uint64(1)<<w - 1
	for len(dst) >= 8 && len(src) >= 8 {
		d, x := dst[:8:8], binary.LittleEndian.Uint64(src)
		d[0] = int32(x & mask)
		d[1] = int32(x >> w & mask)
		d[2] = int32(x >> (2 * w & 63) & mask)
		d[3] = int32(x >> (3 * w & 63) & mask)
		d[4] = int32(x >> (4 * w & 63) & mask)
		d[5] = int32(x >> (5 * w & 63) & mask)
		d[6] = int32(x >> (6 * w & 63) & mask)
		d[7] = int32(x >> (7 * w & 63) & mask)
		dst, src = dst[8:], src[width:]
	}
}

// unpack16 takes four values of up to 16 bits from each of two words; the second begins at a
// whole byte or four bits behind one.
func unpack16(dst []int32, src []byte, width uint) {
	w := width & 63
	mask := uint64(1)<<w - 1
	half, shift := width/2, width%2*4
	for len(dst) >= 8 && len(src) >= 16 {
		d := dst[:8:8]
		x := binary.LittleEndian.Uint64(src)
		y := binary.LittleEndian.Uint64(src[half&15:]) >> (shift & 63)
		d[0] = int32(x & mask)
		d[1] = int32(x >> w & mask)
		d[2] = int32(x >> (2 * w & 63) & mask)
		d[3] = int32(x >> (3 * w & 63) & mask)
		d[4] = int32(y & mask)
		d[5] = int32(y >> w & mask)
		d[6] = int32(y >> (2 * w & 63) & mask)
		d[7] = int32(y >> (3 * w & 63) & mask)
		dst, src = dst[8:], src[width:]
	}
}

// unpack32 takes two values of up to 32 bits from each of four words.
func unpack32(dst []int32, src []byte, width uint) {
	w := width & 63
	mask := uint64(1)<<w - 1
	b1, s1 := 2*width/8, 2*width%8
	b2, s2 := 4*width/8, 4*width%8
	b3, s3 := 6*width/8, 6*width%8
	for len(dst) >= 8 && uint(len(src)) >= b3+8 {
		d := dst[:8:8]
		x0 := binary.LittleEndian.Uint64(src)
		x1 := binary.LittleEndian.Uint64(src[b1:]) >> (s1 & 63)
		x2 := binary.LittleEndian.Uint64(src[b2:]) >> (s2 & 63)
		x3 := binary.LittleEndian.Uint64(src[b3:]) >> (s3 & 63)
		d[0], d[1] = int32(x0&mask), int32(x0>>w&mask)
		d[2], d[3] = int32(x1&mask), int32(x1>>w&mask)
		d[4], d[5] = int32(x2&mask), int32(x2>>w&mask)
		d[6], d[7] = int32(x3&mask), int32(x3>>w&mask)
		dst, src = dst[8:], src[width:]
	}
}

// copyBits copies n bits of src from bit first to bit at of dst.
func copyBits(dst columnar.Bitmap, at int, src []byte, first, n int) {
	for n > 0 {
		k := min(n, 56)
		setBits(dst, at, k, binary.LittleEndian.Uint64(src[first/8:])>>(uint(first)%8))
		at, first, n = at+k, first+k, n-k
	}
}

// fillBits sets n bits of dst from bit at to v.
func fillBits(dst columnar.Bitmap, at, n int, v bool) {
	w := uint64(0)
	if v {
		w = ^uint64(0)
	}
	for n > 0 {
		k := min(n, 64)
		setBits(dst, at, k, w)
		at, n = at+k, n-k
	}
}

// setBits writes the low k (1 to 64) bits of w to dst from bit at.
func setBits(dst columnar.Bitmap, at, k int, w uint64) {
	mask := ^uint64(0) >> (64 - uint(k))
	w &= mask
	i, s := at/64, uint(at)%64
	dst[i] = dst[i]&^(mask<<s) | w<<s
	if s+uint(k) > 64 {
		dst[i+1] = dst[i+1]&^(mask>>(64-s)) | w>>(64-s)
	}
}
