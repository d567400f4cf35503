// Package generate writes the data of benchmarks into files.
//
// Invariant: a file appears whole or not at all, and its rows come in the generator's order.
package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
	"github.com/anabranch/anabranch/format/parquet"
	"github.com/anabranch/anabranch/vfs"
)

// Written tells of a file that is complete.
type Written struct {
	Table string
	Path  string
	Rows  int64
}

// Formats lists the names of formats.
func Formats() []string { return []string{"parquet", "csv", "json"} }

func checkFormat(format string) error {
	if !slices.Contains(Formats(), format) {
		return fmt.Errorf("unknown format %q (known: %s)", format, strings.Join(Formats(), ", "))
	}
	return nil
}

// encoder is what the writers of the file formats share.
type encoder interface {
	Write(b *columnar.Batch) error
}

func newEncoder(w io.Writer, s *columnar.Schema, format string) (encoder, error) {
	switch format {
	case "csv":
		return csv.NewWriter(w, s, csv.Options{Dialect: csv.Dialect{Header: true}})
	case "json":
		return json.NewWriter(w, s, json.Options{})
	}
	return parquet.NewWriter(w, s, parquet.WriterOptions{}), nil
}

// table is a file being written.
type table struct {
	name string
	path string
	file *vfs.Pending
	enc  encoder
	rows int64
}

func create(dir, name, format string, s *columnar.Schema) (*table, error) {
	t := &table{name: name, path: filepath.Join(dir, name+"."+format)}
	var err error
	if t.file, err = vfs.Create(t.path); err != nil {
		return nil, err
	}
	if t.enc, err = newEncoder(t.file, s, format); err != nil {
		return nil, errors.Join(err, t.file.Abort())
	}
	return t, nil
}

func (t *table) write(b *columnar.Batch) error {
	t.rows += int64(b.Live())
	return t.enc.Write(b)
}

// finish makes the file appear, or removes it after an error.
func (t *table) finish(err error) error {
	if c, ok := t.enc.(io.Closer); ok && err == nil {
		err = c.Close()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.path, errors.Join(err, t.file.Abort()))
	}
	return t.file.Commit()
}

// batchesAhead is how many batches a generator may be ahead of its writer.
const batchesAhead = 4

// pump makes batches in one goroutine and writes them in another. The function fill sets a row
// and reports whether there was one.
func pump(ctx context.Context, t *table, s *columnar.Schema, fill func(*row) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	free, full := make(chan *columnar.Batch, batchesAhead), make(chan *columnar.Batch, batchesAhead)
	for range batchesAhead {
		free <- columnar.NewBatch(s)
	}
	go func() {
		defer close(full)
		for {
			var b *columnar.Batch
			select {
			case b = <-free:
			case <-ctx.Done():
				return
			}
			n := fillBatch(b, fill)
			if n == 0 {
				return
			}
			full <- b // never blocks: there are no more batches than places
			if n < columnar.BatchRows {
				return
			}
		}
	}()
	var err error
	for b := range full {
		if err == nil {
			if err = t.write(b); err != nil {
				cancel()
			}
		}
		b.Sel = nil
		free <- b
	}
	return errors.Join(err, context.Cause(ctx))
}

// fillBatch makes up to BatchRows rows.
func fillBatch(b *columnar.Batch, fill func(*row) bool) int {
	b.Reset(columnar.BatchRows)
	r := &row{cols: b.Cols}
	for r.at < columnar.BatchRows && fill(r) {
		r.at, r.col = r.at+1, 0
	}
	if r.at < columnar.BatchRows {
		b.Sel = make([]int32, r.at)
		for i := range b.Sel {
			b.Sel[i] = int32(i)
		}
	}
	return r.at
}

// row sets the values of one row, column by column.
type row struct {
	cols    []*columnar.Vector
	at, col int
}

func (r *row) vector() *columnar.Vector {
	v := r.cols[r.col]
	r.col++
	return v
}

// long sets BIGINT columns and DECIMAL columns in hundredths.
func (r *row) long(values ...int64) {
	for _, x := range values {
		columnar.Values[int64](r.vector())[r.at] = x
	}
}

// int sets INT and DATE columns.
func (r *row) int(values ...int32) {
	for _, x := range values {
		columnar.Values[int32](r.vector())[r.at] = x
	}
}

func (r *row) text(values ...string) {
	for _, s := range values {
		r.vector().SetString(r.at, s)
	}
}
