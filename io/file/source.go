package file

import (
	"bytes"
	"compress/gzip"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/format/parquet"
	"github.com/anabranch/anabranch/vfs"
)

// sampleBytes is how much of a text file is looked at to tell its columns.
const sampleBytes = 1 << 20

// A sample of long lines goes on until it holds a header and a row, but not without end.
const (
	sampleLines    = 2
	sampleBytesMax = 64 << 20
)

// opened is a Parquet file with the handle it reads from.
type opened struct {
	*parquet.File
	io.Closer
}

func openParquet(path string) (*opened, error) {
	h, size, err := vfs.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := parquet.Open(h, size, path)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return &opened{f, h}, nil
}

// footers keeps the parsed footers of a table's files, so that each is read once; nil keeps none.
type footers struct {
	mu    sync.Mutex
	known map[string]*parquet.File
}

// open opens a file for reading rows.
func (f *footers) open(path string) (*opened, error) {
	if f == nil {
		return openParquet(path)
	}
	f.mu.Lock()
	known := f.known[path]
	f.mu.Unlock()
	if known == nil {
		o, err := openParquet(path)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.known == nil {
			f.known = map[string]*parquet.File{}
		}
		f.known[path] = o.File
		return o, nil
	}
	h, _, err := vfs.Open(path)
	if err != nil {
		return nil, err
	}
	return &opened{known.With(h), h}, nil
}

// openText opens a text file and decompresses it by its name.
func openText(path string) (io.ReadCloser, error) {
	f, _, err := vfs.Open(path)
	if err != nil {
		return nil, err
	}
	lower := strings.ToLower(path)
	switch {
	case strings.HasSuffix(lower, ".gz"):
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, packed(err)), f.Close())
		}
		return both{z, func() error {
			_ = z.Close() // it repeats what a read has told
			return f.Close()
		}}, nil
	case strings.HasSuffix(lower, ".zst"), strings.HasSuffix(lower, ".zstd"):
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, packed(err)), f.Close())
		}
		return both{z, func() error { z.Close(); return f.Close() }}, nil
	}
	return f, nil
}

// both closes a decompressor and its file.
type both struct {
	io.Reader
	close func() error
}

// Read reads what is decompressed.
func (b both) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	return n, packed(err)
}

// packed is an error of a decompressor as one of its file.
func packed(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the compressed data ends early; the file may have been cut off")
	}
	return err
}

// Close closes both.
func (b both) Close() error { return b.close() }

func readSample(path string) ([]byte, error) {
	f, err := openText(path)
	if err != nil {
		return nil, err
	}
	var sample []byte
	for ended := false; !ended && len(sample) < sampleBytesMax && bytes.Count(sample, []byte{'\n'}) < sampleLines; {
		more, err := io.ReadAll(io.LimitReader(f, sampleBytes))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
		}
		sample = append(sample, more...)
		ended = len(more) < sampleBytes
	}
	return sample, f.Close()
}

// source is a table of files.
type source struct {
	table   *table
	schema  *columnar.Schema
	rows    *columnar.Schema // of the columns that files hold
	files   []vfs.Info       // those to read
	footers *footers

	env    *expr.Env
	filter []*expr.Expr // of the wanted rows, over the partition columns
	extent *extent
}

// Bounded is true, as the files are those there are now, unless the table is watched.
func (s *source) Bounded() bool { return s.table.monitor == 0 }

// partitionedValueBytes is what a value may take in a file, for a guess.
const partitionedValueBytes = 4

// RowCount is the exact number of rows of Parquet files. That of a table with partitions, most of
// whose files may never be opened, is a guess from their sizes.
func (s *source) RowCount() (n int64, ok bool) {
	if s.table.format != "parquet" || s.table.monitor > 0 {
		return 0, false
	}
	if s.table.layout != nil {
		for _, f := range s.files {
			n += f.SizeBytes
		}
		return n / int64(partitionedValueBytes*len(s.rows.Fields)), true
	}
	for _, f := range s.files {
		p, err := s.footers.open(f.Path)
		if err != nil {
			return 0, false
		}
		n += p.NumRows()
		if p.Close() != nil {
			return 0, false
		}
	}
	return n, true
}

