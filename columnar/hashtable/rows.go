package hashtable

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// Rows keeps rows and finds them by key, any number of rows a key. A row is its columns in
// words (see keyLayout) with the hash of its key in front, followed by a word that links the rows
// of one key and by words of the owner, which are zero at first. Row ids are stable; those of removed
// rows are given again. Nulls in a key equal each other.
//
// Nothing it does takes time in proportion to the rows held: the directory grows part by part, and
// long strings lie in memory of their chunk of rows, which is compacted by itself.
//
// One goroutine uses a Rows.
type Rows struct {
	types  []columnar.Type
	layout *keyLayout // of rows; nested columns are bytes
	probe  *keyLayout // of keys
	keys   []rowKey
	links  int // the word with the links
	width  int // words a row
	chunks []*rowChunk
	made   int    // rows made, free ones among them
	free   uint32 // first of the free rows plus one
	live   int
	parts  [dirParts]dirPart

	account *mem.Account
	bytes   int64
	changes *Changes // nil unless tracked

	words   []uint64 // scratch: encoded rows of a batch
	probes  []uint64 // scratch: encoded keys of a batch
	hashes  []uint64
	cols    []*columnar.Vector
	nested  []*columnar.Vector // encoded nested columns, by column
	sources [][][]byte
	keyBufs [][][]byte
	warmed  uint64 // keeps the reads of warm
}

// rowKey is where a key column lies in an encoded key and in a row.
type rowKey struct {
	column          int
	probe, row      int // first word
	probeNull, null int // word of the null flag
	probeBit, bit   uint64
	words           int
	float, view     bool
}

// rowChunk is a run of rows with their long strings.
type rowChunk struct {
	words      []uint64
	bufs       [][]byte
	used, dead int // bytes of long strings
}

// freeRow in the upper half of the links says that a row is free; the lower half links the free ones.
const freeRow = uint64(NoRow) << 32

// NewRows makes an empty table of rows of the given types, found by the columns keys, with
// extra words of the owner beside each row. Memory is reserved from account, which may be nil.
func NewRows(types []columnar.Type, keys []int, extra int, account *mem.Account) (*Rows, error) {
	t := &Rows{types: types, account: account, nested: make([]*columnar.Vector, len(types))}
	stored := make([]columnar.Type, len(types))
	for c, typ := range types {
		if stored[c] = typ; isNested(typ) {
			stored[c], t.nested[c] = columnar.TypeBytes, columnar.NewVector(columnar.TypeBytes)
		}
	}
	keyTypes := make([]columnar.Type, len(keys))
	for i, c := range keys {
		keyTypes[i] = stored[c]
	}
	var err error
	if t.layout, err = newKeyLayout(stored); err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	if t.probe, err = newKeyLayout(keyTypes); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	for i, c := range keys {
		k := rowKey{column: c, probe: t.probe.offset[i], row: t.layout.offset[c], words: 1}
		k.probeNull, k.probeBit = nullFlag(i)
		k.null, k.bit = nullFlag(c)
		if t.probe.wide(i) {
			k.words = 2
		}
		k.float = keyTypes[i].IsFloat()
		k.view = keyTypes[i].Physical() == columnar.PhysView
		t.keys = append(t.keys, k)
	}
	t.links = t.layout.words
	t.width = t.links + 1 + extra
	t.sources = make([][][]byte, len(types))
	t.keyBufs = make([][][]byte, len(keys))
	return t, nil
}

func isNested(t columnar.Type) bool {
	p := t.Physical()
	return p == columnar.PhysStruct || p == columnar.PhysList
}

// Track has c told of rows before they are added or removed.
func (t *Rows) Track(c *Changes) { t.changes = c }

// Touch is called by the owner before it changes extra words of rows.
func (t *Rows) Touch(ids []uint32) error { return t.changes.Touch(ids) }

// Made is the number of ids given so far, those of removed rows among them.
func (t *Rows) Made() int { return t.made }

// Held reports whether the row id, which is below Made, is there.
func (t *Rows) Held(id uint32) bool { return t.row(id)[t.links]&freeRow != freeRow }

// Live is the number of rows held.
func (t *Rows) Live() int { return t.live }

// Width is the number of columns of a row.
func (t *Rows) Width() int { return len(t.types) }

