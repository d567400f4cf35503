package csv

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// The buffer grows from firstBytes, so that many small files cost little, until readBytes are read at
// a time.
const (
	firstBytes = 32 << 10
	readBytes  = 256 << 10
)

// Reader reads records as batches. It is for one goroutine.
type Reader struct {
	r      io.Reader
	schema *columnar.Schema
	opt    Options
	batch  *columnar.Batch

	buf     []byte
	pos     int // start of the next record
	eof     bool
	line    int64 // on which the last record began
	tail    int64 // line ends inside its quotes
	begun   bool
	spans   []span  // of the batch, one for each column and row
	lines   []int64 // of each row
	bad     []bool
	nBad    int
	skipped int64
	dropped []dropped // of the batch, to be told
	raws    []raw     // of each row, if they are to be told
	sel     []int32
	undone  []byte
	null    []byte
	err     error
}

// raw is where a record stands in the buffer.
type raw struct{ from, to int }

// dropped is a bad record.
type dropped struct {
	raw
	line int64
	why  string
}

// NewReader reads records of the given columns from r; bad options are reported by the first
// Next. CHAR, VARCHAR and BINARY are not cut to their length.
func NewReader(r io.Reader, schema *columnar.Schema, opt Options) *Reader {
	c := &Reader{r: r, schema: schema, opt: opt.withDefaults()}
	c.null = []byte(opt.NullText)
	c.err = opt.Validate()
	for _, f := range schema.Fields {
		if err := supported(f.Type); err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("column %q: %w", f.Name, err))
		}
	}
	if c.err != nil {
		c.err = fmt.Errorf("csv: %s: %w", c.opt.Name, c.err)
		return c
	}
	c.batch = columnar.NewBatch(schema)
	return c
}

// supported refuses types without a form in CSV.
func supported(t columnar.Type) error {
	if t.IsNested() || t.IsInterval() || t.Kind == columnar.Null {
		return fmt.Errorf("%s cannot be read from CSV", t)
	}
	return nil
}

// Line is that on which the last record read so far began.
func (c *Reader) Line() int64 { return c.line }

// Skipped is the number of bad rows dropped so far.
func (c *Reader) Skipped() int64 { return c.skipped }

// Close frees the memory of the last batch. The input is the caller's to close.
func (c *Reader) Close() {
	if c.batch != nil {
		c.batch.Release()
	}
}

// Next returns the next batch, borrowed until the next call, or io.EOF at the end.
func (c *Reader) Next() (*columnar.Batch, error) {
	if c.err != nil {
		return nil, c.err
	}
	if err := c.cutRows(); err != nil {
		c.err = fmt.Errorf("csv: %s: %w", c.opt.Name, err)
		return nil, c.err
	}
	n := len(c.lines)
	if n == 0 {
		if c.err = c.tell(); c.err == nil {
			c.err = io.EOF
		}
		return nil, c.err
	}
	b := c.batch
	b.Reset(n)
	c.bad, c.nBad = append(c.bad[:0], make([]bool, n)...), 0
	for i := range c.schema.Fields {
		if err := c.column(i, n); err != nil {
			c.err = fmt.Errorf("csv: %s: %w", c.opt.Name, err)
			return nil, c.err
		}
	}
	if c.nBad > 0 {
		c.sel = slices.Grow(c.sel[:0], n) // not nil, which would be all rows
		for i, bad := range c.bad {
			if !bad {
				c.sel = append(c.sel, int32(i))
			}
		}
		b.Sel = c.sel
		c.skipped += int64(c.nBad)
	}
	if c.err = c.tell(); c.err != nil {
		return nil, c.err
	}
	return b, nil
}

// tell reports the bad records of the batch.
func (c *Reader) tell() error {
	slices.SortFunc(c.dropped, func(a, b dropped) int { return cmp.Compare(a.line, b.line) })
	for _, d := range c.dropped {
		if err := c.opt.OnBad(d.line, bytes.TrimRight(c.buf[d.from:d.to], "\r\n"), d.why); err != nil {
			return fmt.Errorf("csv: %s: %w", c.opt.Name, err)
		}
	}
	c.dropped = c.dropped[:0]
	return nil
}

// cutRows cuts the records of the next batch. The buffer keeps all of them, so spans stay valid.
func (c *Reader) cutRows() error {
	c.buf = c.buf[:copy(c.buf, c.buf[c.pos:])]
	c.pos, c.spans, c.lines, c.raws = 0, c.spans[:0], c.lines[:0], c.raws[:0]
	if !c.begun {
		if err := c.begin(); err != nil {
			return err
		}
	}
	width := len(c.schema.Fields)
	for len(c.lines) < c.opt.BatchRows {
		from := c.pos
		done, how, err := c.record()
		if err != nil || done {
			return err
		}
		fields := len(c.spans) - len(c.lines)*width
		if how == whole && fields == 1 && width > 1 && c.spans[len(c.spans)-1].to == c.spans[len(c.spans)-1].from {
			c.spans = c.spans[:len(c.lines)*width] // a blank line
			continue
		}
		if how == whole && fields == width {
			c.lines, c.raws = append(c.lines, c.line), append(c.raws, raw{from, c.pos})
			continue
		}
		c.spans = c.spans[:len(c.lines)*width]
		if err := c.malformed(raw{from, c.pos}, how, fields); err != nil {
			return err
		}
	}
	return nil
}

