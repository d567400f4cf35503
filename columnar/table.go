package columnar

import "fmt"

// NoRow is the row id of a key that a table does not hold.
const NoRow = ^uint32(0)

// Table is the one hash core for grouping, joins, distinct and keyed state: a directory of
// (salt, row id) entries by open addressing over a row store. A row is its key in words (see
// keyLayout) followed by payload words, so that key and accumulators share a cache line. Row
// ids are dense, given in order of insertion and stable.
//
// One goroutine uses a Table.
type Table struct {
	layout  *keyLayout
	width   int // words a row
	dir     []uint64
	mask    uint64
	rows    int
	chunks  [][]uint64
	arena   Vector // long strings of keys
	account *Account

	dict    dictCache
	keys    []uint64 // scratch: encoded keys of one batch
	sources [][][]byte
}

const (
	chunkShift = 12
	chunkRows  = 1 << chunkShift
	dirMin     = 64
	saltMask   = 0xffffffff_00000000
)

// NewTable makes an empty table of the key types with payloadWords words beside each key. What
// it grows to is reserved from account, which may be nil.
func NewTable(keys []Type, payloadWords int, account *Account) (*Table, error) {
	l, err := newKeyLayout(keys)
	if err != nil {
		return nil, err
	}
	t := &Table{layout: l, width: l.words + payloadWords, account: account, sources: make([][][]byte, len(keys))}
	t.dir = make([]uint64, dirMin)
	t.mask = dirMin - 1
	return t, nil
}

// Rows is the number of keys held.
func (t *Table) Rows() int { return t.rows }

// SizeBytes is the memory the table occupies.
func (t *Table) SizeBytes() int64 {
	n := 8 * len(t.dir)
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
	t.rows = 0
	t.dict.dicts = t.dict.dicts[:0]
	for i := range t.chunks {
		clear(t.chunks[i])
	}
	for i := range t.arena.Bufs {
		t.arena.Bufs[i] = t.arena.Bufs[i][:0]
	}
	t.arena.arena = 0
}

// prepare encodes the keys of the live rows; NULL equals NULL.
func (t *Table) prepare(hashes []uint64, cols []*Vector, sel []int32) {
	need := len(hashes) * t.layout.words
	if cap(t.keys) < need {
		t.keys = make([]uint64, need)
	}
	t.keys = t.keys[:need]
	t.layout.encode(t.keys, hashes, cols, sel)
	for _, c := range t.layout.strings {
		t.sources[c] = cols[c].Bufs
		if cols[c].Enc == Dictionary {
			t.sources[c] = cols[c].Dict.Bufs
		}
	}
}

// Upsert finds or adds the keys of the live rows of cols, whose hashes are given in live order,
// and writes their row ids into ids. Payload words of new rows are zero; the new rows are those
// from the returned id on.
func (t *Table) Upsert(ids []uint32, hashes []uint64, cols []*Vector, sel []int32) (firstNew int, err error) {
	firstNew = t.rows
	if firstNew+len(hashes) >= int(NoRow) {
		return firstNew, fmt.Errorf("a hash table of more than %d keys is not supported", NoRow)
	}
	t.prepare(hashes, cols, sel)
	if t.layout.words == 2 && len(t.layout.strings) == 0 {
		t.upsertWord(ids)
	} else {
		w := t.layout.words
		for k := range hashes {
			ids[k] = t.upsert(t.keys[k*w : k*w+w])
		}
	}
	if t.rows == firstNew {
		return firstNew, nil
	}
	return firstNew, t.account.Resize(t.SizeBytes())
}

func (t *Table) upsert(key []uint64) uint32 {
	h := key[0]
	for slot := h >> 16 & t.mask; ; slot = (slot + 1) & t.mask {
		e := t.dir[slot]
		if e == 0 {
			return t.insert(key, slot)
		}
		if (e^h)&saltMask == 0 {
			id := uint32(e) - 1
			stored := t.Row(id)
			if stored[0] == h && t.layout.equal(key, stored, t.sources, t.arena.Bufs) {
				return id
			}
		}
	}
}

