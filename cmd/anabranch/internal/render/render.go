// Package render writes the results of statements as tables, CSV, JSON, Parquet, Arrow or JSON lines of a
// protocol.
//
// Invariant: a Writer sees Begin, any number of Rows and one End for each statement that has
// columns. Batches are borrowed for the call, and what is written does not depend on how rows are
// cut into batches.
package render

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/arrow"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
	"github.com/anabranch/anabranch/format/parquet"
)

// Writer takes the results of statements, one after the other. One goroutine uses it at a time.
type Writer interface {
	Begin(s *columnar.Schema) error
	Rows(b *columnar.Batch) error
	End() error
}

// Options say how results look.
type Options struct {
	// Format is table, csv, json, parquet or arrow; default table.
	Format string
	// WidthMax cuts the values of a table to so many characters; 0 keeps them whole.
	WidthMax int
	// Location tells the zone in which instants are shown; default UTC.
	Location func() *time.Location
}

// Formats lists the names of formats.
func Formats() []string { return []string{"table", "csv", "json", "parquet", "arrow"} }

// Validate reports what is wrong with the options.
func (o Options) Validate() error {
	for _, f := range Formats() {
		if o.Format == f || o.Format == "" {
			return nil
		}
	}
	return fmt.Errorf("unknown output %q (known: %s)", o.Format, strings.Join(Formats(), ", "))
}

// New makes the writer of a format.
func New(w io.Writer, o Options) (Writer, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Location == nil {
		o.Location = func() *time.Location { return time.UTC }
	}
	if o.Format == "" || o.Format == "table" {
		return &table{w: w, widthMax: o.WidthMax, location: o.Location}, nil
	}
	return &file{single: o.Format == "parquet" || o.Format == "arrow", begin: func(s *columnar.Schema) (encoder, error) {
		return newTextual(o.Format, s, o.Location(), func(s *columnar.Schema) (encoder, error) {
			return newEncoder(w, s, o.Format)
		})
	}}, nil
}

func newEncoder(w io.Writer, s *columnar.Schema, format string) (encoder, error) {
	switch format {
	case "csv":
		return csv.NewWriter(w, s, csv.Options{Dialect: csv.Dialect{Header: true}})
	case "json":
		e, err := json.NewWriter(w, s, json.Options{})
		return endless{e}, err
	case "arrow":
		return arrow.NewWriter(w, s, arrow.WriterOptions{})
	}
	return parquet.NewWriter(w, s, parquet.WriterOptions{}), nil
}

// encoder is what the writers of the file formats share.
type encoder interface {
	Write(b *columnar.Batch) error
	Close() error
}

// endless adds the Close that JSON does not need.
type endless struct{ *json.Writer }

// Close does nothing.
func (endless) Close() error { return nil }

// file writes results in a file format.
type file struct {
	begin  func(*columnar.Schema) (encoder, error)
	single bool // the format cannot hold a second result
	used   bool
	enc    encoder
}

// Begin starts a result.
func (f *file) Begin(s *columnar.Schema) error {
	if f.single && f.used {
		return errors.New("a Parquet or Arrow file holds the result of one statement, this is the second")
	}
	var err error
	f.used = true
	f.enc, err = f.begin(s)
	return err
}

// Rows writes a batch.
func (f *file) Rows(b *columnar.Batch) error { return f.enc.Write(b) }

// End finishes the result.
func (f *file) End() error { return f.enc.Close() }

// Strings is a batch of text columns.
func Strings(columns []string, rows [][]string) *columnar.Batch {
	s := &columnar.Schema{}
	for _, name := range columns {
		s.Fields = append(s.Fields, columnar.Field{Name: name, Type: columnar.TypeString})
	}
	b := columnar.NewBatch(s)
	b.Reset(len(rows))
	for i, row := range rows {
		for c, cell := range row {
			b.Cols[c].SetString(i, cell)
		}
	}
	return b
}
