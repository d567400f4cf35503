package parquet

import (
	"fmt"
	"io"

	"github.com/anabranch/anabranch/columnar"
)

// ScanOptions say what of a file to read.
type ScanOptions struct {
	// Columns are positions in the schema; nil means all. If it is empty but not nil, batches
	// have rows and no columns.
	Columns []int
	// Types are what the values of Columns are told to be, nil for what the file says; they differ from it
	// in what does not change a value: lengths of strings, precisions of one unit.
	Types []columnar.Type
	// RowGroups are read in the given order; nil means all.
	RowGroups []int
	// BatchRows is the size of every batch but the last of a row group; default
	// columnar.BatchRows.
	BatchRows int
}

// Scanner reads batches of a file. It is for one goroutine.
type Scanner struct {
	file    *File
	columns []column
	groups  []int
	size    int
	dec     decompressor
	batch   *columnar.Batch
	next    int   // index in groups of the row group after the current one
	left    int64 // rows of the current row group not yet read
	err     error // sticky
}

// Scan starts a scan; a bad option is reported by the first Next.
func (f *File) Scan(opt ScanOptions) *Scanner {
	s := &Scanner{file: f, groups: opt.RowGroups, size: opt.BatchRows}
	if s.size <= 0 {
		s.size = columnar.BatchRows
	}
	positions := opt.Columns
	if positions == nil {
		for i := range f.columns {
			positions = append(positions, i)
		}
	}
	if s.groups == nil {
		for i := range f.footer.groups {
			s.groups = append(s.groups, i)
		}
	}
	for _, g := range s.groups {
		if g < 0 || g >= len(f.footer.groups) {
			s.err = fmt.Errorf("parquet: %s: scan of row group %d of %d", f.name, g, len(f.footer.groups))
			return s
		}
	}
	for _, p := range positions {
		if p < 0 || p >= len(f.columns) {
			s.err = fmt.Errorf("parquet: %s: scan of column %d of %d", f.name, p, len(f.columns))
			return s
		}
		s.columns = append(s.columns, newColumn(f.columns[p], &s.dec))
	}
	schema := f.schema.Project(positions)
	for i, t := range opt.Types {
		t.NotNull = schema.Fields[i].Type.NotNull
		schema.Fields[i].Type = t
	}
	s.batch = columnar.NewBatch(schema)
	return s
}

func newColumn(n *node, dec *decompressor) column {
	if n.leaf != nil {
		return &flat{*newLeafReader(n, dec)}
	}
	return newNested(n, dec)
}

// Next returns the next batch, borrowed until the next call, or io.EOF after the last.
func (s *Scanner) Next() (*columnar.Batch, error) {
	if s.err != nil {
		return nil, s.err
	}
	b, err := s.read()
	if err != nil {
		s.err = err
		return nil, err
	}
	return b, nil
}

func (s *Scanner) read() (*columnar.Batch, error) {
	for s.left == 0 {
		if s.next == len(s.groups) {
			return nil, io.EOF
		}
		g := s.groups[s.next]
		s.next++
		if s.file.footer.groups[g].rows == 0 {
			continue // its chunks need not be anywhere
		}
		for _, c := range s.columns {
			if err := c.open(s.file, g); err != nil {
				return nil, s.wrap(c, err)
			}
		}
		s.left = s.file.footer.groups[g].rows
	}
	n := int(min(int64(s.size), s.left))
	for i, c := range s.columns {
		if err := c.read(s.batch.Cols[i], n); err != nil {
			return nil, s.wrap(c, err)
		}
	}
	s.batch.SetLen(n)
	s.left -= int64(n)
	return s.batch, nil
}

func (s *Scanner) wrap(c column, err error) error {
	r := c.current()
	return fmt.Errorf("parquet: %s: row group %d: column %q: %w", s.file.name, r.group, r.leaf.path, err)
}

// Close frees the scan's memory, that of the last batch included.
func (s *Scanner) Close() {
	for _, c := range s.columns {
		c.close()
	}
	s.columns = nil
	s.dec.close()
	if s.batch != nil {
		s.batch.Release()
	}
	if s.err == nil {
		s.err = io.EOF
	}
}
