package hashtable

import (
	"bytes"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// keyLayout lays a composite key out as 64-bit words: a header (the upper 48 bits of the hash
// and 16 null flags), then the null flags of the columns beyond 16, 64 a word, then one word for
// each fixed-width column of up to 8 bytes and two for strings and wide decimals. Null columns
// are zero words.
type keyLayout struct {
	types   []columnar.Type
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
func newKeyLayout(types []columnar.Type) (*keyLayout, error) {
	flags := (max(len(types)-headerFlags, 0) + 63) / 64
	l := &keyLayout{types: types, words: 1 + flags, flags: flags}
	for c, t := range types {
		l.offset = append(l.offset, l.words)
		p := t.Physical()
		l.isWide = append(l.isWide, p == columnar.PhysView || p == columnar.PhysInt128)
		switch t.Physical() {
		case columnar.PhysView:
			l.strings = append(l.strings, c)
			l.words += 2
		case columnar.PhysInt128:
			l.words += 2
		case columnar.PhysStruct, columnar.PhysList:
			return nil, fmt.Errorf("a value of type %s cannot be part of a key", t)
		default:
			l.words++
		}
	}
	return l, nil
}

// encode writes the keys of the live rows, row by row, into dst (n*words). Tails of long
// strings refer to the source's buffers.
func (l *keyLayout) encode(dst []uint64, hashes []uint64, cols []*columnar.Vector, sel []int32) {
	if len(hashes) == 0 {
		return // dst has no first row to offset into
	}
	w := l.words
	for k, h := range hashes {
		dst[k*w] = h & headerHash
		clear(dst[k*w+1 : k*w+1+l.flags])
	}
	for c, v := range cols {
		columnar.EncodeWords(dst[l.offset[c]:], w, v, sel, len(hashes), l.wide(c))
		if v.Valid == nil {
			continue
		}
		word, bit := nullFlag(c)
		for k := range hashes {
			if v.IsNull(columnar.RowAt(sel, k)) {
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
			a, b := columnar.View{Head: key[o], Tail: key[o+1]}, columnar.View{Head: stored[o], Tail: stored[o+1]}
			if !a.Inline() {
				if !bytes.Equal(a.Bytes(sources[c]), b.Bytes(arena)) {
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
func (l *keyLayout) decode(dst *columnar.Vector, c int, arena [][]byte, n int, row func(k int) []uint64) {
	base := dst.AddRows(n)
	o := l.offset[c]
	word, bit := nullFlag(c)
	for k := range n {
		r := row(k)
		if r[word]&bit != 0 {
			dst.MakeValid().Clear(base + k)
		}
		dst.SetWords(base+k, r[o:], arena)
	}
}
