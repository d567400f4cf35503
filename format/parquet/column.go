package parquet

import (
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/columnar"
)

// leafReader walks the pages of one stored column.
type leafReader struct {
	pageReader
	values    decoder
	group     int   // row group being read
	chunkLeft int64 // values of the chunk on pages not yet opened
	left      int   // values, nulls included, left on the page
	def       hybrid
	rep       hybrid
	scratch   []byte // PLAIN form of a page in a rare encoding
}

func newLeafReader(n *node, dec *decompressor) *leafReader {
	r := &leafReader{values: newDecoder(n.typ, n.leaf)}
	r.leaf, r.dec = n.leaf, dec
	return r
}

// openChunk goes to the column's chunk in a row group.
func (r *leafReader) openChunk(f *File, group int) error {
	g := &f.footer.groups[group]
	k := &g.columns[r.leaf.index]
	r.group = group
	switch {
	case k.external:
		return errors.New("the column chunk is in another file")
	case k.encrypted:
		return errors.New("the column chunk is encrypted")
	case k.typ != r.leaf.phys:
		return fmt.Errorf("the column chunk has physical type %d, the schema %d", k.typ, r.leaf.phys)
	}
	start := k.dataOffset
	if k.dictOffset > 0 && k.dictOffset < start {
		start = k.dictOffset
	}
	if start < 4 || k.compressed < 0 || start > f.size || k.compressed > f.size-start {
		return fmt.Errorf("the column chunk at %d of %d bytes is outside of the file", start, k.compressed)
	}
	r.window.open(f.r, start, start+k.compressed)
	r.codec, r.chunkLeft, r.left = k.codec, k.values, 0
	r.values.open(g.rows)
	return nil
}

// nextPage opens the next data page, reading the dictionary on the way.
func (r *leafReader) nextPage() error {
	if r.values.pins() {
		r.pinned = true
	}
	for r.left == 0 {
		if r.chunkLeft <= 0 {
			return errors.New("the column chunk has fewer values than rows")
		}
		pg, err := r.page()
		if err != nil {
			return err
		}
		h := &pg.header
		if h.kind == pageDictionary {
			if err := r.dictionary(&pg); err != nil {
				return fmt.Errorf("dictionary page: %w", err)
			}
			continue
		}
		if r.left = h.values; int64(h.values) > r.chunkLeft {
			return fmt.Errorf("a page of %d values where the column chunk has %d left", h.values, r.chunkLeft)
		}
		r.chunkLeft -= int64(h.values)
		r.def, r.rep = newHybrid(pg.def, bitWidth(r.leaf.def)), newHybrid(pg.rep, bitWidth(r.leaf.rep))
		if err := r.openValues(h, pg.values); err != nil {
			return err
		}
	}
	return nil
}

func (r *leafReader) dictionary(pg *page) error {
	h := &pg.header
	if h.encoding != encPlain && h.encoding != encPlainDictionary {
		return fmt.Errorf("encoding %d is not supported", h.encoding)
	}
	values := pg.values
	if r.expands() {
		var err error
		if values, err = fixDecimals(nil, values, h.values); err != nil {
			return err
		}
	}
	if err := r.values.dictionary(values, h.values); err != nil || !r.values.holds() || r.expands() {
		return err
	}
	r.keepDictionary()
	return nil
}

// expands reports whether the column holds decimals of varying length.
func (r *leafReader) expands() bool {
	return r.leaf.phys == physByteArray && r.leaf.logical.kind == logicalDecimal
}

func (r *leafReader) openValues(h *pageHeader, values []byte) error {
	switch h.encoding {
	case encPlainDictionary, encRLEDictionary:
		return r.values.page(values, true)
	case encRLE:
		if b, ok := r.values.(*bitValues); ok {
			return b.runPage(values)
		}
	case encPlain:
		if !r.expands() {
			return r.values.page(values, false)
		}
	default:
		// Views may point into the result, so strings do not share the scratch memory.
		if _, views := r.values.(*stringValues); views {
			r.scratch = nil
		}
		plain, err := plainOf(r.scratch[:0], values, h.encoding, h.values, r.leaf)
		if err != nil {
			return err
		}
		r.scratch, values = plain, plain
		if !r.expands() {
			return r.values.page(values, false)
		}
	}
	if !r.expands() {
		return fmt.Errorf("encoding %d of physical type %d is not supported", h.encoding, r.leaf.phys)
	}
	fixed, err := fixDecimals(nil, values, h.values)
	if err != nil {
		return err
	}
	return r.values.page(fixed, false)
}

func (r *leafReader) closeLeaf() {
	r.values.close()
	r.closePages()
}

// bitWidth is the number of bits a level up to top takes.
func bitWidth(top int) uint {
	w := uint(0)
	for ; top > 0; top >>= 1 {
		w++
	}
	return w
}

// column reads the rows of one column of the schema.
type column interface {
	open(f *File, group int) error
	// read makes v the next n rows; the memory of earlier rows is used again.
	read(v *columnar.Vector, n int) error
	// current is where the reader is, for messages.
	current() *leafReader
	close()
}

// flat reads a column that is not nested.
type flat struct{ leafReader }

func (c *flat) open(f *File, group int) error { return c.openChunk(f, group) }

func (c *flat) current() *leafReader { return &c.leafReader }

func (c *flat) close() { c.closeLeaf() }

func (c *flat) read(v *columnar.Vector, n int) error {
	c.release()
	c.values.begin(v, n)
	var valid columnar.Bitmap
	nulls := false
	for at := 0; at < n; {
		if c.left == 0 {
			if err := c.nextPage(); err != nil {
				return noEOF(err)
			}
		}
		k := min(c.left, n-at)
		ones := k
		switch {
		case c.leaf.def == 0:
		case c.def.sameRun(k, 1):
			if valid != nil {
				fillBits(valid, at, k, true)
			}
		default:
			if valid == nil {
				valid = v.OwnValid(n)
				fillBits(valid, 0, at, true)
			}
			var err error
			if ones, err = c.def.bits(valid, at, k); err != nil {
				return fmt.Errorf("definition levels: %w", err)
			}
		}
		if err := c.values.read(at, ones); err != nil {
			return err
		}
		if ones < k {
			nulls = true
			c.values.spread(valid, at, ones, k)
		}
		c.left -= k
		at += k
	}
	c.values.finish(n)
	if nulls {
		v.Valid = valid
	}
	return nil
}

// noEOF keeps a file that ends early from looking like the end of a scan.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