// SizeBytes is the memory the table occupies.
func (t *Rows) SizeBytes() int64 { return t.bytes }

// Extra are the owner's words of a row.
func (t *Rows) Extra(id uint32) []uint64 { return t.row(id)[t.links+1:] }

// Next is the row of the same key after row id, NoRow if it is the last.
func (t *Rows) Next(id uint32) uint32 { return uint32(t.row(id)[t.links]) - 1 }

func (t *Rows) row(id uint32) []uint64 {
	o := int(id&(chunkRows-1)) * t.width
	return t.chunks[id>>chunkShift].words[o : o+t.width : o+t.width]
}

func (t *Rows) chunk(id uint32) *rowChunk { return t.chunks[id>>chunkShift] }

// Value is column c of row id as an integer: of an integer, decimal, date, time, timestamp, interval or boolean.
func (t *Rows) Value(id uint32, c int) columnar.Int128 {
	o := t.layout.offset[c]
	row := t.row(id)
	if t.layout.wide(c) {
		return columnar.Int128{Lo: row[o], Hi: int64(row[o+1])}
	}
	return columnar.Int128Of(int64(row[o]))
}

// Float is column c of row id, a float.
func (t *Rows) Float(id uint32, c int) float64 {
	return math.Float64frombits(t.row(id)[t.layout.offset[c]])
}

// Bytes is column c of row id, a string or binary, borrowed until the table changes.
func (t *Rows) Bytes(id uint32, c int) []byte {
	o := t.layout.offset[c]
	v := (*columnar.View)(unsafe.Pointer(&t.row(id)[o]))
	return v.Bytes(t.chunk(id).bufs)
}

// Add stores the live rows of b and appends their ids to ids.
func (t *Rows) Add(ids []uint32, b *columnar.Batch) ([]uint32, error) { return t.add(ids, b, false) }

// Upsert is Add, but a row whose key is there is not stored: its id is that of the key's first row.
func (t *Rows) Upsert(ids []uint32, b *columnar.Batch) ([]uint32, error) { return t.add(ids, b, true) }

func (t *Rows) add(ids []uint32, b *columnar.Batch, unique bool) ([]uint32, error) {
	n := b.Live()
	if t.live+n >= int(NoRow) {
		return ids, fmt.Errorf("a table of more than %d rows is not supported", NoRow)
	}
	t.encodeRows(b)
	t.encodeKeys(b)
	pw, rw := t.probe.words, t.layout.words
	for k := range n {
		if k%warmBlock == 0 {
			t.warm(t.hashes[k:])
		}
		probe := t.probes[k*pw : (k+1)*pw]
		if unique {
			if _, id := t.seek(&t.parts[partOf(probe[0])], probe); id != NoRow {
				ids = append(ids, id)
				continue
			}
		}
		id := t.newRow()
		row, chunk := t.row(id), t.chunk(id)
		before := chunk.capacity()
		copy(row, t.words[k*rw:(k+1)*rw])
		for _, c := range t.layout.strings {
			chunk.keepString(row[t.layout.offset[c]:], t.sources[c])
		}
		t.bytes += chunk.capacity() - before
		t.enter(id, row, probe)
		ids = append(ids, id)
	}
	return ids, t.account.Resize(t.bytes)
}

// warmBlock is the number of keys whose memory is read ahead.
const warmBlock = 64

// warm reads what the search for each of the next keys begins with, so that these reads, most of
// which miss the caches, overlap.
func (t *Rows) warm(hashes []uint64) {
	var heads [warmBlock]uint32
	n := 0
	for _, h := range hashes[:min(warmBlock, len(hashes))] {
		p := &t.parts[partOf(h)]
		if len(p.slots) == 0 {
			continue
		}
		salt := saltOf(h)
		e := p.slots[p.home(salt)&uint64(len(p.slots)-1)]
		if heads[n] = uint32(e) - 1; e != 0 && (e^salt)&saltMask == 0 {
			n++
		}
	}
	for _, id := range heads[:n] {
		t.warmed += t.row(id)[0]
	}
}

