package hashtable

import (
	"math"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// encodeRows fills t.words with the live rows of b.
func (t *Rows) encodeRows(b *columnar.Batch) {
	n := b.Live()
	t.cols = append(t.cols[:0], b.Cols...)
	sel := b.Sel
	for c, v := range t.nested {
		if v != nil {
			encodeNested(v, b.Cols[c], b.Len(), sel)
			t.cols[c] = v
		}
	}
	keys := t.keyColumns(b)
	t.hashes = columnar.HashRows(t.hashes, keys, sel, b.Len())
	t.words = mem.Resized(t.words, n*t.layout.words)
	t.layout.encode(t.words, t.hashes, t.cols, sel)
	if n == 0 {
		return
	}
	for c, v := range t.cols {
		if v.Phys == columnar.PhysView {
			t.sources[c] = stringsOf(v)
		}
		if t.types[c].IsFloat() {
			rawFloats(t.words[t.layout.offset[c]:], t.layout.words, v, sel, n)
		}
	}
}

// rawFloats writes the values of a column as they are: a key has one zero and one NaN, a row
// its own.
func rawFloats(dst []uint64, w int, v *columnar.Vector, sel []int32, n int) {
	values := v
	if v.Enc == columnar.Dictionary {
		values = v.Dict
	}
	for k := range n {
		i := columnar.RowAt(sel, k)
		if v.IsNull(i) {
			continue
		}
		if values.Phys == columnar.PhysFloat32 {
			dst[k*w] = math.Float64bits(float64(columnar.Values[float32](values)[v.Index(i)]))
		} else {
			dst[k*w] = math.Float64bits(columnar.Values[float64](values)[v.Index(i)])
		}
	}
}

func stringsOf(v *columnar.Vector) [][]byte {
	if v.Enc == columnar.Dictionary {
		return v.Dict.Bufs
	}
	return v.Bufs
}

// encodeKeys fills t.probes with the keys of the rows just encoded.
func (t *Rows) encodeKeys(b *columnar.Batch) { t.encodeProbes(t.keyColumns(b), b.Sel) }

func (t *Rows) keyColumns(b *columnar.Batch) []*columnar.Vector {
	keys := make([]*columnar.Vector, len(t.keys))
	for i := range t.keys {
		c := t.keys[i].column
		if keys[i] = b.Cols[c]; t.nested[c] != nil {
			keys[i] = t.nested[c]
		}
	}
	return keys
}

// encodeProbes fills t.probes with keys whose hashes are t.hashes.
func (t *Rows) encodeProbes(cols []*columnar.Vector, sel []int32) {
	t.probes = mem.Resized(t.probes, len(t.hashes)*t.probe.words)
	t.probe.encode(t.probes, t.hashes, cols, sel)
	for i, v := range cols {
		if t.keys[i].view {
			t.keyBufs[i] = stringsOf(v)
		}
	}
}

// Gather makes dst column c of the rows ids; NoRow is null.
func (t *Rows) Gather(dst *columnar.Vector, c int, ids []uint32) {
	if t.nested[c] != nil {
		t.gatherNested(dst, c, ids)
		return
	}
	dst.Reset(len(ids))
	o := t.layout.offset[c]
	word, bit := nullFlag(c)
	if dst.Phys == columnar.PhysInt64 {
		values := columnar.Values[int64](dst)
		for k, id := range ids {
			if id == NoRow {
				dst.SetNull(k)
				continue
			}
			r := t.row(id)
			if values[k] = int64(r[o]); r[word]&bit != 0 {
				dst.MakeValid().Clear(k)
			}
		}
		return
	}
	for k, id := range ids {
		if id == NoRow {
			dst.SetWords(k, []uint64{0, 0}, nil)
			dst.MakeValid().Clear(k)
			continue
		}
		r := t.row(id)
		if r[word]&bit != 0 {
			dst.MakeValid().Clear(k)
		}
		dst.SetWords(k, r[o:], t.chunk(id).bufs)
	}
}

// Each calls each with up to BatchRows ids of rows at a time, ascending, until all were given.
func (t *Rows) Each(each func(ids []uint32) error) error {
	ids := make([]uint32, 0, columnar.BatchRows)
	for id := range uint32(t.made) {
		if t.Held(id) {
			ids = append(ids, id)
		}
		if len(ids) == columnar.BatchRows {
			if err := each(ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
	}
	if len(ids) > 0 {
		return each(ids)
	}
	return nil
}

func liveRows(sel []int32, n int) int {
	if sel != nil {
		return len(sel)
	}
	return n
}

// keepString copies the string of a view, whose bytes lie in source if it is long, into the
// chunk.
func (c *rowChunk) keepString(view []uint64, source [][]byte) {
	v := columnar.View{Head: view[0], Tail: view[1]}
	if v.Inline() {
		return
	}
	s := v.Bytes(source)
	last := len(c.bufs) - 1
	if last < 0 || cap(c.bufs[last])-len(c.bufs[last]) < len(s) {
		size := 4 << 10
		if last >= 0 {
			size = min(2*cap(c.bufs[last]), 1<<20)
		}
		c.bufs = append(c.bufs, make([]byte, 0, max(size, len(s))))
		last++
	}
	off := len(c.bufs[last])
	c.bufs[last] = append(c.bufs[last], s...)
	c.used += len(s)
	view[1] = uint64(uint32(last)) | uint64(uint32(off))<<32
}

func (c *rowChunk) capacity() (n int64) {
	for _, b := range c.bufs {
		n += int64(cap(b))
	}
	return n
}

// wasteful reports that most of a chunk's strings belong to no row.
func (c *rowChunk) wasteful() bool { return c.dead > 16<<10 && 2*c.dead > c.used }

// compact copies the strings of the chunk's rows together.
func (t *Rows) compact(c *rowChunk) {
	old := c.bufs
	c.bufs, c.used, c.dead = nil, 0, 0
	for at := 0; at < len(c.words); at += t.width {
		row := c.words[at : at+t.width]
		if row[t.links]&freeRow == freeRow {
			continue
		}
		for _, s := range t.layout.strings {
			c.keepString(row[t.layout.offset[s]:], old)
		}
	}
}
