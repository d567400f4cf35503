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
	"strconv"

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
// the directory of that name, or in the folders of partitions in it, one for each epoch with rows.
// A file gets its name when its epoch is committed.
type sink struct {
	table *table
	rows  *columnar.Schema // of the columns that files hold
	ctx   *dataflow.Context
	base  string // the directory that was there before
	run   string // tells the files of this run from those of others
	epoch dataflow.Epoch

	one        *part // written if there are no partitions
	partitions *router
	full       []prepared // parts that wait for the end of their epoch

	overwrite bool
	static    []*string // see catalog.TableSpec
}

// part is a file being written.
type part struct {
	file   *vfs.Pending
	final  string
	buffer *bufio.Writer
	text   io.WriteCloser // into buffer, compressed or not
	rows   rowWriter
}

var (
	_ dataflow.Operator   = (*sink)(nil)
	_ dataflow.Committing = (*sink)(nil)
)

func newSink(t *table, spec *catalog.TableSpec) (*sink, error) {
	s := &sink{table: t, rows: spec.Schema, overwrite: spec.Overwrite, static: spec.Static}
	if t.layout != nil {
		s.rows = t.layout.files
		writers := writersMax
		if v := spec.Options["sink.partition-writers.max"]; v != "" {
			var err error
			if writers, err = strconv.Atoi(v); err != nil || writers < 1 {
				return nil, fmt.Errorf("table %s: sink.partition-writers.max is '%s', not a number from 1 on", t.name, v)
			}
		}
		s.partitions = newRouter(t.layout, writers)
	}
	if err := s.check(); err != nil {
		return nil, &dataflow.RowError{Err: fmt.Errorf("table %s: %w", t.name, err)}
	}
	return s, nil
}

// check fails if the format cannot write the columns, which no restart mends.
func (s *sink) check() error {
	rows, err := s.writer(io.Discard)
	if err != nil {
		return err
	}
	return rows.Close()
}

// prepared is the committable: a durable file under a hidden name, or a directory that is overwritten.
type prepared struct {
	Hidden, Final string
	Replaced      string `json:",omitempty"` // the directory
	Keep          string `json:",omitempty"` // begins the names of files in it that stay
}

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
	s.run, s.base = hex.EncodeToString(id[:]), baseOf(s.table.path)
	if err := s.writable(ctx); err != nil {
		return &dataflow.RowError{Err: fmt.Errorf("table %s: %w", s.table.name, err)} // another start does not help
	}
	switch {
	case s.partitions != nil:
		return s.partitions.compile(ctx.Env)
	case isFile(s.table.path):
		var err error
		s.one, err = s.begin(s.table.path)
		return err
	}
	return nil
}

// writable reports why the job cannot write the table as it is.
func (s *sink) writable(ctx *dataflow.Context) error {
	one := s.partitions == nil && isFile(s.table.path)
	switch {
	case s.overwrite && ctx.Checkpoints:
		return errors.New("a job with checkpoints cannot overwrite it")
	case one && ctx.Parallelism > 1:
		return fmt.Errorf("%s is one file, which %d subtasks cannot write", s.table.path, ctx.Parallelism)
	case one && ctx.Checkpoints:
		return fmt.Errorf("%s is one file, which a job with checkpoints cannot write in parts; name a directory", s.table.path)
	}
	return nil
}

// baseOf is the directory above the files of a path, or the nearest above it that exists.
func baseOf(path string) string {
	if isFile(path) {
		path = filepath.Dir(path)
	}
	return vfs.Existing(path)
}

// begin starts a file.
func (s *sink) begin(path string) (*part, error) {
	prefix := "" // the names of parts have it
	if s.partitions == nil && path == s.table.path {
		prefix = partPrefix(s.ctx.Owner)
	}
	file, err := vfs.CreateFor(prefix, path)
	if err != nil {
		vfs.RemoveEmpty(filepath.Dir(path), s.base)
		return nil, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	p := &part{file: file, final: path, buffer: bufio.NewWriterSize(file, 1<<18)}
	if p.text, err = compress(s.table.format, path, p.buffer); err == nil {
		p.rows, err = s.writer(p.text)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("table %s: %w", s.table.name, err), file.Abort())
	}
	return p, nil
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
		return csv.NewWriter(w, s.rows, opt)
	case "json":
		rows, err := json.NewWriter(w, s.rows, s.table.json)
		return jsonRows{rows}, err
	case "arrow":
		return arrow.NewWriter(w, s.rows, s.table.arrow)
	}
	return parquet.NewWriter(w, s.rows, s.table.parquet), nil
}

