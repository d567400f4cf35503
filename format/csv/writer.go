package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// Writer writes batches as records. It is for one goroutine and buffers nothing beyond a batch.
type Writer struct {
	w      io.Writer
	schema *columnar.Schema
	d      Dialect
	null   string
	buf    []byte
	begun  bool
}

// NewWriter writes records of the given columns, with a header if the dialect has one. Of the
// options it uses the dialect and NullText.
func NewWriter(w io.Writer, schema *columnar.Schema, opt Options) (*Writer, error) {
	if err := opt.Validate(); err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	if opt.Dialect.NoQuotes {
		return nil, errors.New("csv: records without quotes are only read; leave 'csv.disable-quote-character' out to write")
	}
	for _, f := range schema.Fields {
		if f.Type.IsNested() || f.Type.IsInterval() || f.Type.Kind == columnar.Null {
			return nil, fmt.Errorf("csv: column %q: %s cannot be written as CSV", f.Name, f.Type)
		}
	}
	return &Writer{w: w, schema: schema, d: opt.Dialect.withDefaults(), null: opt.NullText}, nil
}

// Write appends the live rows of b.
func (w *Writer) Write(b *columnar.Batch) error {
	w.buf = w.buf[:0]
	if !w.begun {
		w.begin()
	}
	for k := range b.Live() {
		w.row(b.Cols, b.Row(k))
		w.buf = append(w.buf, '\n')
	}
	_, err := w.w.Write(w.buf)
	return err
}

// Append appends row i of the columns to dst as a record without a line end.
func (w *Writer) Append(dst []byte, cols []*columnar.Vector, i int) []byte {
	w.buf = w.buf[:0]
	w.row(cols, i)
	return append(dst, w.buf...)
}

func (w *Writer) row(cols []*columnar.Vector, i int) {
	for c, v := range cols {
		if c > 0 {
			w.buf = append(w.buf, w.d.Delimiter)
		}
		if v.IsNull(i) {
			w.buf = append(w.buf, w.null...)
			continue
		}
		start := len(w.buf)
		w.buf = text.Append(w.buf, v, i)
		w.quote(start)
	}
}

// Close writes the header of a file without rows.
func (w *Writer) Close() error {
	if w.begun {
		return nil
	}
	w.buf = w.buf[:0]
	w.begin()
	_, err := w.w.Write(w.buf)
	return err
}

func (w *Writer) begin() {
	if w.begun = true; !w.d.Header {
		return
	}
	for c, f := range w.schema.Fields {
		if c > 0 {
			w.buf = append(w.buf, w.d.Delimiter)
		}
		start := len(w.buf)
		w.buf = append(w.buf, f.Name...)
		w.quote(start)
	}
	w.buf = append(w.buf, '\n')
}

// quote puts the field from start on into quotes if it needs them: if it would otherwise be
// cut elsewhere or read as null.
func (w *Writer) quote(start int) {
	f := w.buf[start:]
	if string(f) != w.null && bytes.IndexByte(f, w.d.Delimiter) < 0 && bytes.IndexByte(f, w.d.Quote) < 0 &&
		bytes.IndexByte(f, '\n') < 0 && bytes.IndexByte(f, '\r') < 0 && !w.misread(f) {
		return
	}
	own := bytes.Clone(f)
	w.buf = append(w.buf[:start], w.d.Quote)
	for _, c := range own {
		switch {
		case w.d.Escape != 0 && (c == w.d.Quote || c == w.d.Escape):
			w.buf = append(w.buf, w.d.Escape)
		case c == w.d.Quote:
			w.buf = append(w.buf, c)
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, w.d.Quote)
}

// misread reports whether a field would be read as another one for its escapes, or as a comment.
func (w *Writer) misread(f []byte) bool {
	return w.d.Escape != 0 && bytes.IndexByte(f, w.d.Escape) >= 0 || w.d.Comments && bytes.HasPrefix(f, []byte("#"))
}
