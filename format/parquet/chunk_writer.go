package parquet

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/anabranch/anabranch/columnar"
)

// chunkEncoding is what a written chunk's metadata needs beyond a read one's.
type chunkEncoding struct{ coded bool }

// statBytesMax is the longest string kept as a bound.
const statBytesMax = 256

// packer compresses pages.
type packer struct {
	buf  []byte
	page []byte
	zstd *zstd.Encoder
	gzip *gzip.Writer
}

func (p *packer) run(c Codec, b []byte) ([]byte, error) {
	switch c {
	case Snappy:
		p.buf = snappy.Encode(p.buf[:cap(p.buf)], b)
		return p.buf, nil
	case Zstd:
		if p.zstd == nil {
			z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
			if err != nil {
				return nil, err
			}
			p.zstd = z
		}
		p.buf = p.zstd.EncodeAll(b, p.buf[:0])
		return p.buf, nil
	case Gzip:
		return p.runGzip(b)
	}
	return b, nil
}

func (p *packer) runGzip(b []byte) ([]byte, error) {
	to := bytes.NewBuffer(p.buf[:0])
	if p.gzip == nil {
		p.gzip = gzip.NewWriter(to)
	} else {
		p.gzip.Reset(to)
	}
	if _, err := p.gzip.Write(b); err != nil {
		return nil, err
	}
	if err := p.gzip.Close(); err != nil {
		return nil, err
	}
	p.buf = to.Bytes()
	return p.buf, nil
}

func (p *packer) close() { p.zstd, p.gzip = nil, nil }

func codecNumber(c Codec) int {
	return [...]int{Snappy: codecSnappy, Zstd: codecZstd, Gzip: codecGzip, Uncompressed: codecNone}[c]
}

// chunk writes the pages of a column of the open row group.
func (w *Writer) chunk(l *leafWriter) (chunk, chunkEncoding, error) {
	entries := max(len(l.defs), l.count)
	k := chunk{typ: l.node.leaf.phys, codec: codecNumber(w.opt.Codec), values: int64(entries)}
	k.stats = l.stats(entries)
	start := w.offset
	coded := l.coding && len(l.dictEnds) > 0 && len(l.dictEnds) <= l.count/2+1
	if coded {
		k.dictOffset = w.offset
		h := pageHeader{kind: pageDictionary, values: len(l.dictEnds), encoding: encPlain}
		if err := w.page(&k, &h, l.dict); err != nil {
			return k, chunkEncoding{}, err
		}
	}
	k.dataOffset = w.offset
	for from, value := 0, 0; from < entries; {
		to := min(from+pageEntries, entries)
		for len(l.reps) > 0 && to < entries && l.reps[to] != 0 {
			to++ // a row does not cross pages
		}
		count := to - from
		if len(l.defs) > 0 {
			count = countLevel(l.defs[from:to], l.node.leaf.def)
		}
		b := w.pack.page[:0]
		if len(l.reps) > 0 {
			b = appendLevels(b, l.reps[from:to], l.node.leaf.rep)
		}
		if len(l.defs) > 0 {
			b = appendLevels(b, l.defs[from:to], l.node.leaf.def)
		}
		b = l.appendValues(b, value, value+count, coded)
		h := pageHeader{kind: pageData, values: to - from, encoding: encPlain}
		if coded {
			h.encoding = encRLEDictionary
		}
		w.pack.page = b
		if err := w.page(&k, &h, b); err != nil {
			return k, chunkEncoding{}, err
		}
		from, value = to, value+count
	}
	k.compressed = w.offset - start
	return k, chunkEncoding{coded: coded}, nil
}

func countLevel(levels []int32, level int) int {
	n := 0
	for _, d := range levels {
		if int(d) == level {
			n++
		}
	}
	return n
}

