package scheduler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators"
)

// enumerator hands the splits of one source out to its tasks.
type enumerator struct {
	mu     sync.Mutex
	splits []dataflow.Split
}

// next takes a split; last reports that none is left after it.
func (e *enumerator) next() (s dataflow.Split, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.splits) == 0 {
		return s, false
	}
	s = e.splits[0]
	e.splits = e.splits[1:]
	return s, true
}

func (e *enumerator) empty() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.splits) == 0
}

// sourceDriver reads splits one after the other, computes the output columns and the watermark.
type sourceDriver struct {
	name    string
	spec    operators.SourceSpec
	source  dataflow.Source
	splits  *enumerator
	env     *expr.Env
	project []*expr.Program
	mark    *expr.Program

	reader dataflow.Reader
	split  dataflow.Split
	out    columnar.Batch
	high   dataflow.Time // watermark of the current split
}

// open compiles the expressions; schema is that of the output.
func (s *sourceDriver) open(schema *columnar.Schema) error {
	for _, e := range s.spec.Project {
		p, err := expr.Compile(e, s.env)
		if err != nil {
			return err
		}
		s.project = append(s.project, p)
	}
	if s.spec.Watermark != nil {
		p, err := expr.Compile(s.spec.Watermark, s.env)
		if err != nil {
			return err
		}
		s.mark = p
	}
	s.high = dataflow.MinTime
	s.out = columnar.Batch{Schema: schema, Cols: make([]*columnar.Vector, len(schema.Fields))}
	return nil
}

// step reads one batch.
func (s *sourceDriver) step(ctx context.Context, t *task) (stepResult, error) {
	if s.reader == nil {
		if ok, err := s.nextSplit(ctx); err != nil || !ok {
			if err == nil {
				err = s.end(t)
			}
			return progressed, err
		}
	}
	b, err := s.reader.Next()
	switch {
	case errors.Is(err, io.EOF):
		err := s.reader.Close()
		s.reader, s.high = nil, dataflow.MinTime
		return progressed, err
	case err != nil:
		return done, fmt.Errorf("%s: %w", s.name, err)
	case b == nil:
		return blocked, nil
	}
	t.stats.rowsIn.Add(int64(b.Live()))
	if b, err = s.compute(b); err != nil {
		return done, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := t.head.handle(event{kind: batchEvent, batch: b}); err != nil {
		return done, err
	}
	return progressed, s.raise(t, b)
}

func (s *sourceDriver) nextSplit(ctx context.Context) (bool, error) {
	split, ok := s.splits.next()
	if !ok {
		return false, nil
	}
	r, err := s.source.Open(ctx, split, s.spec.Request)
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.name, err)
	}
	s.reader, s.split = r, split
	return true, nil
}

func (s *sourceDriver) compute(b *columnar.Batch) (*columnar.Batch, error) {
	if s.project == nil {
		return b, nil
	}
	for i, p := range s.project {
		v, err := p.Eval(b)
		if err != nil {
			return nil, err
		}
		s.out.Cols[i] = v
	}
	s.out.Sel, s.out.Kinds = b.Sel, b.Kinds
	s.out.SetLen(b.Len())
	return &s.out, nil
}

// raise moves the watermark by the batch just emitted. While splits wait for a reader their rows
// may be older than any seen, so the watermark stays.
func (s *sourceDriver) raise(t *task, b *columnar.Batch) error {
	if s.mark == nil {
		return nil
	}
	v, err := s.mark.Eval(b)
	if err != nil {
		return fmt.Errorf("%s: watermark: %w", s.name, err)
	}
	if high, ok := columnar.MaxInt64(v, b.Sel, b.Len()); ok {
		s.high = max(s.high, toMicros(high, v.Type))
	}
	if !s.splits.empty() {
		return nil
	}
	return t.raise(s.high)
}

// toMicros converts a timestamp to a watermark: no later row has its time or less, so the
// watermark reaches to the end of the timestamp's unit.
func toMicros(v int64, t columnar.Type) dataflow.Time {
	switch columnar.UnitsPerSecond(t.Precision) {
	case 1e3:
		return dataflow.Time(v*1000 + 999)
	case 1e9:
		return dataflow.Time(columnar.FloorDiv(v+1, 1000) - 1)
	}
	return dataflow.Time(v)
}

// end passes the largest watermark and the end on.
func (s *sourceDriver) end(t *task) error {
	t.ended = true
	if err := t.raise(dataflow.MaxTime); err != nil {
		return err
	}
	return t.head.handle(event{kind: endEvent})
}

func (s *sourceDriver) ready() <-chan struct{} {
	if w, ok := s.reader.(dataflow.Waiter); ok {
		return w.Ready()
	}
	return nil
}

func (s *sourceDriver) close() error {
	for _, p := range s.project {
		p.Close()
	}
	s.mark.Close()
	if s.reader == nil {
		return nil
	}
	err := s.reader.Close()
	s.reader = nil
	return err
}
