package cold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Run takes rows of a table in order of their hashes, and puts all of them into the table at once. They
// go straight into a file in Pebble's format, since rows that wait in its memory to be sorted take three
// times the room.
type Run struct {
	table *Table
	path  string
	w     *sstable.Writer
	rows  int

	hash uint64  // of the rows in same
	same []write // rows of one hash, which are in no order
	buf  []byte  // their keys and values
}

// write is a row to be stored or removed; its key and its value lie in the run's buffer.
type write struct {
	from, key, end int
	remove         bool
}

// NewRun begins a run.
func (t *Table) NewRun() (*Run, error) {
	s := t.store
	path := filepath.Join(s.dir, fmt.Sprintf("run-%d.sst", s.runs))
	s.runs++
	f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, s.fs.outcome(err)
	}
	o := s.opts.MakeWriterOptions(0, s.db.TableFormat())
	return &Run{table: t, path: path, w: sstable.NewWriter(objstorageprovider.NewFileWritable(f), o)}, nil
}

// Put stores a row, in place of an older one of its key. The hash is not less than the one before.
func (r *Run) Put(hash uint64, key, value []byte) error {
	return r.write(hash, key, value, false)
}

// Delete removes the row of a key, if there is one.
func (r *Run) Delete(hash uint64, key []byte) error {
	if !r.table.there.has(hash) {
		return nil
	}
	return r.write(hash, key, nil, true)
}

func (r *Run) write(hash uint64, key, value []byte, remove bool) error {
	if hash != r.hash {
		if err := r.flush(); err != nil {
			return err
		}
		r.hash = hash
	}
	from := len(r.buf)
	r.buf = append(append(r.buf, key...), value...)
	r.same = append(r.same, write{from, from + len(key), len(r.buf), remove})
	return nil
}

// flush writes the rows of one hash.
func (r *Run) flush() error {
	if len(r.same) > 1 {
		slices.SortFunc(r.same, func(a, b write) int { return bytes.Compare(r.buf[a.from:a.key], r.buf[b.from:b.key]) })
	}
	for _, x := range r.same {
		key := r.table.keyOf(r.hash, r.buf[x.from:x.key])
		var err error
		if x.remove {
			err = r.w.Delete(key)
		} else {
			r.table.there.add(r.hash)
			err = r.w.Set(key, r.buf[x.key:x.end])
		}
		if err != nil {
			return err
		}
		r.rows++
	}
	r.same, r.buf = r.same[:0], r.buf[:0]
	return nil
}

// Finish puts the rows into the table.
func (r *Run) Finish() error {
	s := r.table.store
	err := s.fs.outcome(errors.Join(r.flush(), r.w.Close()))
	switch {
	case err != nil:
		return err
	case r.rows == 0:
		return s.fs.Remove(r.path)
	}
	s.metrics = nil
	return s.fs.outcome(s.db.Ingest(context.Background(), []string{r.path}))
}

// Close gives an unfinished run up.
func (r *Run) Close() error {
	if r == nil {
		return nil
	}
	fs := r.table.store.fs
	return fs.ended(errors.Join(r.w.Close(), fs.Remove(r.path)))
}
