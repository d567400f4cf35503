// Package generate writes the data of benchmarks into files.
//
// Invariant: a file appears whole or not at all, and its rows come in the generator's order.
package generate

import (
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