// upsertWord is Upsert for a key of one fixed-width column.
func (t *Table) upsertWord(ids []uint32) {
	keys, dir, mask, width := t.keys, t.dir, t.mask, t.width
	ids = ids[:len(keys)/2]
	for k := range ids {
		h, x := keys[2*k], keys[2*k+1]
		for slot := h >> 16 & mask; ; slot = (slot + 1) & mask {
			e := dir[slot&uint64(len(dir)-1)]
			if e == 0 {
				ids[k] = t.insert(keys[2*k:2*k+2], slot)
				dir, mask = t.dir, t.mask
				break
			}
			if (e^h)&saltMask != 0 {
				continue
			}
			id := uint32(e) - 1
			r := t.chunks[id>>chunkShift][int(id&(chunkRows-1))*width:]
			if r[1] == x && r[0] == h {
				ids[k] = id
				break
			}
		}
	}
}

// Find writes the row ids of the keys of the live rows into ids, NoRow for those not held.
func (t *Table) Find(ids []uint32, hashes []uint64, cols []*Vector, sel []int32) {
	t.prepare(hashes, cols, sel)
	w := t.layout.words
	for k := range hashes {
		ids[k] = t.find(t.keys[k*w : k*w+w])
	}
}

func (t *Table) find(key []uint64) uint32 {
	h := key[0]
	for slot := h >> 16 & t.mask; ; slot = (slot + 1) & t.mask {
		e := t.dir[slot]
		if e == 0 {
			return NoRow
		}
		if (e^h)&saltMask == 0 {
			id := uint32(e) - 1
			stored := t.Row(id)
			if stored[0] == h && t.layout.equal(key, stored, t.sources, t.arena.Bufs) {
				return id
			}
		}
	}
}

// insert stores a key as the next row and enters it at the free slot, then makes room in the
// directory, which is kept at most half full.
func (t *Table) insert(key []uint64, slot uint64) uint32 {
	id := uint32(t.rows)
	t.dir[slot] = key[0]&saltMask | uint64(id+1)
	if t.rows == t.capacity() {
		t.addChunk()
	}
	t.rows++
	row := t.Row(id)
	copy(row, key)
	for _, c := range t.layout.strings {
		o := t.layout.offset[c]
		v := View{key[o], key[o+1]}
		if v.Inline() {
			continue
		}
		s := v.bytesOf(t.sources[c])
		dst, buf, off := t.arena.scratch(len(s))
		copy(dst, s)
		row[o+1] = uint64(uint32(buf)) | uint64(uint32(off))<<32
	}
	if 2*t.rows > len(t.dir) {
		t.grow()
	}
	return id
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
		t.chunks = append(t.chunks, make([]uint64, chunkRows*t.width))
	}
}

// grow doubles the directory and enters all rows again.
func (t *Table) grow() {
	t.dir = make([]uint64, 2*len(t.dir))
	t.mask = uint64(len(t.dir) - 1)
	for id := range t.rows {
		h := t.Row(uint32(id))[0]
		slot := h >> 16 & t.mask
		for t.dir[slot] != 0 {
			slot = (slot + 1) & t.mask
		}
		t.dir[slot] = h&saltMask | uint64(id+1)
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
func (t *Table) KeyColumn(dst *Vector, c, first, n int) {
	t.layout.decode(dst, c, t.arena.Bufs, n, func(k int) []uint64 { return t.Row(uint32(first + k)) })
}

// KeyColumnOf appends column c of the keys of the rows ids to dst.
func (t *Table) KeyColumnOf(dst *Vector, c int, ids []uint32) {
	t.layout.decode(dst, c, t.arena.Bufs, len(ids), func(k int) []uint64 { return t.Row(ids[k]) })
}

// Release gives the memory back.
func (t *Table) Release() {
	t.arena.Release()
	t.chunks, t.dir, t.rows = nil, nil, 0
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
