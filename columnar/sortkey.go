package columnar

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar/mem"
)

// SortColumn is a column to order by.
type SortColumn struct {
	Index      int
	Desc       bool
	NullsFirst bool
}

// SortKeyer orders rows by normalized keys: byte strings whose bytewise order is the wanted one.
// The first eight bytes of each key are compared as a number, the rest only on ties; rows with
// equal keys keep their order. Keys whose values all fit a number of 64 bits are sorted by radix.
type SortKeyer struct {
	columns []SortColumn
	types   []Type
	keys    []byte
	ends    []int
	packer  packer
	// Stop, if set, is asked every few milliseconds; true ends Sort early.
	Stop func() bool
}

// NewSortKeyer fails for types that have no order.
func NewSortKeyer(s *Schema, columns []SortColumn) (*SortKeyer, error) {
	k := &SortKeyer{columns: columns}
	for _, c := range columns {
		t := s.Fields[c.Index].Type
		if t.IsNested() {
			return nil, fmt.Errorf("column %s of type %s cannot be sorted by", s.Fields[c.Index].Name, t)
		}
		k.types = append(k.types, t)
	}
	return k, nil
}

type sortEntry struct {
	prefix uint64
	row    int32
}

func (k *SortKeyer) stopped() bool { return k.Stop != nil && k.Stop() }

// Sort writes the positions of b's rows, which has no selection, in order into dst. The result is nil
// if Stop ended it.
func (k *SortKeyer) Sort(b *Batch, dst []int32) []int32 {
	n := b.Len()
	if n >= radixRowsMin && k.pack(&k.packer, b) {
		dst = k.packer.order(dst, k.stopped)
		if n > packedRowsMax {
			k.packer = packer{}
		}
		return dst
	}
	if !k.makeKeys(b) {
		return nil
	}
	entries := make([]sortEntry, n)
	for i := range entries {
		entries[i] = sortEntry{prefix: prefixOf(k.key(i)), row: int32(i)}
	}
	if entries = k.sortEntries(entries); entries == nil {
		return nil
	}
	dst = mem.Resized(dst, n)
	for i, e := range entries {
		dst[i] = e.row
	}
	if n > packedRowsMax {
		k.keys, k.ends = nil, nil
	}
	return dst
}

// ScratchBytes estimates the memory that Sort takes for the rows of b beside its result.
func (k *SortKeyer) ScratchBytes(b *Batch) int64 {
	perRow := int64(8 + 2*16) // the end of a key and two entries
	total := int64(0)
	for _, c := range k.columns {
		if v := b.Cols[c.Index]; v.Phys == PhysView {
			total += int64(v.SizeBytes())
			perRow += 3
		} else {
			perRow += 1 + 16
		}
	}
	return total + perRow*int64(b.Len())
}

// makeKeys writes the keys of b's rows; false if it was stopped.
func (k *SortKeyer) makeKeys(b *Batch) bool {
	k.keys, k.ends = k.keys[:0], append(k.ends[:0], 0)
	for i := range b.Len() {
		if i%BatchRows == 0 && k.stopped() {
			return false
		}
		k.keys = k.AppendKey(k.keys, b, i)
		k.ends = append(k.ends, len(k.keys))
	}
	return true
}

// runEntries is how many entries are sorted at once; larger runs are merged from sorted ones.
const runEntries = 1 << 16

// sortEntries orders entries; nil if it was stopped.
func (k *SortKeyer) sortEntries(a []sortEntry) []sortEntry {
	n := len(a)
	for from := 0; from < n; from += runEntries {
		if k.stopped() {
			return nil
		}
		slices.SortFunc(a[from:min(from+runEntries, n)], k.compare)
	}
	if n <= runEntries {
		return a
	}
	b := make([]sortEntry, n)
	for run := runEntries; run < n; run *= 2 {
		for from := 0; from < n; from += 2 * run {
			middle, end := min(from+run, n), min(from+2*run, n)
			if !k.merge(b[from:end], a[from:middle], a[middle:end]) {
				return nil
			}
		}
		a, b = b, a
	}
	return a
}

// merge merges two sorted runs into dst; false if it was stopped.
func (k *SortKeyer) merge(dst, x, y []sortEntry) bool {
	for i := range dst {
		if i%runEntries == 0 && k.stopped() {
			return false
		}
		switch {
		case len(y) == 0:
			copy(dst[i:], x)
			return true
		case len(x) == 0:
			copy(dst[i:], y)
			return true
		case k.compare(x[0], y[0]) < 0:
			dst[i], x = x[0], x[1:]
		default:
			dst[i], y = y[0], y[1:]
		}
	}
	return true
}

// compare orders by key, rows of equal keys as they came.
func (k *SortKeyer) compare(x, y sortEntry) int {
	switch {
	case x.prefix < y.prefix:
		return -1
	case x.prefix > y.prefix:
		return 1
	}
	if c := bytes.Compare(k.key(int(x.row)), k.key(int(y.row))); c != 0 {
		return c
	}
	return int(x.row) - int(y.row)
}

func (k *SortKeyer) key(i int) []byte { return k.keys[k.ends[i]:k.ends[i+1]] }

func prefixOf(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

// AppendKey appends the normalized key of row i of b.
func (k *SortKeyer) AppendKey(dst []byte, b *Batch, i int) []byte {
	for c, col := range k.columns {
		v := b.Cols[col.Index]
		if v.IsNull(i) {
			if col.NullsFirst {
				dst = append(dst, 0)
			} else {
				dst = append(dst, 2)
			}
			continue
		}
		dst = append(dst, 1)
		from := len(dst)
		dst = appendOrdered(dst, v, i, k.types[c])
		if col.Desc {
			for j := from; j < len(dst); j++ {
				dst[j] = ^dst[j]
			}
		}
	}
	return dst
}

// appendOrdered appends a value, not null, so that bytes compare as values do. Strings end with
// two zero bytes, and a zero byte inside becomes 0x00 0xFF.
func appendOrdered(dst []byte, v *Vector, i int, t Type) []byte {
	if v.Phys == PhysView {
		s := v.Bytes(i)
		for {
			z := bytes.IndexByte(s, 0)
			if z < 0 {
				return append(append(dst, s...), 0, 0)
			}
			dst = append(append(dst, s[:z]...), 0, 0xFF)
			s = s[z+1:]
		}
	}
	i = v.Index(i)
	if v.Enc == Dictionary {
		v = v.Dict
	}
	if t.Physical() == PhysInt128 {
		w := v.WideAt(i)
		dst = binary.BigEndian.AppendUint64(dst, uint64(w.Hi)^1<<63)
		return binary.BigEndian.AppendUint64(dst, w.Lo)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(v.orderedAt(i))^1<<63)
}
