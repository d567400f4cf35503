package columnar

import (
	"math/bits"
	"slices"

	"github.com/anabranch/anabranch/columnar/mem"
)

// packer builds, column by column, one number a row whose order is the wanted one. Each column
// adds as many bits as its range of values needs.
type packer struct {
	keys []uint64
	bits int
	part []int64 // scratch: the column's values
}

// radixRowsMin is the number of rows from which packing pays.
const radixRowsMin = 256

// packedRowsMax is the number of rows up to which the memory is kept for the next sort.
const packedRowsMax = 1 << 16

// pack fills p for the rows of b; it returns false if a column has no fixed width, if the ranges
// together need more than 64 bits, or if Stop ended it.
func (k *SortKeyer) pack(p *packer, b *Batch) bool {
	n := b.Len()
	p.bits = 0
	p.keys, p.part = mem.Resized(p.keys, n), mem.Resized(p.part, n)
	for _, col := range k.columns {
		if !p.add(b.Cols[col.Index], col, k.stopped) {
			return false
		}
	}
	return true
}

// add appends a column to the keys.
func (p *packer) add(v *Vector, col SortColumn, stopped func() bool) bool {
	if !orderedValues(p.part, v) || stopped() {
		return false
	}
	low, high := p.limits(v)
	span := uint64(high) - uint64(low)
	if span >= 1<<62 {
		return false
	}
	// Nulls are one below or one above all others.
	base, null := uint64(0), span+1
	if v.Valid == nil {
		null = span
	} else if col.NullsFirst {
		base, null = 1, 0
	}
	width := bits.Len64(max(span+base, null))
	if p.bits+width > 64 {
		return false
	}
	first := p.bits == 0
	p.bits += width
	for i, x := range p.part {
		if i%radixPart == 0 && stopped() {
			return false
		}
		code := uint64(x) - uint64(low) + base
		if col.Desc {
			code = uint64(high) - uint64(x) + base
		}
		if v.Valid != nil && v.IsNull(i) {
			code = null
		}
		if first {
			p.keys[i] = code
		} else {
			p.keys[i] = p.keys[i]<<width | code
		}
	}
	return true
}

// limits are the smallest and the largest of the column's values, zero if all rows are null.
func (p *packer) limits(v *Vector) (low, high int64) {
	if v.Valid == nil {
		low, high = p.part[0], p.part[0]
		for _, x := range p.part {
			low, high = min(low, x), max(high, x)
		}
		return low, high
	}
	live := false
	for i, x := range p.part {
		if v.IsNull(i) {
			continue
		}
		if !live {
			low, high, live = x, x, true
		}
		low, high = min(low, x), max(high, x)
	}
	return low, high
}

// orderedValues writes v's values as integers of the same order; those of nulls are undefined. It
// returns false for values that are none.
func orderedValues(dst []int64, v *Vector) bool {
	values := v
	if v.Enc == Dictionary {
		values = v.Dict
	}
	switch values.Phys {
	case PhysBits, PhysInt8, PhysInt16, PhysInt32, PhysInt64, PhysFloat32, PhysFloat64:
	default:
		return false
	}
	switch {
	case v.Enc == Flat && v.Phys == PhysInt64:
		copy(dst, Values[int64](v))
	case v.Enc == Flat && v.Phys == PhysInt32:
		for i, x := range Values[int32](v)[:len(dst)] {
			dst[i] = int64(x)
		}
	default:
		for i := range dst {
			dst[i] = 0
			if !v.IsNull(i) {
				dst[i] = values.orderedAt(v.Index(i))
			}
		}
	}
	return true
}

// order writes the positions of the rows in order of their keys into dst; rows of equal keys keep
// theirs. If a position fits beside its key, words are sorted, else pairs. The result is nil if stopped
// ended it.
func (p *packer) order(dst []int32, stopped func() bool) []int32 {
	n := len(p.keys)
	dst = mem.Resized(dst, n)
	if p.bits == 0 {
		for i := range dst {
			dst[i] = int32(i)
		}
		return dst
	}
	places := bits.Len(uint(n - 1))
	if p.bits+places > 64 {
		entries := mem.Zeroed[sortEntry](2 * n)
		for i, key := range p.keys {
			entries[i] = sortEntry{key, int32(i)}
		}
		sorted := radixPairs(entries[:n], entries[n:], p.bits, stopped)
		if sorted == nil {
			return nil
		}
		for i := range dst {
			dst[i] = sorted[i].row
		}
		return dst
	}
	for i := range p.keys {
		p.keys[i] = p.keys[i]<<places | uint64(i)
	}
	scratch := mem.Zeroed[uint64](n)
	sorted := radixWords(p.keys, scratch, places, p.bits, stopped)
	if sorted == nil {
		return nil
	}
	mask := uint64(1)<<places - 1
	for i := range dst {
		dst[i] = int32(sorted[i] & mask)
	}
	return dst
}

const radixBits = 8

// radixPart is how many rows are moved between two questions whether to stop.
const radixPart = 1 << 18

// radixWords sorts by width bits from bit low on, least significant digit first, and returns which
// of a and b holds the result; nil if stopped ended it.
func radixWords(a, b []uint64, low, width int, stopped func() bool) []uint64 {
	for shift := low; shift < low+width; shift += radixBits {
		if stopped() {
			return nil
		}
		var at [1 << radixBits]int32
		s := uint(shift) & 63
		for _, x := range a {
			at[uint8(x>>s)]++
		}
		if starts(&at, len(a)) {
			continue
		}
		for part := range slices.Chunk(a, radixPart) {
			if stopped() {
				return nil
			}
			for _, x := range part {
				place := &at[uint8(x>>s)]
				b[*place] = x
				*place++
			}
		}
		a, b = b, a
	}
	return a
}

// radixPairs is radixWords for keys beside rows.
func radixPairs(a, b []sortEntry, width int, stopped func() bool) []sortEntry {
	for shift := 0; shift < width; shift += radixBits {
		if stopped() {
			return nil
		}
		var at [1 << radixBits]int32
		s := uint(shift) & 63
		for i := range a {
			at[uint8(a[i].prefix>>s)]++
		}
		if starts(&at, len(a)) {
			continue
		}
		for part := range slices.Chunk(a, radixPart) {
			if stopped() {
				return nil
			}
			for i := range part {
				place := &at[uint8(part[i].prefix>>s)]
				b[*place] = part[i]
				*place++
			}
		}
		a, b = b, a
	}
	return a
}

// starts turns the counts of n digits into their first places; it reports whether all digits are
// the same.
func starts(at *[1 << radixBits]int32, n int) bool {
	sum := int32(0)
	for d, c := range at {
		if int(c) == n {
			return true
		}
		at[d] = sum
		sum += c
	}
	return false
}