// enter makes a new row the first one of its key.
func (t *Rows) enter(id uint32, row, probe []uint64) {
	p := &t.parts[partOf(row[0])]
	slot, head := t.seek(p, probe)
	if head == NoRow {
		t.bytes += p.insert(slot, row[0], id)
		row[t.links] = 0
		return
	}
	p.slots[slot] = saltOf(row[0]) | uint64(id+1)
	row[t.links] = uint64(head + 1)
	first := t.row(head)
	first[t.links] = first[t.links]&math.MaxUint32 | uint64(id+1)<<32
}

// seek finds the slot and the first row of a key, or the slot to enter it at and NoRow.
func (t *Rows) seek(p *dirPart, probe []uint64) (slot uint64, head uint32) {
	if len(p.slots) == 0 {
		return 0, NoRow
	}
	salt := saltOf(probe[0])
	mask := uint64(len(p.slots) - 1)
	for slot = p.home(salt); ; slot = (slot + 1) & mask {
		e := p.slots[slot]
		if e == 0 {
			return slot, NoRow
		}
		if (e^salt)&saltMask == 0 {
			id := uint32(e) - 1
			if t.sameKey(probe, id) {
				return slot, id
			}
		}
	}
}

// sameKey compares an encoded key with that of a row.
func (t *Rows) sameKey(probe []uint64, id uint32) bool {
	row := t.row(id)
	if (probe[0]^row[0])&headerHash != 0 {
		return false
	}
	for i := range t.keys {
		k := &t.keys[i]
		x, y := probe[k.probe], row[k.row]
		if (probe[k.probeNull]&k.probeBit != 0) != (row[k.null]&k.bit != 0) {
			return false
		}
		switch {
		case k.view:
			a, b := columnar.View{Head: x, Tail: probe[k.probe+1]}, columnar.View{Head: y, Tail: row[k.row+1]}
			if !columnar.ViewsEqual(&a, t.keyBufs[i], &b, t.chunk(id).bufs) {
				return false
			}
		case k.float:
			if x != y && x != columnar.CanonicalFloat(math.Float64frombits(y)) {
				return false
			}
		case x != y || k.words == 2 && probe[k.probe+1] != row[k.row+1]:
			return false
		}
	}
	return true
}

// Find writes the first row of each live row's key into ids, NoRow where there is none; cols are
// the key columns in order.
func (t *Rows) Find(ids []uint32, cols []*columnar.Vector, sel []int32, n int) []uint32 {
	t.hashes = columnar.HashRows(t.hashes, cols, sel, n)
	t.encodeProbes(cols, sel)
	n = len(t.hashes)
	if cap(ids) < n {
		ids = make([]uint32, n)
	}
	ids = ids[:n]
	w := t.probe.words
	for k := range ids {
		if k%warmBlock == 0 {
			t.warm(t.hashes[k:])
		}
		_, ids[k] = t.seek(&t.parts[partOf(t.hashes[k])], t.probes[k*w:(k+1)*w])
	}
	return ids
}

// Remove removes for each live row of b one row that equals it in all columns, and appends the
// removed ids to ids, NoRow where there is none. Their extra words may be read until the next Add.
func (t *Rows) Remove(ids []uint32, b *columnar.Batch) []uint32 {
	t.encodeRows(b)
	t.encodeKeys(b)
	for k := range b.Live() {
		id, probe := t.match(k)
		if id != NoRow {
			t.changes.touchRow(id)
			t.unlink(id, probe)
			t.release(id)
		}
		ids = append(ids, id)
	}
	return ids
}

// Match appends for each live row of b the id of one row that equals it in all columns to ids, NoRow
// where there is none.
func (t *Rows) Match(ids []uint32, b *columnar.Batch) []uint32 {
	t.encodeRows(b)
	t.encodeKeys(b)
	for k := range b.Live() {
		id, _ := t.match(k)
		ids = append(ids, id)
	}
	return ids
}

// match finds a row that equals the k-th encoded one.
func (t *Rows) match(k int) (id uint32, probe []uint64) {
	if k%warmBlock == 0 {
		t.warm(t.hashes[k:])
	}
	pw, rw := t.probe.words, t.layout.words
	probe = t.probes[k*pw : (k+1)*pw]
	_, id = t.seek(&t.parts[partOf(probe[0])], probe)
	for id != NoRow && !t.sameRow(t.words[k*rw:(k+1)*rw], id) {
		id = t.Next(id)
	}
	return id, probe
}

