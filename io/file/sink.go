package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
	"github.com/anabranch/anabranch/format/parquet"
	"github.com/anabranch/anabranch/vfs"
)

// rowWriter is what the formats' writers have in common.
type rowWriter interface {
	Write(b *columnar.Batch) error
	Close() error
}

// sink writes the rows of one subtask to one file: the path itself if it names a file, else a
// part in the directory of that name. The file gets its name when the input ends.
type sink struct {
	table  *table
	schema *columnar.Schema
	file   *vfs.Pending
	buffer *bufio.Writer
	rows   rowWriter
	ctx    *dataflow.Context
}

var (
	_ dataflow.Operator   = (*sink)(nil)
	_ dataflow.InputEnder = (*sink)(nil)
)

// isFile reports whether a path to write names one file and not a directory of parts.
func isFile(path string) bool { return formatOf(path) != "" && !vfs.IsDir(path) }

// Open creates the file.
func (s *sink) Open(ctx *dataflow.Context) (err error) {
	s.ctx = ctx
	path := s.table.path
	if !isFile(path) {
		path = filepath.Join(path, fmt.Sprintf("part-%d.%s", ctx.Subtask, s.table.format))
	} else if ctx.Parallelism > 1 {
		return fmt.Errorf("table %s: %s is one file, which %d subtasks cannot write", s.table.name, path, ctx.Parallelism)
	}
	if s.file, err = vfs.Create(path); err != nil {
		return fmt.Errorf("table %s: %w", s.table.name, err)
	}
	s.buffer = bufio.NewWriterSize(s.file, 1<<18)
	s.rows, err = s.writer(s.buffer)
	return err
}

func (s *sink) writer(w io.Writer) (rowWriter, error) {
	switch s.table.format {
	case "csv":
		opt := s.table.csv
		if s.table.sniff {
			opt.Dialect.Header = true
		}
		return csv.NewWriter(w, s.schema, opt)
	case "json":
		rows, err := json.NewWriter(w, s.schema, s.table.json)
		return jsonRows{rows}, err
	}
	return parquet.NewWriter(w, s.schema, s.table.parquet), nil
}

// Process writes the live rows of b.
func (s *sink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if b.Kinds != nil {
		return dataflow.Done, fmt.Errorf("table %s: files cannot take updates or deletes", s.table.name)
	}
	if err := s.rows.Write(b); err != nil {
		return dataflow.Done, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	return dataflow.Done, nil
}

// EndInput finishes the file and gives it its name.
func (s *sink) EndInput(dataflow.Port, dataflow.Output) (dataflow.Status, error) {
	err := errors.Join(s.rows.Close(), s.buffer.Flush())
	if err == nil {
		err = s.file.Commit()
		s.file = nil
	}
	if err != nil {
		return dataflow.Done, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	return dataflow.Done, nil
}

// Close removes a file whose input did not end.
func (s *sink) Close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Abort()
}

// jsonRows is a JSON writer, which has nothing to finish.
type jsonRows struct{ *json.Writer }

// Close does nothing.
func (jsonRows) Close() error { return nil }