func appendLevels(b []byte, levels []int32, top int) []byte {
	at := len(b)
	b = appendRuns(append(b, 0, 0, 0, 0), levels, bitWidth(top))
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

func (l *leafWriter) appendValues(b []byte, from, to int, coded bool) []byte {
	switch {
	case coded:
		width := codeWidth(len(l.dictEnds))
		b = append(b, byte(width))
		if from == to {
			return b
		}
		return appendRuns(b, l.codes[from:to], width)
	case l.node.leaf.phys == physBoolean:
		for i := from; i < to; i += 8 {
			var x byte
			for k := i; k < min(i+8, to); k++ {
				x |= l.bits[k/8] >> (k % 8) & 1 << (k - i)
			}
			b = append(b, x)
		}
		return b
	}
	return append(b, l.slice(from, to)...)
}

// page writes one page with its header.
func (w *Writer) page(k *chunk, h *pageHeader, b []byte) error {
	stored, err := w.pack.run(w.opt.Codec, b)
	if err != nil {
		return err
	}
	c := compactWriter{}
	c.begin()
	c.int32(1, h.kind)
	c.int32(2, len(b))
	c.int32(3, len(stored))
	c.int32(4, int(int32(crc32.ChecksumIEEE(stored))))
	if h.kind == pageDictionary {
		c.open(7)
	} else {
		c.open(5)
	}
	c.int32(1, h.values)
	c.int32(2, h.encoding)
	if h.kind == pageData {
		c.int32(3, encRLE)
		c.int32(4, encRLE)
	}
	c.end()
	c.end()
	k.uncompressed += int64(len(c.b) + len(b))
	if err := w.write(c.b); err != nil {
		return err
	}
	return w.write(stored)
}

// stats are the bounds of the chunk, from the dictionary if that holds all values.
func (l *leafWriter) stats(entries int) statistics {
	s := statistics{nulls: int64(entries - l.count), hasNulls: true}
	plain, ends := l.plain, l.ends
	if l.coding {
		plain, ends = l.dict, l.dictEnds
	}
	if l.node.leaf.phys == physBoolean || l.count == 0 {
		return s
	}
	if p := l.node.leaf.phys; p == physInt32 || p == physInt64 {
		s.min, s.max = intBounds(plain, plainWidth(l.node.leaf))
		s.hasMin, s.hasMax = true, true
		return s
	}
	var low, high *Value
	var lowBytes, highBytes []byte
	width := plainWidth(l.node.leaf)
	for at, i := 0, 0; at < len(plain); i++ {
		end := at + width
		if width == 0 {
			end, at = ends[i], at+4
		}
		b := plain[at:end]
		v := statValue(l.node, b)
		at = end
		if v == nil || len(b) > statBytesMax {
			return s // NaN or too long to keep
		}
		if low == nil || compareStat(l.node.typ, v, low) < 0 {
			low, lowBytes = v, b
		}
		if high == nil || compareStat(l.node.typ, v, high) > 0 {
			high, highBytes = v, b
		}
	}
	s.min, s.max, s.hasMin, s.hasMax = zeroBound(l.node, low, lowBytes, true), zeroBound(l.node, high, highBytes, false), true, true
	return s
}

// intBounds are the least and the greatest of signed integers, of which there is at least one.
func intBounds(plain []byte, width int) (low, high []byte) {
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	if width == 4 {
		for ; len(plain) >= 4; plain = plain[4:] {
			x := int64(int32(binary.LittleEndian.Uint32(plain)))
			least, most = min(least, x), max(most, x)
		}
	} else {
		for ; len(plain) >= 8; plain = plain[8:] {
			x := int64(binary.LittleEndian.Uint64(plain))
			least, most = min(least, x), max(most, x)
		}
	}
	return appendInt(nil, least, width), appendInt(nil, most, width)
}

// zeroBound makes a bound of zero -0 below and +0 above, so that it holds for both zeros.
func zeroBound(n *node, v *Value, b []byte, low bool) []byte {
	if !n.typ.IsFloat() || v.Float != 0 {
		return b
	}
	zero := 0.0
	if low {
		zero = math.Copysign(0, -1)
	}
	if n.typ.Kind == columnar.Float {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(zero)))
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(zero))
}

// footer is the file's end: metadata, its length and the magic.
func (w *Writer) footer() []byte {
	c := &compactWriter{}
	c.begin()
	c.int32(1, 2)
	c.list(2, len(w.elements), thriftStruct)
	for i := range w.elements {
		c.element(&w.elements[i], i == 0)
	}
	rows := int64(0)
	for i := range w.groups {
		rows += w.groups[i].rows
	}
	c.int64(3, rows)
	c.list(4, len(w.groups), thriftStruct)
	for i := range w.groups {
		w.footerGroup(c, i)
	}
	c.bytes(6, []byte("anabranch"))
	c.list(7, len(w.leaves), thriftStruct)
	for range w.leaves {
		// TypeDefinedOrder: without it readers must ignore the bounds.
		c.begin()
		c.open(1)
		c.end()
		c.end()
	}
	c.end()
	b := binary.LittleEndian.AppendUint32(c.b, uint32(len(c.b)))
	return append(b, magic...)
}

func (w *Writer) footerGroup(c *compactWriter, i int) {
	g := &w.groups[i]
	c.begin()
	c.list(1, len(g.columns), thriftStruct)
	for k := range g.columns {
		w.footerChunk(c, w.leaves[k], &g.columns[k], w.encoded[i][k])
	}
	c.int64(2, g.bytes)
	c.int64(3, g.rows)
	c.end()
}

func (w *Writer) footerChunk(c *compactWriter, l *leafWriter, k *chunk, e chunkEncoding) {
	c.begin()
	c.int64(2, 0)
	c.open(3)
	c.int32(1, int(k.typ))
	encodings := []int64{encPlain, encRLE}
	if e.coded {
		encodings = append(encodings, encRLEDictionary)
	}
	c.list(2, len(encodings), thriftInt32)
	for _, x := range encodings {
		c.b = binary.AppendVarint(c.b, x)
	}
	c.list(3, len(l.names), thriftBinary)
	for _, name := range l.names {
		c.b = binary.AppendUvarint(c.b, uint64(len(name)))
		c.b = append(c.b, name...)
	}
	c.int32(4, k.codec)
	c.int64(5, k.values)
	c.int64(6, k.uncompressed)
	c.int64(7, k.compressed)
	c.int64(9, k.dataOffset)
	if e.coded {
		c.int64(11, k.dictOffset)
	}
	c.open(12)
	c.int64(3, k.stats.nulls)
	if k.stats.hasMin {
		c.bytes(5, k.stats.max)
		c.bytes(6, k.stats.min)
	}
	c.end()
	c.end()
	c.end()
}
