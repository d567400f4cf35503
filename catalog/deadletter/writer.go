package deadletter

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/vfs"
)

// Writer keeps the bad rows that one task reads. Good rows pass through it.
type Writer struct {
	table, dir string
	ctx        *dataflow.Context
	run        string // tells the files of this run from those of others
	epoch      dataflow.Epoch
	file       *vfs.Pending
	final      string
	buffer     *bufio.Writer
	kept       int64
}

var (
	_ dataflow.Rejects = (*Writer)(nil)
	_ dataflow.Opener  = (*Writer)(nil)
	_ dataflow.Counter = (*Writer)(nil)
)

// NewWriter makes a writer into a directory.
func NewWriter(table, dir string) *Writer { return &Writer{table: table, dir: dir} }

// Open chooses the names of files.
func (w *Writer) Open(ctx *dataflow.Context) error {
	w.ctx = ctx
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	w.run = hex.EncodeToString(id[:])
	return nil
}

// Process passes rows on.
func (w *Writer) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, out.Emit(b)
}

// letter is a line of a file.
type letter struct {
	Time     string  `json:"time"`
	Table    string  `json:"table"`
	Source   string  `json:"source"`
	Position int64   `json:"position"`
	Error    string  `json:"error"`
	Text     *string `json:"text,omitempty"`
	Bytes    []byte  `json:"bytes,omitempty"` // instead of a text that is not UTF-8
}

// prefix begins the names of the files that a sink's owner writes.
func prefix(owner string) string { return "bad-" + owner + "-" }

// Reject writes a bad row.
func (w *Writer) Reject(row dataflow.BadRow) error {
	if w.file == nil {
		name := fmt.Sprintf("%s%s-%d-%d.json", prefix(w.ctx.Owner), w.run, w.ctx.Subtask, w.epoch)
		file, err := vfs.Create(filepath.Join(w.dir, name))
		if err != nil {
			return w.failed(err)
		}
		w.file, w.final, w.buffer = file, filepath.Join(w.dir, name), bufio.NewWriterSize(file, 1<<16)
	}
	l := letter{
		Time:  time.UnixMicro(clock.Micros()).UTC().Format("2006-01-02 15:04:05.000000"),
		Table: w.table, Source: row.Source, Position: row.Position, Error: row.Err,
	}
	if utf8.Valid(row.Text) {
		text := string(row.Text)
		l.Text = &text
	} else {
		l.Bytes = row.Text
	}
	line, err := json.Marshal(l)
	if err == nil {
		_, err = w.buffer.Write(append(line, '\n'))
	}
	w.kept++
	return w.failed(err)
}

func (w *Writer) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("table %s: bad rows cannot be kept: %w", w.table, err)
}

// Counts are the rows kept.
func (w *Writer) Counts() map[string]int64 { return map[string]int64{"dead-letter": w.kept} }

// prepared is the committable: a durable file under a hidden name.
type prepared struct{ Hidden, Final string }

// Prepare makes the rows of an epoch durable under a hidden name.
func (w *Writer) Prepare(epoch dataflow.Epoch, _ bool) ([]dataflow.Committable, error) {
	w.epoch = epoch
	if w.file == nil {
		return nil, nil
	}
	file := w.file
	w.file = nil
	if err := w.buffer.Flush(); err != nil {
		return nil, w.failed(errors.Join(err, file.Abort()))
	}
	hidden, err := file.Prepare()
	if err != nil {
		return nil, w.failed(err)
	}
	data, err := json.Marshal(prepared{hidden, w.final})
	return []dataflow.Committable{{Data: data}}, err
}

// Close removes a file that was not prepared.
func (w *Writer) Close() error {
	if w.file == nil {
		return nil
	}
	file := w.file
	w.file = nil
	return file.Abort()
}

// Committer gives prepared files of a directory their names.
type Committer struct{ Dir string }

var _ dataflow.Committer = Committer{}

// Commit renames a prepared file.
func (c Committer) Commit(_ context.Context, data []byte) error {
	var p prepared
	err := json.Unmarshal(data, &p)
	if err == nil {
		err = vfs.CommitPrepared(p.Hidden, p.Final)
	}
	if err != nil {
		return fmt.Errorf("bad rows: %w", err)
	}
	return nil
}

// Recover removes files that no checkpoint knows.
func (c Committer) Recover(_ context.Context, owner string, keep [][]byte) error {
	var hidden []string
	for _, data := range keep {
		var p prepared
		if err := json.Unmarshal(data, &p); err != nil {
			return fmt.Errorf("bad rows: %w", err)
		}
		hidden = append(hidden, p.Hidden)
	}
	return vfs.RemovePending(c.Dir, prefix(owner), false, hidden, c.Dir)
}