// whyBroken is what is wrong with a record whose quotes are not as they should be.
const whyBroken = "a quote is not closed or followed by text"

// malformed drops a record that is no row, or fails.
func (c *Reader) malformed(at raw, how outcome, fields int) error {
	why := whyBroken
	if how != broken {
		why = fmt.Sprintf("%d fields where %d were wanted", fields, len(c.schema.Fields))
	}
	if c.opt.OnError == Fail {
		return fmt.Errorf("line %d: %s", c.line, why)
	}
	c.skipped++
	if c.opt.OnBad != nil {
		c.dropped = append(c.dropped, dropped{at, c.line, why})
	}
	return nil
}

// begin skips a byte order mark and the header.
func (c *Reader) begin() error {
	c.begun = true
	if err := c.fill(); err != nil {
		return err
	}
	if bytes.HasPrefix(c.buf, []byte("\xef\xbb\xbf")) {
		c.pos = 3
	}
	c.line = 0
	if !c.opt.Dialect.Header {
		return nil
	}
	_, _, err := c.record()
	if err == nil {
		err = c.checkHeader()
	}
	c.spans = c.spans[:0]
	return err
}

// checkHeader refuses a header that has a column's name at another place: columns are read by
// position, so its values would silently become another column's.
func (c *Reader) checkHeader() error {
	place := make(map[string]int, len(c.spans))
	for i, s := range c.spans {
		place[string(c.buf[s.from:s.to])] = i
	}
	for i, f := range c.schema.Fields {
		at, ok := place[f.Name]
		if ok && at != i && (i >= len(c.spans) || string(c.buf[c.spans[i].from:c.spans[i].to]) != f.Name) {
			return fmt.Errorf("the header has column %q at place %d where the table has it at %d; give all files the same columns in the same order", f.Name, at+1, i+1)
		}
	}
	return nil
}

// record appends the spans of the next record; done is the end of input. c.line becomes the
// line it begins on.
func (c *Reader) record() (done bool, how outcome, err error) {
	from := len(c.spans)
	for {
		behind, ended := comment(c.buf, c.pos, c.opt.Dialect, c.eof)
		if ended && behind > c.pos {
			c.pos = behind
			c.tail++
			continue
		}
		if c.pos == len(c.buf) && c.eof {
			return true, whole, nil
		}
		spans, next, how := c.spans, c.pos, partial
		if ended {
			spans, next, how = cut(c.spans, c.buf, c.pos, c.opt.Dialect, c.eof)
		}
		if how != partial && c.pos < len(c.buf) {
			c.line += 1 + c.tail
			c.tail = 0
			for _, s := range spans[from:] {
				if s.quoted || s.escaped {
					c.tail += int64(bytes.Count(c.buf[s.from:s.to], []byte{'\n'}))
				}
			}
			c.spans, c.pos = spans, next
			return false, how, nil
		}
		c.spans = spans[:from]
		if len(c.buf)-c.pos > c.opt.RecordBytesMax {
			return false, how, fmt.Errorf("line %d: a record of more than %d bytes", c.line+1, c.opt.RecordBytesMax)
		}
		if err := c.fill(); err != nil {
			return false, how, err
		}
	}
}

// fill reads more behind what the buffer has.
func (c *Reader) fill() error {
	if room := min(max(cap(c.buf), firstBytes), readBytes); cap(c.buf)-len(c.buf) < room {
		grown := make([]byte, len(c.buf), 2*cap(c.buf)+2*room)
		copy(grown, c.buf)
		c.buf = grown
	}
	n, err := c.r.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if errors.Is(err, io.EOF) {
		c.eof, err = true, nil
	}
	return err
}

// column parses column i of the n rows.
func (c *Reader) column(i, n int) error {
	v, width := c.batch.Cols[i], len(c.schema.Fields)
	for row := range n {
		s := &c.spans[row*width+i]
		b := c.buf[s.from:s.to]
		if !s.quoted && bytes.Equal(b, c.null) {
			if !v.Type.NotNull {
				v.SetNull(row)
				continue
			}
		} else {
			if s.escaped {
				c.undone = undo(c.undone[:0], c.buf, *s, c.opt.Dialect)
				b = c.undone
			}
			if text.Set(v, row, b) {
				continue
			}
		}
		if c.opt.OnError == Fail {
			return fmt.Errorf("line %d: column %q: %q is not %s", c.lines[row], c.schema.Fields[i].Name, clip(b), v.Type)
		}
		if !c.bad[row] {
			c.bad[row] = true
			c.nBad++
			if c.opt.OnBad != nil {
				why := fmt.Sprintf("column %q: %q is not %s", c.schema.Fields[i].Name, clip(b), v.Type)
				c.dropped = append(c.dropped, dropped{c.raws[row], c.lines[row], why})
			}
		}
		if v.Phys == columnar.PhysView {
			v.SetNull(row)
		}
	}
	return nil
}

// clip keeps messages short.
func clip(b []byte) []byte {
	if len(b) > 60 {
		return append(append([]byte(nil), b[:57]...), "..."...)
	}
	return b
}
