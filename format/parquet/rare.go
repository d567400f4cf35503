package parquet

import (
	"encoding/binary"
	"fmt"
)

// The encodings in this file are rare in data pages, so they are turned into PLAIN as a
// whole: the decoders need to know nothing of them.

// plainOf appends the PLAIN form of values to out, with slack behind it.
func plainOf(out, values []byte, encoding, count int, l *leaf) ([]byte, error) {
	var err error
	width := plainWidth(l)
	switch {
	case encoding == encDelta && (l.phys == physInt32 || l.phys == physInt64):
		out, _, err = deltaInts(out, values, count, width)
	case encoding == encDeltaLength && l.phys == physByteArray:
		out, err = deltaLengths(out, values, count)
	case encoding == encDeltaBytes && (l.phys == physByteArray || l.phys == physFixed):
		out, err = deltaBytes(out, values, count, l)
	case encoding == encByteStreamSplit && width > 0:
		out = joinStreams(out, values, width)
	default:
		return nil, fmt.Errorf("encoding %d of physical type %d is not supported", encoding, l.phys)
	}
	if err != nil {
		return nil, err
	}
	n := len(out)
	return append(out, make([]byte, slack)...)[:n], nil
}

// plainWidth is the size of a PLAIN value, 0 if it varies.
func plainWidth(l *leaf) int {
	switch l.phys {
	case physInt32, physFloat:
		return 4
	case physInt64, physDouble:
		return 8
	case physInt96:
		return 12
	case physFixed:
		return l.length
	}
	return 0
}

// joinStreams undoes BYTE_STREAM_SPLIT: stream k holds byte k of every value.
func joinStreams(out, values []byte, width int) []byte {
	n := len(values) / width
	base := len(out)
	out = append(out, values[:n*width]...)
	for k := range width {
		for i, b := range values[k*n : (k+1)*n] {
			out[base+i*width+k] = b
		}
	}
	return out
}

// deltaInts appends DELTA_BINARY_PACKED integers as little-endian values of width bytes and
// returns what follows them.
func deltaInts(out, b []byte, countMax, width int) (plain, rest []byte, err error) {
	r := compact{b: b}
	block, minis, total, value := r.uvarint(), r.uvarint(), r.uvarint(), r.int()
	if r.bad || total > uint64(countMax) || total > pageBytesMax/8 ||
		minis == 0 || minis > block || block > 1<<20 || block%minis != 0 || block/minis%8 != 0 {
		return nil, nil, errRun
	}
	if total == 0 {
		return out, b[r.pos:], nil
	}
	out = appendInt(out, value, width)
	left, per := int(total)-1, int(block/minis)
	for left > 0 {
		low := r.int()
		widths := r.pos
		r.skipBytes(int(minis))
		for m := 0; m < int(minis) && left > 0 && !r.bad; m++ {
			w := uint(b[widths+m])
			start, size := r.pos, per/8*int(w)
			if r.skipBytes(min(size, len(b)-start)); w > 64 || (min(per, left)*int(w)+7)/8 > len(b)-start {
				return nil, nil, errShort
			}
			for i := range min(per, left) {
				value += low + int64(bitsAt(b[start:], uint(i)*w, w))
				out = appendInt(out, value, width)
			}
			left -= min(per, left)
		}
		if r.bad {
			return nil, nil, errShort
		}
	}
	return out, b[r.pos:], nil
}

// bitsAt reads w (0 to 64) bits of b from bit on, byte by byte.
func bitsAt(b []byte, bit, w uint) uint64 {
	v, got := uint64(0), uint(0)
	for got < w {
		s := bit % 8
		k := min(8-s, w-got)
		v |= (uint64(b[bit/8]) >> s & (1<<k - 1)) << got
		bit, got = bit+k, got+k
	}
	return v
}

func appendInt(out []byte, v int64, width int) []byte {
	if width == 4 {
		return binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(out, uint64(v))
}

// lengthsOf decodes a block of lengths.
func lengthsOf(b []byte, countMax int) (lengths []int, rest []byte, err error) {
	plain, rest, err := deltaInts(nil, b, countMax, 4)
	if err != nil {
		return nil, nil, err
	}
	lengths = make([]int, len(plain)/4)
	for i := range lengths {
		n := int32(binary.LittleEndian.Uint32(plain[i*4:]))
		if n < 0 {
			return nil, nil, errShort
		}
		lengths[i] = int(n)
	}
	return lengths, rest, nil
}

func deltaLengths(out, b []byte, count int) ([]byte, error) {
	lengths, rest, err := lengthsOf(b, count)
	if err != nil {
		return nil, err
	}
	for _, n := range lengths {
		if n > len(rest) {
			return nil, errShort
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out, rest = append(out, rest[:n]...), rest[n:]
	}
	return out, nil
}

// deltaBytes undoes front coding: each value repeats a prefix of the one before.
func deltaBytes(out, b []byte, count int, l *leaf) ([]byte, error) {
	prefixes, rest, err := lengthsOf(b, count)
	if err != nil {
		return nil, err
	}
	suffixes, rest, err := lengthsOf(rest, count)
	if err != nil || len(suffixes) != len(prefixes) {
		return nil, errShort
	}
	before, size := len(out), 0
	for i, n := range suffixes {
		p := prefixes[i]
		if n > len(rest) || p > size || len(out)+p+n > pageBytesMax || l.phys == physFixed && p+n != l.length {
			return nil, errShort
		}
		if l.phys == physByteArray {
			out = binary.LittleEndian.AppendUint32(out, uint32(p+n))
		}
		start := len(out)
		out = append(out, out[before:before+p]...)
		out, rest = append(out, rest[:n]...), rest[n:]
		before, size = start, p+n
	}
	return out, nil
}

// fixDecimals turns PLAIN byte arrays of big-endian integers into ones of 16 bytes each.
func fixDecimals(out, b []byte, countMax int) ([]byte, error) {
	for i := 0; i < countMax && len(b) >= 4; i++ {
		n := int(binary.LittleEndian.Uint32(b))
		if n > 16 || n > len(b)-4 {
			return nil, fmt.Errorf("a decimal of %d bytes", n)
		}
		fill := byte(0)
		if n > 0 {
			fill = byte(int8(b[4]) >> 7)
		}
		for range 16 - n {
			out = append(out, fill)
		}
		out, b = append(out, b[4:4+n]...), b[4+n:]
	}
	n := len(out)
	return append(out, make([]byte, slack)...)[:n], nil
}
