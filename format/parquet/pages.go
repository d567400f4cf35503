package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/anabranch/anabranch/columnar/mem"
)

const (
	// windowBytes is how much of a column chunk is read at once.
	windowBytes = 1 << 20
	// headerBytesMax is the largest page header looked for; headers carry min and max values.
	headerBytesMax = 64 << 10
	// pageBytesMax bounds the memory that a corrupt page header can ask for.
	pageBytesMax = 256 << 20
)

// window reads a column chunk front to back through one buffer.
type window struct {
	r         io.ReaderAt
	next, end int64 // what is not read yet
	buf       []byte
	pos, lim  int
}

func (w *window) open(r io.ReaderAt, from, to int64) {
	w.r, w.next, w.end, w.pos, w.lim = r, from, to, 0, 0
}

// peek returns at least n of the next bytes, or all there are; slack is readable behind them.
func (w *window) peek(n int) ([]byte, error) {
	if have := w.lim - w.pos; have < n && w.next < w.end {
		more := int(min(int64(max(n-have, windowBytes)), w.end-w.next))
		if have+more+slack > len(w.buf) {
			grown := mem.Alloc(have + more + slack)
			copy(grown, w.buf[w.pos:w.lim])
			mem.Free(w.buf)
			w.buf = grown
		} else {
			copy(w.buf, w.buf[w.pos:w.lim])
		}
		got, err := w.r.ReadAt(w.buf[have:have+more], w.next)
		if got < more {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		w.pos, w.lim, w.next = 0, have+more, w.next+int64(more)
	}
	return w.buf[w.pos:w.lim], nil
}

func (w *window) close() {
	mem.Free(w.buf)
	w.buf = nil
}

// page is a decompressed page.
type page struct {
	header pageHeader
	rep    []byte
	def    []byte
	values []byte // with slack
}

// pageReader yields the pages of one column chunk.
type pageReader struct {
	window
	dec   *decompressor
	codec int
	leaf  *leaf
	buf   []byte // content of the last page
	dict  []byte // content of the dictionary page, if it was kept
	// pinned says that views of the current batch point into buf.
	pinned  bool
	retired [][]byte // pinned buffers of pages already left
}

// page reads the next page; its content is valid until the next call, or until the release
// after that if it gets pinned.
func (p *pageReader) page() (page, error) {
	for {
		h, body, err := p.raw()
		if err != nil {
			return page{}, err
		}
		switch h.kind {
		case pageData, pageDictionary:
			content, err := p.content(body, h.uncompressed, false)
			if err != nil {
				return page{}, err
			}
			return p.split(h, content)
		case pageDataV2:
			return p.splitV2(h, body)
		}
		// Other pages, such as index pages, are to be skipped.
	}
}

// raw reads the next header and the stored bytes of its page.
func (p *pageReader) raw() (pageHeader, []byte, error) {
	b, err := p.peek(headerBytesMax)
	if err != nil {
		return pageHeader{}, nil, err
	}
	if len(b) == 0 {
		return pageHeader{}, nil, errors.New("the column chunk ends before its last row")
	}
	c := compact{b: b}
	h := c.pageHeader()
	if c.bad {
		return h, nil, errors.New("bad page header")
	}
	if h.compressed < 0 || h.uncompressed < 0 || h.values < 0 || h.uncompressed > pageBytesMax {
		return h, nil, fmt.Errorf("page of %d bytes (%d compressed) and %d values", h.uncompressed, h.compressed, h.values)
	}
	p.pos += c.pos
	if int64(h.compressed) > int64(p.lim-p.pos)+p.end-p.next {
		return h, nil, fmt.Errorf("page of %d bytes reaches beyond its column chunk", h.compressed)
	}
	if b, err = p.peek(h.compressed); err != nil {
		return h, nil, err
	}
	p.pos += h.compressed
	b = b[:h.compressed]
	if h.hasChecksum && crc32.ChecksumIEEE(b) != h.checksum {
		return h, nil, errors.New("the page is damaged: its checksum does not agree")
	}
	return h, b, nil
}

// content decompresses body into a buffer that has slack.
func (p *pageReader) content(body []byte, size int, stored bool) ([]byte, error) {
	codec := p.codec
	if stored {
		codec = codecNone
	}
	// Ratios beyond these are impossible, so a small file cannot ask for much memory.
	if codec == codecNone && size != len(body) || codec == codecSnappy && size > 64*len(body)+64 ||
		codec == codecLz4Raw && size > 256*len(body)+64 {
		return nil, errSize
	}
	if p.pinned {
		p.retired = append(p.retired, p.buf)
		p.buf, p.pinned = nil, false
	}
	if len(p.buf) < size+slack {
		mem.Free(p.buf)
		p.buf = mem.Alloc(size + slack)
		p.buf = p.buf[:cap(p.buf)]
	}
	if err := p.dec.run(codec, p.buf[:size], body); err != nil {
		return nil, err
	}
	clear(p.buf[size : size+slack])
	return p.buf[:size], nil
}

// split cuts a v1 page into levels and values; lengths stand before the levels.
func (p *pageReader) split(h pageHeader, b []byte) (page, error) {
	pg := page{header: h}
	if h.kind == pageDictionary {
		pg.values = b
		return pg, nil
	}
	var err error
	if p.leaf.rep > 0 {
		if pg.rep, b, err = cutLevels(b, h.repEncoding); err != nil {
			return pg, err
		}
	}
	if p.leaf.def > 0 {
		if pg.def, b, err = cutLevels(b, h.defEncoding); err != nil {
			return pg, err
		}
	}
	pg.values = b
	return pg, nil
}

func cutLevels(b []byte, encoding int) (levels, rest []byte, err error) {
	if encoding != encRLE {
		return nil, nil, fmt.Errorf("levels in encoding %d are not supported", encoding)
	}
	if len(b) < 4 {
		return nil, nil, errShort
	}
	n := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24
	if n > uint64(len(b)-4) {
		return nil, nil, errShort
	}
	return b[4 : 4+n], b[4+n:], nil
}

// splitV2 cuts a v2 page, whose levels are never compressed. They are copied next to the
// values so that one buffer, with slack, holds the page.
func (p *pageReader) splitV2(h pageHeader, body []byte) (page, error) {
	pg := page{header: h}
	n := h.repBytes + h.defBytes
	if h.repBytes < 0 || h.defBytes < 0 || n > len(body) || n > h.uncompressed {
		return pg, errShort
	}
	size := h.uncompressed - n
	if n > 0 {
		own := make([]byte, n+slack)
		copy(own, body[:n])
		pg.rep, pg.def = own[:h.repBytes], own[h.repBytes:n]
	}
	if len(body) == n && size == 0 {
		pg.values = make([]byte, 0, slack)
		return pg, nil
	}
	var err error
	pg.values, err = p.content(body[n:], size, h.plain)
	return pg, err
}

// keepDictionary keeps the content of the last page until the next call.
func (p *pageReader) keepDictionary() { p.buf, p.dict = p.dict, p.buf }

// release frees what only the last batch needed.
func (p *pageReader) release() {
	for i, b := range p.retired {
		mem.Free(b)
		p.retired[i] = nil
	}
	p.retired = p.retired[:0]
}

func (p *pageReader) closePages() {
	p.release()
	mem.Free(p.buf)
	mem.Free(p.dict)
	p.buf, p.dict, p.pinned = nil, nil, false
	p.window.close()
}