// sameRow compares an encoded row with a stored one of the same key.
func (t *Rows) sameRow(words []uint64, id uint32) bool {
	row := t.row(id)[:len(words)]
	return words[0] == row[0] && t.layout.equal(words, row, t.sources, t.chunk(id).bufs)
}

// RemoveIDs removes rows by id.
func (t *Rows) RemoveIDs(ids []uint32) {
	probe := make([]uint64, t.probe.words)
	for k, id := range ids {
		t.changes.touchRow(id)
		if k%warmBlock == 0 {
			t.hashes = t.hashes[:0]
			for _, id := range ids[k:min(k+warmBlock, len(ids))] {
				t.hashes = append(t.hashes, t.row(id)[0])
			}
			t.warm(t.hashes)
		}
		t.unlink(id, t.storedKey(probe, id))
		t.release(id)
	}
}

// storedKey encodes the key of a row; long strings of it lie where those of the row do.
func (t *Rows) storedKey(probe []uint64, id uint32) []uint64 {
	row, chunk := t.row(id), t.chunk(id)
	clear(probe)
	probe[0] = row[0] & headerHash
	for i := range t.keys {
		k := &t.keys[i]
		t.keyBufs[i] = chunk.bufs
		if row[k.null]&k.bit != 0 {
			probe[k.probeNull] |= k.probeBit
		}
		copy(probe[k.probe:k.probe+k.words], row[k.row:])
		if k.float {
			probe[k.probe] = columnar.CanonicalFloat(math.Float64frombits(row[k.row]))
		}
	}
	return probe
}

// unlink takes a row out of the rows of its key.
func (t *Rows) unlink(id uint32, probe []uint64) {
	row := t.row(id)
	next, previous := uint32(row[t.links]), uint32(row[t.links]>>32)
	if next != 0 {
		r := t.row(next - 1)
		r[t.links] = r[t.links]&math.MaxUint32 | uint64(previous)<<32
	}
	if previous != 0 {
		r := t.row(previous - 1)
		r[t.links] = r[t.links]&^math.MaxUint32 | uint64(next)
		return
	}
	p := &t.parts[partOf(row[0])]
	slot, _ := t.seek(p, probe)
	if next != 0 {
		p.slots[slot] = saltOf(row[0]) | uint64(next)
		return
	}
	p.remove(slot)
}

// release makes an unlinked row a free one.
func (t *Rows) release(id uint32) {
	row, chunk := t.row(id), t.chunk(id)
	for _, c := range t.layout.strings {
		if v := (columnar.View{Head: row[t.layout.offset[c]]}); !v.Inline() {
			chunk.dead += v.Len()
		}
	}
	row[t.links] = freeRow | uint64(t.free)
	t.free = id + 1
	t.live--
	if chunk.wasteful() {
		before := chunk.capacity()
		t.compact(chunk)
		t.bytes += chunk.capacity() - before
	}
}

// newRow makes a row of zeros but for its columns, which are undefined.
func (t *Rows) newRow() uint32 {
	t.live++
	if t.free != 0 {
		id := t.free - 1
		t.changes.touchRow(id)
		row := t.row(id)
		t.free = uint32(row[t.links])
		clear(row[t.links:])
		return id
	}
	if t.made%chunkRows == 0 {
		first := chunkRows
		if t.made == 0 {
			first = dirMin
		}
		t.chunks = append(t.chunks, &rowChunk{words: mem.Zeroed[uint64](first * t.width)})
		t.bytes += int64(8 * first * t.width)
	} else if last := t.chunks[len(t.chunks)-1]; t.made%chunkRows*t.width == len(last.words) {
		grown := mem.Zeroed[uint64](2 * len(last.words))
		copy(grown, last.words)
		t.bytes += int64(8 * len(last.words))
		last.words = grown
	}
	t.made++
	t.changes.touchRow(uint32(t.made - 1))
	return uint32(t.made - 1)
}

// Release gives the memory back.
func (t *Rows) Release() {
	for _, v := range t.nested {
		if v != nil {
			v.Release()
		}
	}
	t.chunks, t.made, t.free, t.live, t.bytes = nil, 0, 0, 0, 0
	t.parts = [dirParts]dirPart{}
	t.account.Close()
}
