package hashtable

import (
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// wordIndex is what a table of one fixed-width key has beside or instead of its directory. While
// the values lie close together, isDirect holds: the directory is unused, and an array by value,
// of which only the pages that hold something exist, has the row id plus one. Whatever the mode,
// the null key is apart.
type wordIndex struct {
	enabled   bool
	isDirect  bool
	pages     []*directPage // by upper bits of the value, less firstPage; nil where nothing is
	firstPage uint64
	pageCount int // pages that exist
	free      []*directPage
	low       int64 // smallest and largest value held; meaningless without rows
	high      int64
	null      uint32 // row id plus one
	words     []uint64
	hashes    []uint64
}

const (
	pageShift  = 12
	pageValues = 1 << pageShift
)

// directPage is the part of the array for pageValues neighboring values.
type directPage [pageValues]uint32

const (
	// directPagesMin is how many pages any table may have.
	directPagesMin = 16
	// directFactor is how many values of the pages there may be for each row: they then take at
	// most twice what a directory that has just doubled takes.
	directFactor = 16
	// directSlab is how many pages are made at a time at the most.
	directSlab = 32
	// directReturn is directFactor for going back to pages when the directory is full.
	directReturn = 8
	// probeBlock is how many rows go through one stage of a lookup before the next.
	probeBlock = 256
)

func pageOf(x uint64) uint64 { return uint64(int64(x) >> pageShift) }

func (w *wordIndex) sizeBytes() int { return 4*pageValues*(w.pageCount+len(w.free)) + 8*cap(w.pages) }

func (w *wordIndex) reset() {
	w.dropPages()
	w.null, w.isDirect = 0, w.enabled
}

// dropPages empties all pages and keeps them for later.
func (w *wordIndex) dropPages() {
	for i, p := range w.pages {
		if p != nil {
			clear(p[:])
			w.free = append(w.free, p)
			w.pages[i] = nil
		}
	}
	w.pages, w.pageCount = w.pages[:0], 0
}

// wordsOf are the values of the live rows of v as words; those of null rows are undefined.
func (w *wordIndex) wordsOf(v *columnar.Vector, sel []int32, n int) []uint64 {
	if v.Enc == columnar.Flat && v.Phys == columnar.PhysInt64 && sel == nil {
		s := columnar.Values[int64](v)[:n]
		return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(s))), n)
	}
	if cap(w.words) < n {
		w.words = make([]uint64, max(n, columnar.BatchRows))
	}
	dst := w.words[:n]
	columnar.EncodeWords(dst, 1, v, sel, n, false)
	return dst
}

// upsertWords is Upsert for one fixed-width key; hashes may be nil while the index is direct.
func (t *Table) upsertWords(ids []uint32, hashes []uint64, v *columnar.Vector, sel []int32) {
	words := t.word.wordsOf(v, sel, len(ids))
	if v.Valid != nil {
		for k, x := range words {
			if v.IsNull(columnar.RowAt(sel, k)) {
				ids[k] = t.upsertNull()
			} else {
				ids[k] = t.upsertWord(x)
			}
		}
		return
	}
	done := 0
	if t.word.isDirect {
		done = t.upsertDirect(ids, words)
	}
	if done == len(ids) {
		return
	}
	ids, words = ids[done:], words[done:]
	if hashes == nil {
		hashes = t.word.hash(words)
	} else {
		hashes = hashes[done:]
	}
	for len(ids) > 0 {
		n := min(len(ids), probeBlock)
		t.upsertBlock(ids[:n], words[:n], hashes[:n])
		ids, words, hashes = ids[n:], words[n:], hashes[n:]
	}
}

func (w *wordIndex) hash(words []uint64) []uint64 {
	if cap(w.hashes) < len(words) {
		w.hashes = make([]uint64, max(len(words), columnar.BatchRows))
	}
	h := w.hashes[:len(words)]
	for k, x := range words {
		h[k] = columnar.HashWord(x)
	}
	return h
}

// upsertDirect enters words until one has no place in the array; it returns their number.
func (t *Table) upsertDirect(ids []uint32, words []uint64) int {
	pages, first := t.word.pages, t.word.firstPage
	ids = ids[:len(words)]
	for k, x := range words {
		p := pageOf(x) - first
		if p >= uint64(len(pages)) || pages[p] == nil {
			if !t.extend(x) {
				return k
			}
			pages, first = t.word.pages, t.word.firstPage
			p = pageOf(x) - first
		}
		cell := &pages[p][x%pageValues]
		if *cell == 0 {
			*cell = t.addWord(x, columnar.HashWord(x)) + 1
		}
		ids[k] = *cell - 1
	}
	return len(words)
}