// Process writes the live rows of b.
func (s *sink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if b.Kinds != nil {
		return dataflow.Done, fmt.Errorf("table %s: files cannot take updates or deletes", s.table.name)
	}
	if s.partitions != nil {
		return dataflow.Done, s.spread(b)
	}
	if s.one == nil {
		name := fmt.Sprintf("%s%s-%d-%d.%s", partPrefix(s.ctx.Owner), s.run, s.ctx.Subtask, s.epoch, s.table.format)
		var err error
		if s.one, err = s.begin(filepath.Join(s.table.path, name)); err != nil {
			return dataflow.Done, err
		}
	}
	if err := s.one.rows.Write(b); err != nil {
		return dataflow.Done, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	return dataflow.Done, nil
}

// finish makes a part durable under a hidden name.
func (s *sink) finish(p *part) (prepared, error) {
	err := p.rows.Close()
	if err == nil {
		err = p.text.Close()
	}
	if err == nil {
		err = p.buffer.Flush()
	}
	if err != nil {
		err = errors.Join(err, p.file.Abort()) // rows have let go of their memory
		vfs.RemoveEmpty(filepath.Dir(p.final), s.base)
		return prepared{}, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	done := prepared{Final: p.final}
	if done.Hidden, err = p.file.Prepare(); err != nil {
		vfs.RemoveEmpty(filepath.Dir(p.final), s.base)
		return done, fmt.Errorf("table %s: %w", s.table.name, err)
	}
	return done, nil
}

// Prepare makes the rows written since the last epoch durable under hidden names. At the end a directory is there
// even if no rows are.
func (s *sink) Prepare(epoch dataflow.Epoch, final bool) ([]dataflow.Committable, error) {
	s.epoch = epoch
	if final && !isFile(s.table.path) {
		if err := vfs.MakeDir(s.table.path); err != nil {
			return nil, fmt.Errorf("table %s: %w", s.table.name, err)
		}
	}
	if s.one != nil {
		p := s.one
		s.one = nil
		done, err := s.finish(p)
		if err != nil {
			return nil, err
		}
		s.full = append(s.full, done)
	}
	if s.partitions != nil {
		if err := s.finishPartitions(); err != nil {
			return nil, err
		}
	}
	var list []dataflow.Committable
	for _, p := range append(s.full, s.replaced()...) {
		data, err := stdjson.Marshal(p)
		if err != nil {
			return nil, err
		}
		list = append(list, dataflow.Committable{Data: data, Last: p.Replaced != ""})
	}
	s.full = nil
	return list, nil
}

// Close removes what was not prepared.
func (s *sink) Close() error {
	var errs []error
	if s.one != nil {
		errs = append(errs, s.one.abort(s.base))
		s.one = nil
	}
	if s.partitions != nil {
		errs = append(errs, s.partitions.close(s.base))
	}
	for _, p := range s.full {
		errs = append(errs, vfs.RemovePrepared(p.Hidden))
		vfs.RemoveEmpty(filepath.Dir(p.Hidden), s.base)
	}
	s.full = nil
	return errors.Join(errs...)
}

// abort removes the file, and directories below base that are empty then.
func (p *part) abort(base string) error {
	defer vfs.RemoveEmpty(filepath.Dir(p.final), base)
	if rows, ok := p.rows.(*arrow.Writer); ok {
		rows.Release()
	}
	return p.file.Abort()
}

// jsonRows is a JSON writer, which has nothing to finish.
type jsonRows struct{ *json.Writer }

// Close does nothing.
func (jsonRows) Close() error { return nil }

// committer gives prepared files their names.
type committer struct {
	table *table
	base  string // the directory that was there before
}

var _ dataflow.Committer = (*committer)(nil)

// Committer makes the committer of a table.
func (Connector) Committer(spec *catalog.TableSpec) (dataflow.Committer, error) {
	t, err := newTable(spec, false)
	if err != nil {
		return nil, err
	}
	return &committer{t, baseOf(t.path)}, nil
}

// Commit renames a prepared file, or removes what others have replaced.
func (c *committer) Commit(_ context.Context, data []byte) error {
	var p prepared
	err := stdjson.Unmarshal(data, &p)
	switch {
	case err != nil:
	case p.Replaced != "":
		err = vfs.RemoveOthers(p.Replaced, p.Keep)
	default:
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
	dir := c.table.path
	if c.table.layout == nil && isFile(dir) {
		dir = filepath.Dir(dir)
	}
	return vfs.RemovePending(dir, partPrefix(owner), c.table.layout != nil, hidden, c.base)
}
