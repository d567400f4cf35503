package scheduler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/state"
)

// enumerator hands the splits of one source out to its tasks. Its snapshot comes first: a split
// is handed to a task only after the task has passed the barrier of the newest snapshot, so that
// a split is in the snapshot of exactly one of them.
type enumerator struct {
	uid    string
	mu     sync.Mutex
	splits []splitState
	epoch  dataflow.Epoch // of the newest snapshot
}

// splitState is a split with how far it was read.
type splitState struct {
	dataflow.Split
	// Rows were delivered since the split's Position; a reader without positions starts over and
	// leaves them out.
	Rows int64         `json:"rows,omitempty"`
	High dataflow.Time `json:"high"`
}

// next takes a split for a task that has passed epoch. Without one, wait tells whether there may
// be one later.
func (e *enumerator) next(epoch dataflow.Epoch) (s splitState, ok, wait bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.splits) == 0 {
		return s, false, false
	}
	if epoch < e.epoch {
		return s, false, true
	}
	s = e.splits[0]
	e.splits = e.splits[1:]
	return s, true, false
}

func (e *enumerator) empty() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.splits) == 0
}

// snapshot notes the epoch and copies the splits no task has taken.
func (e *enumerator) snapshot(epoch dataflow.Epoch) []splitState {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.epoch = epoch
	return append([]splitState(nil), e.splits...)
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
	split  splitState // the current one, as far as it was read
	skip   int64      // rows of it to leave out
	out    columnar.Batch
	left   map[string]int64 // rows that readers of ended splits left out
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
	s.out = columnar.Batch{Schema: schema, Cols: make([]*columnar.Vector, len(schema.Fields))}
	return nil
}

// step reads one batch.
func (s *sourceDriver) step(ctx context.Context, t *task) (stepResult, error) {
	if s.reader == nil {
		ok, wait, err := s.nextSplit(ctx, t.epoch)
		switch {
		case err != nil:
			return done, err
		case wait:
			return blocked, nil
		case !ok:
			return progressed, s.end(t)
		}
	}
	b, err := s.reader.Next()
	switch {
	case errors.Is(err, io.EOF):
		s.left = s.skipped()
		err := s.reader.Close()
		s.reader = nil
		return progressed, err
	case err != nil:
		return done, fmt.Errorf("%s: %w", s.name, err)
	case b == nil:
		return blocked, nil
	}
	if b = s.unread(b); b == nil {
		return progressed, nil
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

func (s *sourceDriver) nextSplit(ctx context.Context, epoch dataflow.Epoch) (ok, wait bool, err error) {
	split, ok, wait := s.splits.next(epoch)
	if !ok {
		return false, wait, nil
	}
	r, err := s.source.Open(ctx, split.Split, s.spec.Request)
	if err != nil {
		return false, false, fmt.Errorf("%s: %w", s.name, err)
	}
	s.reader, s.split, s.skip = r, split, split.Rows
	return true, false, nil
}

// unread notes how far the split is read with b and leaves out of it what was delivered before
// a restart; nil if that is all.
func (s *sourceDriver) unread(b *columnar.Batch) *columnar.Batch {
	n := int64(b.Live())
	if s.skip >= n && s.skip > 0 {
		s.skip -= n
		return nil
	}
	if p := s.reader.Position(); len(p) > 0 {
		s.split.Position = append(s.split.Position[:0:0], p...)
		return b
	}
	s.split.Rows += n - s.skip
	if s.skip == 0 {
		return b
	}
	var sel []int32
	for k := s.skip; k < n; k++ {
		sel = append(sel, int32(b.Row(int(k))))
	}
	s.skip = 0
	return b.WithSel(sel)
}

// snapshot writes down where the current split goes on.
func (s *sourceDriver) snapshot(w *state.Writer) {
	if s.reader != nil {
		w.Value("split", s.split)
	}
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
		s.split.High = max(s.split.High, toMicros(high, v.Type))
	}
	if !s.splits.empty() {
		return nil
	}
	return t.raise(s.split.High)
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

// skipped are the rows that readers left out.
func (s *sourceDriver) skipped() map[string]int64 {
	total := maps.Clone(s.left)
	c, ok := s.reader.(dataflow.Counter)
	if !ok {
		return total
	}
	if total == nil {
		total = map[string]int64{}
	}
	for reason, n := range c.Counts() {
		total[reason] += n
	}
	return total
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