// upsertBlock enters up to probeBlock words by the directory: first all first slots are read,
// then the rows they name, so that the reads of one stage overlap; what is then left, words that
// are new or collide, goes one by one.
func (t *Table) upsertBlock(ids []uint32, words, hashes []uint64) {
	var entries [probeBlock]uint64
	if t.word.isDirect { // since the block before
		for k, x := range words {
			ids[k] = t.upsertWord(x)
		}
		return
	}
	t.firstSlots(&entries, hashes)
	for k, x := range words {
		e := entries[k]
		if e != 0 && (e^saltOf(hashes[k]))&saltMask == 0 && t.wordAt(uint32(e)-1) == x {
			ids[k] = uint32(e) - 1
			continue
		}
		ids[k] = t.upsertHashed(x, hashes[k])
	}
}

func (t *Table) firstSlots(entries *[probeBlock]uint64, hashes []uint64) {
	dir, shift := t.dir, t.shift&63
	for k, h := range hashes {
		entries[k&(probeBlock-1)] = dir[saltOf(h)>>shift&uint64(len(dir)-1)]
	}
}

func (t *Table) wordAt(id uint32) uint64 {
	return t.chunks[id>>chunkShift][int(id&(chunkRows-1))*t.width+1]
}

// upsertWord is upsert for one word in either mode.
func (t *Table) upsertWord(x uint64) uint32 {
	var id [1]uint32
	if t.word.isDirect && t.upsertDirect(id[:], []uint64{x}) == 1 {
		return id[0]
	}
	return t.upsertHashed(x, columnar.HashWord(x))
}

func (t *Table) upsertHashed(x, h uint64) uint32 {
	if t.word.isDirect { // since the word before
		return t.upsertWord(x)
	}
	id, slot := t.lookupWord(x, h)
	if id != NoRow {
		return id
	}
	id = t.addWord(x, h)
	t.dir[slot] = saltOf(h) | uint64(id+1)
	if 2*t.rows > len(t.dir) && !t.goDirect() {
		t.grow()
	}
	return id
}

// lookupWord is lookup for a word.
func (t *Table) lookupWord(x, h uint64) (id uint32, slot uint64) {
	salt, dir, mask := saltOf(h), t.dir, t.mask
	for slot = t.home(salt); ; slot = (slot + 1) & mask {
		e := dir[slot&uint64(len(dir)-1)]
		if e == 0 {
			return NoRow, slot
		}
		if (e^salt)&saltMask == 0 && t.wordAt(uint32(e)-1) == x {
			return uint32(e) - 1, slot
		}
	}
}

// addWord adds a row.
func (t *Table) addWord(x, h uint64) uint32 {
	w := &t.word
	if t.rows == 0 || t.rows == 1 && w.null != 0 {
		w.low, w.high = int64(x), int64(x)
	}
	w.low, w.high = min(w.low, int64(x)), max(w.high, int64(x))
	id := t.addRow()
	row := t.Row(id)
	row[0], row[1] = h&headerHash, x
	return id
}

func (t *Table) upsertNull() uint32 {
	if t.word.null == 0 {
		id := t.addRow()
		row := t.Row(id)
		row[0], row[1] = columnar.HashNull&headerHash|1, 0
		t.word.null = id + 1
	}
	return t.word.null - 1
}

// values is the number of rows whose key is not null.
func (t *Table) values() int {
	if t.word.null != 0 {
		return t.rows - 1
	}
	return t.rows
}

// extend makes the page of x. If the values lie too far apart for pages it moves the rows to the
// directory and returns false.
func (t *Table) extend(x uint64) bool {
	w := &t.word
	n := t.values()
	if (w.pageCount+1)*pageValues > max(directPagesMin*pageValues, directFactor*n) || !w.reach(pageOf(x), n) {
		t.leaveDirect()
		return false
	}
	w.addPage(pageOf(x))
	return true
}

// reach extends the list of pages, which takes up to a word a row, to page p.
func (w *wordIndex) reach(p uint64, rows int) bool {
	n := int64(len(w.pages))
	if n == 0 {
		w.firstPage = p
	}
	at := int64(p - w.firstPage)
	if at >= 0 && at < n {
		return true
	}
	low, high := min(at, 0), max(at+1, n)
	if high-low > int64(pageValues+rows) {
		return false
	}
	size := max(high-low, 2*n, 16)
	if at < 0 {
		low = high - size // grows downwards
	}
	old := w.pages
	w.pages = make([]*directPage, size)
	copy(w.pages[-low:], old)
	w.firstPage += uint64(low)
	return true
}

