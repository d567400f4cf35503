package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/columnar"
)

// File is an open Parquet file: its footer. It may be scanned any number of times, also at
// once if its reader allows that.
type File struct {
	r       io.ReaderAt
	size    int64
	name    string
	footer  footer
	columns []*node
	schema  *columnar.Schema
}

const (
	magic      = "PAR1"
	trailBytes = 8 // length of the footer and the magic
)

// Open reads the footer of a file of size bytes; name is for messages.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{r: r, size: size, name: name}
	if err := f.readFooter(); err != nil {
		return nil, fmt.Errorf("parquet: %s: %w", name, err)
	}
	return f, nil
}

// With is the same file read through another handle; the footer is shared and not read again.
func (f *File) With(r io.ReaderAt) *File {
	g := *f
	g.r = r
	return &g
}

func (f *File) readFooter() error {
	if f.size < int64(len(magic)+trailBytes) {
		return fmt.Errorf("not a Parquet file: %d bytes are too few", f.size)
	}
	var trail [trailBytes]byte
	if err := readAt(f.r, trail[:], f.size-trailBytes); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	switch string(trail[4:]) {
	case magic:
	case "PARE":
		return errors.New("the footer is encrypted")
	default:
		var head [len(magic)]byte
		if err := readAt(f.r, head[:], 0); err == nil && string(head[:]) == magic {
			return fmt.Errorf("not a Parquet file: it begins like one, but ends in %q, not %q; it may have been cut off", trail[4:], magic)
		}
		return fmt.Errorf("not a Parquet file: it ends in %q, not %q", trail[4:], magic)
	}
	n := int64(binary.LittleEndian.Uint32(trail[:]))
	if n > f.size-trailBytes-int64(len(magic)) {
		return fmt.Errorf("a footer of %d bytes in a file of %d", n, f.size)
	}
	b := make([]byte, n)
	if err := readAt(f.r, b, f.size-trailBytes-n); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	var ok bool
	if f.footer, ok = readFooter(b); !ok {
		return errors.New("the footer is corrupt")
	}
	return f.check()
}

func (f *File) check() error {
	columns, leaves, err := readSchema(f.footer.elements)
	if err != nil {
		return err
	}
	f.columns = columns
	f.schema = &columnar.Schema{}
	for _, c := range columns {
		f.schema.Fields = append(f.schema.Fields, columnar.Field{Name: c.name, Type: c.typ})
	}
	rows := int64(0)
	for i := range f.footer.groups {
		g := &f.footer.groups[i]
		if len(g.columns) != leaves {
			return fmt.Errorf("row group %d: %d column chunks for %d columns", i, len(g.columns), leaves)
		}
		if g.rows < 0 || rows+g.rows < rows {
			return fmt.Errorf("row group %d: %d rows", i, g.rows)
		}
		rows += g.rows
	}
	if rows != f.footer.rows {
		return fmt.Errorf("the row groups have %d rows, the footer says %d", rows, f.footer.rows)
	}
	return nil
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Schema is the file's columns.
func (f *File) Schema() *columnar.Schema { return f.schema }

// NumRows is the number of rows in the file.
func (f *File) NumRows() int64 { return f.footer.rows }

// NumRowGroups is the number of row groups.
func (f *File) NumRowGroups() int { return len(f.footer.groups) }
