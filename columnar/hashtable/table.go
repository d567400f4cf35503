package hashtable

import (
	"fmt"
	"math/bits"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// NoRow is the row id of a key that a table does not hold.
const NoRow = ^uint32(0)

// Table is the one hash core for grouping, joins, distinct and keyed state: a directory of
// (salt, row id) entries by open addressing over a row store. A row is its key in words (see
// keyLayout) followed by payload words, so that key and accumulators share a cache line. Row
// ids are dense, given in order of insertion and stable.
//
// The salt is bits 16 to 47 of the hash, and an entry's home slot is the upper bits of its salt.
// So the directory is in order of salts but for collisions, and doubling it reads the old and
// writes the new one front to back without a look at the rows. A table of one fixed-width key
// whose values lie close together has an array by value instead (see wordIndex).
//
// One goroutine uses a Table.
type Table struct {
	layout  *keyLayout
	width   int // words a row
	dir     []uint64
	mask    uint64
	shift   uint // from salt to home slot
	rows    int
	room    int // rows the chunks have place for
	chunks  [][]uint64
	arena   columnar.Vector // long strings of keys
	account *mem.Account

	dict    dictCache
	word    wordIndex
	keys    []uint64 // scratch: encoded keys of one batch
	sources [][][]byte
}

const (
	chunkShift = 12
	chunkRows  = 1 << chunkShift
	dirMin     = 64
	dirMax     = 1 << 32 // a slot for each salt; more than there can be rows
	saltMask   = 0xffffffff_00000000
)

// saltOf is the salt of a hash in its place in a directory entry.
func saltOf(h uint64) uint64 { return h << 16 & saltMask }

// home is the slot at which the search for a salt begins.
func (t *Table) home(salt uint64) uint64 { return salt >> t.shift }

// New makes an empty table of the key types with payloadWords words beside each key. What
// it grows to is reserved from account, which may be nil.
func New(keys []columnar.Type, payloadWords int, account *mem.Account) (*Table, error) {
	l, err := newKeyLayout(keys)
	if err != nil {
		return nil, err
	}
	t := &Table{layout: l, width: l.words + payloadWords, account: account, sources: make([][][]byte, len(keys))}
	t.setDir(dirMin)
	t.word.enabled = l.words == 2 && len(l.strings) == 0
	t.word.isDirect = t.word.enabled
	return t, nil
}

// Rows is the number of keys held.
func (t *Table) Rows() int { return t.rows }

// SizeBytes is the memory the table occupies.
func (t *Table) SizeBytes() int64 {
	n := 8*len(t.dir) + t.word.sizeBytes()
	for _, c := range t.chunks {
		n += 8 * cap(c)
	}
	for _, b := range t.arena.Bufs {
		n += cap(b)
	}
	return int64(n)
}

// Reset forgets all keys and keeps the memory.
func (t *Table) Reset() {
	clear(t.dir)
	t.word.reset()
	t.dict.dicts = t.dict.dicts[:0]
	for i := range t.chunks {
		if i*chunkRows < t.rows {
			clear(t.chunks[i])
		}
	}
	t.rows = 0
	t.arena.ResetAs(columnar.PhysNone, 0)
}

// prepare encodes the keys of the live rows; NULL equals NULL.
func (t *Table) prepare(hashes []uint64, cols []*columnar.Vector, sel []int32) {
	need := len(hashes) * t.layout.words
	if cap(t.keys) < need {
		t.keys = make([]uint64, need)
	}
	t.keys = t.keys[:need]
	t.layout.encode(t.keys, hashes, cols, sel)
	for _, c := range t.layout.strings {
		t.sources[c] = cols[c].Bufs
		if cols[c].Enc == columnar.Dictionary {
			t.sources[c] = cols[c].Dict.Bufs
		}
	}
}

// Upsert finds or adds the keys of the live rows of cols, whose hashes are given in live order,
// and writes their row ids into ids. Payload words of new rows are zero; the new rows are those
// from the returned id on.
func (t *Table) Upsert(ids []uint32, hashes []uint64, cols []*columnar.Vector, sel []int32) (firstNew int, err error) {
	firstNew = t.rows
	if firstNew+len(hashes) >= int(NoRow) {
		return firstNew, fmt.Errorf("a hash table of more than %d keys is not supported", NoRow)
	}
	if t.word.enabled {
		t.upsertWords(ids[:len(hashes)], hashes, cols[0], sel)
	} else {
		t.prepare(hashes, cols, sel)
		for from := 0; from < len(hashes); from += probeBlock {
			end := min(len(hashes), from+probeBlock)
			t.lookupBlock(ids[from:end], hashes[from:end], t.keys[from*t.layout.words:], true)
		}
	}
	return firstNew, t.reserve(firstNew)
}

// reserve accounts for the memory of the rows from firstNew on.
func (t *Table) reserve(firstNew int) error {
	if t.rows == firstNew {
		return nil
	}
	return t.account.Resize(t.SizeBytes())
}

func (t *Table) upsert(key []uint64) uint32 {
	id, slot := t.lookup(key)
	if id == NoRow {
		return t.insert(key, slot)
	}
	return id
}

// lookup is the row of a key, or else NoRow and the slot to enter it at.
func (t *Table) lookup(key []uint64) (id uint32, slot uint64) {
	h := key[0]
	salt := saltOf(h)
	for slot = t.home(salt); ; slot = (slot + 1) & t.mask {
		e := t.dir[slot]
		if e == 0 {
			return NoRow, slot
		}
		if (e^salt)&saltMask == 0 {
			id := uint32(e) - 1
			stored := t.Row(id)
			if stored[0] == h && t.layout.equal(key, stored, t.sources, t.arena.Bufs) {
				return id, slot
			}
		}
	}
}

// Find writes the row ids of the keys of the live rows into ids, NoRow for those not held.
func (t *Table) Find(ids []uint32, hashes []uint64, cols []*columnar.Vector, sel []int32) {
	if t.word.enabled {
		t.findWords(ids[:len(hashes)], hashes, cols[0], sel)
		return
	}
	t.prepare(hashes, cols, sel)
	for from := 0; from < len(hashes); from += probeBlock {
		end := min(len(hashes), from+probeBlock)
		t.lookupBlock(ids[from:end], hashes[from:end], t.keys[from*t.layout.words:], false)
	}
}

// lookupBlock looks up to probeBlock keys up: first all first slots are read, then the rows they
// name, so that the reads of one stage overlap. Keys that are not there are added or get NoRow.
func (t *Table) lookupBlock(ids []uint32, hashes, keys []uint64, add bool) {
	var entries [probeBlock]uint64
	t.firstSlots(&entries, hashes)
	w := t.layout.words
	for k, h := range hashes {
		e, key := entries[k], keys[k*w:k*w+w]
		if e != 0 && (e^saltOf(h))&saltMask == 0 {
			id := uint32(e) - 1
			stored := t.Row(id)
			if stored[0] == key[0] && t.layout.equal(key, stored, t.sources, t.arena.Bufs) {
				ids[k] = id
				continue
			}
		}
		if add {
			ids[k] = t.upsert(key)
		} else {
			ids[k], _ = t.lookup(key)
		}
	}
}

// insert stores a key as the next row and enters it at the free slot, then makes room in the
// directory, which is kept at most half full.
func (t *Table) insert(key []uint64, slot uint64) uint32 {
	id := t.addRow()
	t.dir[slot] = saltOf(key[0]) | uint64(id+1)
	row := t.Row(id)
	copy(row, key)
	for _, c := range t.layout.strings {
		o := t.layout.offset[c]
		v := columnar.View{Head: key[o], Tail: key[o+1]}
		if v.Inline() {
			continue
		}
		s := v.Bytes(t.sources[c])
		dst, buf, off := t.arena.Scratch(len(s))
		copy(dst, s)
		row[o+1] = uint64(uint32(buf)) | uint64(uint32(off))<<32
	}
	if 2*t.rows > len(t.dir) {
		t.grow()
	}
	return id
}

// addRow extends the row store by a zero row.
func (t *Table) addRow() uint32 {
	if t.rows == t.room {
		t.addChunk()
		t.room = t.capacity()
	}
	t.rows++
	return uint32(t.rows - 1)
}

func (t *Table) capacity() int {
	if len(t.chunks) == 0 {
		return 0
	}
	return (len(t.chunks)-1)*chunkRows + len(t.chunks[len(t.chunks)-1])/t.width
}

// addChunk extends the row store by a chunk; the first grows by doubling, so that small tables
// stay small.
func (t *Table) addChunk() {
	switch {
	case len(t.chunks) == 0:
		t.chunks = append(t.chunks, make([]uint64, dirMin*t.width))
	case len(t.chunks) == 1 && len(t.chunks[0]) < chunkRows*t.width:
		first := make([]uint64, 2*len(t.chunks[0]))
		copy(first, t.chunks[0])
		t.chunks[0] = first
	default:
		t.chunks = append(t.chunks, mem.Zeroed[uint64](chunkRows*t.width))
	}
}

func (t *Table) setDir(n int) {
	t.dir = mem.Zeroed[uint64](n)
	t.mask = uint64(n - 1)
	t.shift = uint(64 - bits.TrailingZeros(uint(n)))
}

// grow doubles the directory. Entries move in order of their slots, so that those that collide
// stay behind each other.
func (t *Table) grow() {
	old := t.dir
	if len(old) == dirMax {
		return
	}
	t.setDir(2 * len(old))
	dir, mask, shift := t.dir, t.mask, t.shift
	for _, e := range old {
		if e == 0 {
			continue
		}
		slot := (e & saltMask) >> (shift & 63)
		for dir[slot&uint64(len(dir)-1)] != 0 {
			slot = (slot + 1) & mask
		}
		dir[slot&uint64(len(dir)-1)] = e
	}
}

// Row is the row's words, key first.
func (t *Table) Row(id uint32) []uint64 {
	o := int(id&(chunkRows-1)) * t.width
	return t.chunks[id>>chunkShift][o : o+t.width]
}

// Payload is the row's words after its key.
func (t *Table) Payload(id uint32) []uint64 { return t.Row(id)[t.layout.words:] }

// Cells gives access to one payload word of every row.
func (t *Table) Cells(word int) Cells {
	return Cells{chunks: t.chunks, width: t.width, offset: t.layout.words + word}
}

// Hash is the upper 48 bits of the row's hash.
func (t *Table) Hash(id uint32) uint64 { return t.Row(id)[0] & headerHash }

// KeyColumn appends column c of the keys of n rows from the row first on to dst.
func (t *Table) KeyColumn(dst *columnar.Vector, c, first, n int) {
	if dst.Phys == columnar.PhysInt64 && !t.layout.wide(c) {
		t.keyWords(dst, c, first, n)
		return
	}
	t.layout.decode(dst, c, t.arena.Bufs, n, func(k int) []uint64 { return t.Row(uint32(first + k)) })
}

// KeyColumnOf appends column c of the keys of the rows ids to dst.
func (t *Table) KeyColumnOf(dst *columnar.Vector, c int, ids []uint32) {
	if dst.Phys == columnar.PhysInt64 && !t.layout.wide(c) {
		t.keyWordsOf(dst, c, ids)
		return
	}
	t.layout.decode(dst, c, t.arena.Bufs, len(ids), func(k int) []uint64 { return t.Row(ids[k]) })
}

// Release gives the memory back.
func (t *Table) Release() {
	t.arena.Release()
	t.chunks, t.dir, t.rows, t.room = nil, nil, 0, 0
	t.word = wordIndex{enabled: t.word.enabled}
	t.account.Close()
}

// Cells is one payload word of every row of a table, or a run of words from it. It is valid
// until the table grows.
type Cells struct {
	chunks [][]uint64
	width  int
	offset int
}

// At is the address of the word of row id.
func (c *Cells) At(id uint32) *uint64 {
	return &c.chunks[id>>chunkShift][int(id&(chunkRows-1))*c.width+c.offset]
}

// Span are n words from the cell of row id on.
func (c *Cells) Span(id uint32, n int) []uint64 {
	o := int(id&(chunkRows-1))*c.width + c.offset
	return c.chunks[id>>chunkShift][o : o+n : o+n]
}
