package arrow

import (
	"fmt"
	"io"
	"slices"
	"sort"

	lib "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/anabranch/anabranch/columnar"
)

// ScanOptions say what of a file to read.
type ScanOptions struct {
	// Columns are positions in the schema; nil means all. If it is empty but not nil, batches
	// have rows and no columns.
	Columns []int
	// Types are those of the wanted columns, which may differ from the file's in names and lengths;
	// nil means the file's.
	Types []columnar.Type
	// From and To are the record batches to read of a file: From to To-1. To 0 means all from From on.
	From, To int
	// BatchRows is the most rows of a batch; default columnar.BatchRows.
	BatchRows int
}

// Scanner reads batches of a file. It is for one goroutine.
type Scanner struct {
	file    *File
	opt     ScanOptions
	mem     allocator
	src     *ipc.Reader
	record  lib.RecordBatch // of the library, valid until the next is read
	at      int             // its row that comes next
	count   int             // record batches read
	imports importer
	width   int   // columns of record
	places  []int // of the wanted columns in record
	batch   *columnar.Batch
	err     error // sticky
}

// Scan starts a scan; an error is reported by the first Next.
func (f *File) Scan(opt ScanOptions) *Scanner {
	s := &Scanner{file: f, opt: opt, count: opt.From}
	if s.opt.BatchRows <= 0 {
		s.opt.BatchRows = columnar.BatchRows
	}
	if s.opt.Columns == nil {
		for i := range f.schema.Fields {
			s.opt.Columns = append(s.opt.Columns, i)
		}
	}
	if s.opt.To == 0 {
		s.opt.To = len(f.batches)
	}
	for _, c := range s.opt.Columns {
		if c < 0 || c >= len(f.schema.Fields) {
			s.err = fmt.Errorf("arrow: %s: scan of column %d of %d", f.name, c, len(f.schema.Fields))
			return s
		}
	}
	if s.opt.From < 0 || s.opt.From > s.opt.To || s.opt.To > len(f.batches) {
		s.err = fmt.Errorf("arrow: %s: scan of record batches %d to %d of %d", f.name, s.opt.From, s.opt.To, len(f.batches))
		return s
	}
	schema := f.schema.Project(s.opt.Columns)
	for i, t := range opt.Types {
		schema.Fields[i].Type = t
	}
	s.batch = columnar.NewBatch(schema)
	kept := slices.Compact(slices.Sorted(slices.Values(s.opt.Columns)))
	s.width = len(kept)
	for _, c := range s.opt.Columns {
		s.places = append(s.places, sort.SearchInts(kept, c))
	}
	if s.src, s.err = f.reader(&s.mem, s.opt.From, s.opt.To, newProjection(f.lib, kept)); s.err != nil {
		s.err = fmt.Errorf("arrow: %s: %w", f.name, s.err)
	}
	return s
}

// Next returns the next batch, borrowed until the next call, or io.EOF after the last.
func (s *Scanner) Next() (*columnar.Batch, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.err = s.read()
	if s.err != nil {
		return nil, s.err
	}
	return s.batch, nil
}

func (s *Scanner) read() error {
	for s.record == nil || s.at >= int(s.record.NumRows()) {
		if err := decode(s.advance); err != nil {
			return s.wrap(err)
		}
		if s.record == nil {
			return io.EOF
		}
		s.count++
		s.at = 0
		s.imports.dicts.next()
	}
	s.imports.reset()
	n := min(s.opt.BatchRows, int(s.record.NumRows())-s.at)
	for i, c := range s.opt.Columns {
		part := rows{array: s.record.Column(s.places[i]).Data(), from: s.at, n: n}
		if err := s.imports.column(s.batch.Cols[i], part); err != nil {
			return s.wrap(fmt.Errorf("column %q: %w", s.file.schema.Fields[c].Name, err))
		}
	}
	s.batch.SetLen(n)
	s.at += n
	return nil
}

// advance reads the next record batch; there is none at the end.
func (s *Scanner) advance() error {
	s.record = nil
	record, err := s.src.Read()
	if err == io.EOF { //nolint:errorlint // an EOF within a message, which is wrapped, is no end
		return nil
	}
	if err != nil {
		return err
	}
	if int(record.NumCols()) != s.width || record.NumRows() < 0 {
		return fmt.Errorf("%d columns and %d rows", record.NumCols(), record.NumRows())
	}
	s.record = record
	return nil
}

func (s *Scanner) wrap(err error) error {
	at := s.count
	if s.record != nil {
		at-- // it is read, and counted
	}
	return fmt.Errorf("arrow: %s: record batch %d: %w", s.file.name, at, err)
}

// Close frees the scan's memory, that of the last batch included.
func (s *Scanner) Close() {
	if s.batch != nil {
		s.batch.Release()
	}
	s.imports.close()
	if s.src != nil {
		s.src.Release()
		s.src = nil
	}
	s.record = nil
	s.mem.close()
	if s.err == nil {
		s.err = io.EOF
	}
}