// addPage makes the page p, which the list reaches, if it does not exist.
func (w *wordIndex) addPage(p uint64) {
	place := &w.pages[p-w.firstPage]
	if *place != nil {
		return
	}
	w.pageCount++
	if len(w.free) == 0 {
		slab := mem.Zeroed[directPage](min(max(1, w.pageCount/8), directSlab))
		for i := range slab {
			w.free = append(w.free, &slab[i])
		}
	}
	k := len(w.free) - 1
	*place, w.free = w.free[k], w.free[:k]
}

// leaveDirect enters all rows into the directory instead of the array.
func (t *Table) leaveDirect() {
	w := &t.word
	w.dropPages()
	w.isDirect = false
	w.free = w.free[:min(len(w.free), directPagesMin)]
	size := len(t.dir)
	for size < 2*t.rows {
		size *= 2
	}
	t.setDir(size)
	for id := range t.rows {
		if uint32(id+1) == w.null {
			continue
		}
		salt := saltOf(t.Row(uint32(id))[0])
		slot := t.home(salt)
		for t.dir[slot] != 0 {
			slot = (slot + 1) & t.mask
		}
		t.dir[slot] = salt | uint64(id+1)
	}
}

// goDirect enters all rows into the array instead of the directory if their values lie close
// together.
func (t *Table) goDirect() bool {
	w := &t.word
	span := uint64(w.high) - uint64(w.low)
	if span >= uint64(directReturn*t.values()) {
		return false
	}
	w.isDirect = true
	w.pages = w.pages[:0]
	w.reach(pageOf(uint64(w.low)), t.rows)
	w.reach(pageOf(uint64(w.high)), t.rows)
	for id := range t.rows {
		if uint32(id+1) != w.null {
			x := t.wordAt(uint32(id))
			w.addPage(pageOf(x))
			w.pages[pageOf(x)-w.firstPage][x%pageValues] = uint32(id + 1)
		}
	}
	t.setDir(dirMin)
	return true
}

// findWords is Find for one fixed-width key; hashes may be nil while the index is direct.
func (t *Table) findWords(ids []uint32, hashes []uint64, v *columnar.Vector, sel []int32) {
	words := t.word.wordsOf(v, sel, len(ids))
	ids = ids[:len(words)]
	if t.word.isDirect {
		pages, first := t.word.pages, t.word.firstPage
		for k, x := range words {
			id := NoRow
			if p := pageOf(x) - first; p < uint64(len(pages)) && pages[p] != nil {
				id = pages[p][x%pageValues] - 1
			}
			ids[k] = id
		}
	} else {
		for k := 0; k < len(ids); k += probeBlock {
			end := min(len(ids), k+probeBlock)
			t.findBlock(ids[k:end], words[k:end], hashes[k:end])
		}
	}
	if v.Valid == nil {
		return
	}
	for k := range ids {
		if v.IsNull(columnar.RowAt(sel, k)) {
			ids[k] = t.word.null - 1
		}
	}
}

// findBlock looks up to probeBlock words up in stages, as upsertBlock does.
func (t *Table) findBlock(ids []uint32, words, hashes []uint64) {
	var entries [probeBlock]uint64
	t.firstSlots(&entries, hashes)
	for k, x := range words {
		e := entries[k]
		switch {
		case e == 0:
			ids[k] = NoRow
		case (e^saltOf(hashes[k]))&saltMask == 0 && t.wordAt(uint32(e)-1) == x:
			ids[k] = uint32(e) - 1
		default:
			ids[k], _ = t.lookupWord(x, hashes[k])
		}
	}
}

// keyWords appends the int64 column c of the keys of n rows from first on to dst.
func (t *Table) keyWords(dst *columnar.Vector, c, first, n int) {
	base, o := dst.Len(), t.layout.offset[c]
	word, bit := nullFlag(c)
	out := columnar.Grow[int64](dst, n)
	for k := range out {
		r := t.Row(uint32(first + k))
		out[k] = int64(r[o])
		if r[word]&bit != 0 {
			dst.MakeValid().Clear(base + k)
		}
	}
}

// keyWordsOf appends the int64 column c of the keys of the rows ids to dst.
func (t *Table) keyWordsOf(dst *columnar.Vector, c int, ids []uint32) {
	base, o := dst.Len(), t.layout.offset[c]
	word, bit := nullFlag(c)
	out := columnar.Grow[int64](dst, len(ids))
	for k, id := range ids {
		r := t.Row(id)
		out[k] = int64(r[o])
		if r[word]&bit != 0 {
			dst.MakeValid().Clear(base + k)
		}
	}
}