// fileSplit is a file, some row groups of a Parquet file (nil: all), or the record batches From to To-1 of an Arrow
// file.
type fileSplit struct {
	Path      string
	RowGroups []int `json:",omitempty"`
	From      int   `json:",omitempty"`
	To        int   `json:",omitempty"`
}

// Splits are the row groups of Parquet files, runs of record batches of Arrow files, and whole files of
// text.
func (s *source) Splits(context.Context, int) ([]dataflow.Split, error) {
	var splits []dataflow.Split
	for _, f := range s.files {
		list, err := s.split(f)
		if err != nil {
			return nil, vanished(f.Path, err)
		}
		splits = append(splits, list...)
	}
	return splits, nil
}

// split cuts a file.
func (s *source) split(f vfs.Info) (splits []dataflow.Split, err error) {
	add := func(f fileSplit, id string) error {
		data, err := stdjson.Marshal(f)
		splits = append(splits, dataflow.Split{ID: id, Data: data})
		return err
	}
	switch s.table.format {
	case "arrow":
		err = arrowSplits(f, add)
	case "parquet":
		var p *opened
		if p, err = s.footers.open(f.Path); err != nil {
			return nil, err
		}
		for g := 0; g < p.NumRowGroups() && err == nil; g++ {
			err = add(fileSplit{Path: f.Path, RowGroups: []int{g}}, fmt.Sprintf("%s#%d", f.Path, g))
		}
		err = errors.Join(err, p.Close())
	default:
		err = add(fileSplit{Path: f.Path}, f.Path)
	}
	return splits, err
}

// Open starts reading a split.
func (s *source) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	var part fileSplit
	if err := stdjson.Unmarshal(split.Data, &part); err != nil {
		return nil, fmt.Errorf("split %s: %w", split.ID, err)
	}
	wanted := req.Columns
	if s.table.layout != nil {
		req = s.table.layout.ofFiles(req)
	}
	r, err := s.open(part, req, split.Position)
	if err != nil {
		return nil, vanished(part.Path, err)
	}
	if s.table.layout == nil {
		return r, nil
	}
	p, err := s.withValues(r, part.Path, wanted)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return p, nil
}

// vanished says of a file that is not there that it was.
func vanished(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the file %s has vanished since the files of the table were listed: %w", path, err)
	}
	return err
}

// open starts reading the columns that files hold.
func (s *source) open(part fileSplit, req dataflow.ReadRequest, position []byte) (dataflow.Reader, error) {
	switch s.table.format {
	case "parquet":
		return s.openParquet(part, req)
	case "arrow":
		return s.openArrow(part, req)
	}
	return s.openText(part, req, position)
}

// parquetReader reads row groups.
type parquetReader struct {
	file *opened
	scan *parquet.Scanner
}

func (s *source) openParquet(part fileSplit, req dataflow.ReadRequest) (dataflow.Reader, error) {
	f, err := s.footers.open(part.Path)
	if err != nil {
		return nil, err
	}
	columns, types, err := s.find(f.Schema(), part.Path, req.Columns)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	all := part.RowGroups
	for g := 0; part.RowGroups == nil && g < f.NumRowGroups(); g++ {
		all = append(all, g)
	}
	groups := all[:0:0]
	for _, g := range all {
		if !s.prunes(f.File, g, req.Filter) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return emptyReader{f}, nil
	}
	return &parquetReader{f, f.Scan(parquet.ScanOptions{Columns: columns, Types: types, RowGroups: groups, BatchRows: req.BatchRows})}, nil
}

// Next returns the scanner's next batch.
func (r *parquetReader) Next() (*columnar.Batch, error) { return r.scan.Next() }

// Position is empty: a split is one row group.
func (r *parquetReader) Position() []byte { return nil }

// Close closes scanner and file.
func (r *parquetReader) Close() error {
	r.scan.Close()
	return r.file.Close()
}

// emptyReader is a split whose row groups are all pruned.
type emptyReader struct{ io.Closer }

// Next is the end.
func (emptyReader) Next() (*columnar.Batch, error) { return nil, io.EOF }

// Position is empty.
func (emptyReader) Position() []byte { return nil }
