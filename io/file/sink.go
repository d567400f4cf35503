package file

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/arrow"
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

// sink writes the rows of one subtask: to the path itself if it names a file, else to parts in
// the directory of that name, one for each epoch with rows. A file gets its name when its epoch
// is committed.
type sink struct {
	table  *table
	schema *columnar.Schema
	ctx    *dataflow.Context
	run    string // tells the files of this run from those of others
	epoch  dataflow.Epoch

	file   *vfs.Pending
	final  string
	buffer *bufio.Writer
	rows   rowWriter
}

var (
	_ dataflow.Operator   = (*sink)(nil)
	_ dataflow.Committing = (*sink)(nil)
)

// prepared is the committable: a durable file under a hidden name.
type prepared struct{ Hidden, Final string }

// isFile reports whether a path to write names one file and not a directory of parts.
func isFile(path string) bool { return formatOf(path) != "" && !vfs.IsDir(path) }

// Open checks what can be written. One file, which a query without rows also makes, is begun at
// once.
func (s *sink) Open(ctx *dataflow.Context) error {
	s.ctx = ctx
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	s.run = hex.EncodeToString(id[:])
	switch one := isFile(s.table.path); {
	case one && ctx.Parallelism > 1:
		return fmt.Errorf("table %s: %s is one file, which %d subtasks cannot write", s.table.name, s.table.path, ctx.Parallelism)
	case one && ctx.Checkpoints:
		return fmt.Errorf("table %s: %s is one file, which a job with checkpoints cannot write in parts; name a directory", s.table.name, s.table.path)
	case one:
		return s.begin(s.table.path)
	}
	return nil
}

// begin starts a file.
func (s *sink) begin(path string) (err error) {
	if s.file, err = vfs.Create(path); err != nil {
		return fmt.Errorf("table %s: %w", s.table.name, err)
	}
	s.final = path
	s.buffer = bufio.NewWriterSize(s.file, 1<<18)
	s.rows, err = s.writer(s.buffer)
	return err
}

// partPrefix begins the names of the parts that a sink's owner writes.
func partPrefix(owner string) string { return "part-" + owner + "-" }

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
	case "arrow":
		return arrow.NewWriter(w, s.schema, s.table.arrow)
	}
	return parquet.NewWriter(w, s.schema, s.table.parquet), nil
}

// Process writes the live rows of b.
func (s *sink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if b.Kinds != nil {
		return dataflow.Done, fmt.Errorf("table %s: files cannot take updates or deletes", s.table.name)
	}
	if s.file == nil {
		name := fmt.Sprintf("%s%s-%d-%d.%s", partPrefix(s.ctx.Owner), s.run, s.ctx.Subtask, s.epoch, s.table.format)
		if err := s.begin(filepath.Join(s.table.path, name)); err != nil {
			return dataflow.Done, err
		}
	}
	if err := s.rows.Write(b); err != nil {
		return dataflow.Done, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	return dataflow.Done, nil
}

// Prepare makes the rows written since the last epoch durable under a hidden name.
func (s *sink) Prepare(epoch dataflow.Epoch, _ bool) ([]dataflow.Committable, error) {
	s.epoch = epoch
	if s.file == nil {
		return nil, nil
	}
	err := errors.Join(s.rows.Close(), s.buffer.Flush())
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	p := prepared{Final: s.final}
	p.Hidden, err = s.file.Prepare()
	s.file = nil
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	data, err := stdjson.Marshal(p)
	return []dataflow.Committable{{Data: data}}, err
}

// Close removes a file that was not prepared.
func (s *sink) Close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	if rows, ok := s.rows.(*arrow.Writer); ok {
		rows.Release()
	}
	return f.Abort()
}

// jsonRows is a JSON writer, which has nothing to finish.
type jsonRows struct{ *json.Writer }

// Close does nothing.
func (jsonRows) Close() error { return nil }

// committer gives prepared files their names.
type committer struct{ table *table }

var _ dataflow.Committer = (*committer)(nil)

// Committer makes the committer of a table.
func (Connector) Committer(spec *catalog.TableSpec) (dataflow.Committer, error) {
	t, err := newTable(spec.Name, spec.Options, false)
	return &committer{t}, err
}

// Commit renames a prepared file.
func (c *committer) Commit(_ context.Context, data []byte) error {
	var p prepared
	err := stdjson.Unmarshal(data, &p)
	if err == nil {
		err = vfs.CommitPrepared(p.Hidden, p.Final)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", c.table.name, err)
	}
	return nil
}

// Recover removes parts that no checkpoint knows.
func (c *committer) Recover(_ context.Context, owner string, keep [][]byte) error {
	var hidden []string
	for _, data := range keep {
		var p prepared
		if err := stdjson.Unmarshal(data, &p); err != nil {
			return fmt.Errorf("table %s: %w", c.table.name, err)
		}
		hidden = append(hidden, p.Hidden)
	}
	if isFile(c.table.path) {
		return nil
	}
	return vfs.RemovePending(c.table.path, partPrefix(owner), hidden)
}
