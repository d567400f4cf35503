// Package memory is the connector of tables that live in the session: those declared without a
// connector.
//
// Invariant: a table's batches never change; rows become visible when the job that wrote them
// has succeeded or completed a checkpoint.
package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Name is the connector's name.
const Name = "memory"

// Memory holds the tables of one session. Many goroutines may use it.
type Memory struct {
	mu      sync.Mutex
	tables  map[string][]*columnar.Batch
	pending map[string][]*columnar.Batch // written, not committed, by committable
	next    int
}

var (
	_ catalog.SourceConnector    = (*Memory)(nil)
	_ catalog.SinkConnector      = (*Memory)(nil)
	_ catalog.CommitterConnector = (*Memory)(nil)
	_ catalog.Dropper            = (*Memory)(nil)
)

// New makes an empty Memory.
func New() *Memory {
	return &Memory{tables: map[string][]*columnar.Batch{}, pending: map[string][]*columnar.Batch{}}
}

// Name is 'memory'.
func (m *Memory) Name() string { return Name }

// Options are none.
func (m *Memory) Options() []catalog.Option { return nil }

// Drop frees the rows of a table.
func (m *Memory) Drop(table string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.tables[table] {
		b.Release()
	}
	delete(m.tables, table)
}

// Source reads the rows that are visible now.
func (m *Memory) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &source{batches: m.tables[spec.Name], schema: spec.Schema}, nil
}

type source struct {
	batches []*columnar.Batch
	schema  *columnar.Schema
}

// Bounded is true.
func (s *source) Bounded() bool { return true }

// RowCount is the number of rows.
func (s *source) RowCount() (n int64, ok bool) {
	for _, b := range s.batches {
		n += int64(b.Len())
	}
	return n, true
}

// Splits are the batches.
func (s *source) Splits(context.Context, int) ([]dataflow.Split, error) {
	splits := make([]dataflow.Split, len(s.batches))
	for i := range splits {
		splits[i] = dataflow.Split{ID: strconv.Itoa(i)}
	}
	return splits, nil
}

// Open reads one batch.
func (s *source) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	i, err := strconv.Atoi(split.ID)
	if err != nil || i >= len(s.batches) {
		return nil, fmt.Errorf("split %q of a table of %d batches", split.ID, len(s.batches))
	}
	from := s.batches[i]
	b := &columnar.Batch{Schema: s.schema.Project(req.Columns)}
	for _, c := range req.Columns {
		b.Cols = append(b.Cols, from.Cols[c])
	}
	b.SetLen(from.Len())
	return &reader{batch: b}, nil
}

type reader struct {
	batch *columnar.Batch
	done  bool
}

// Next returns the batch once.
func (r *reader) Next() (*columnar.Batch, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	return r.batch, nil
}

// Position is empty: a split is one batch.
func (r *reader) Position() []byte { return nil }

// Close does nothing.
func (r *reader) Close() error { return nil }

// Sink makes an operator that adds rows.
func (m *Memory) Sink(*catalog.TableSpec) (dataflow.Operator, error) { return &sink{memory: m}, nil }

type sink struct {
	memory *Memory
	rows   []*columnar.Batch
}

var _ dataflow.Committing = (*sink)(nil)

// Process keeps the live rows.
func (s *sink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if b.Kinds != nil {
		return dataflow.Done, fmt.Errorf("a table in memory cannot take updates or deletes")
	}
	s.rows = append(s.rows, b.Copy())
	return dataflow.Done, nil
}

// Prepare hands the rows to the memory under a key.
func (s *sink) Prepare(dataflow.Epoch, bool) ([]dataflow.Committable, error) {
	if len(s.rows) == 0 {
		return nil, nil
	}
	m := s.memory
	m.mu.Lock()
	m.next++
	key := strconv.Itoa(m.next)
	m.pending[key] = s.rows
	m.mu.Unlock()
	s.rows = nil
	data, err := json.Marshal(key)
	return []dataflow.Committable{{Data: data}}, err
}

// Close drops rows that were not prepared.
func (s *sink) Close() error {
	for _, b := range s.rows {
		b.Release()
	}
	s.rows = nil
	return nil
}

// Committer makes the committer of a table.
func (m *Memory) Committer(spec *catalog.TableSpec) (dataflow.Committer, error) {
	return &committer{m, spec.Name}, nil
}

type committer struct {
	memory *Memory
	table  string
}

// Commit makes prepared rows visible.
func (c *committer) Commit(_ context.Context, data []byte) error {
	var key string
	if err := json.Unmarshal(data, &key); err != nil {
		return err
	}
	m := c.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tables[c.table] = append(m.tables[c.table], m.pending[key]...)
	delete(m.pending, key)
	return nil
}

// Recover drops rows that no checkpoint knows: all there are, since a memory does not outlive
// its process.
func (c *committer) Recover(context.Context, string, [][]byte) error {
	m := c.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, rows := range m.pending {
		for _, b := range rows {
			b.Release()
		}
		delete(m.pending, key)
	}
	return nil
}
