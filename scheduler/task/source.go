package task

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
)

// sourceDriver reads splits, computes the output columns and the watermark. Splits that end are read
// one after the other, those that do not side by side.
type sourceDriver struct {
	name    string
	spec    operators.SourceSpec
	source  dataflow.Source
	env     *expr.Env
	project []*expr.Program
	mark    *expr.Program

	even   bool // splits are read side by side
	shared bool // the tasks of the source share one watermark, which the JobManager tells
	// unseen says that the task was idle and those behind may not know yet that it no longer is: as long as
	// they do not, others must not raise the watermark by what this one has read, so it tells nobody.
	unseen   bool
	withheld []*rpc.Mark

	open []*splitReader
	turn int // reader to ask next
	// Of the splits that are not open:
	asked     bool // one is wanted
	none      bool // none waits for this task at present
	all       bool // none is left to be taken
	remaining bool // some wait, so that rows may come that are older than any seen
	out       columnar.Batch
	left      map[string]int64 // rows that readers of ended splits left out

	idleAfter time.Duration // silence after which a split is idle; 0 is never
	alarm     func()        // stops what will wake the task to look for idle splits
}

// splitReader reads one split.
type splitReader struct {
	dataflow.Reader
	split rpc.Split // as far as it was read
	skip  int64     // rows of it to leave out
	told  dataflow.Time

	silent clock.Stopwatch // since the last rows
	idle   bool
}

// compile compiles the expressions; schema is that of the output.
func (s *sourceDriver) compile(schema *columnar.Schema) error {
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
func (s *sourceDriver) step(t *Task) (Result, error) {
	if s.unseen && !s.seen(t) {
		return Blocked, nil
	}
	if !s.all && !s.asked && (len(s.open) == 0 || s.even) {
		s.ask(t)
	}
	if len(s.open) == 0 && s.all {
		return Progressed, s.end(t)
	}
	for range s.open {
		s.turn = (s.turn + 1) % len(s.open)
		if result, err := s.read(t, s.open[s.turn]); result != Blocked || err != nil {
			return result, err
		}
	}
	return Blocked, s.rest(t)
}

// read reads one batch of a split.
func (s *sourceDriver) read(t *Task, r *splitReader) (Result, error) {
	b, err := r.Next()
	switch {
	case errors.Is(err, io.EOF):
		return Progressed, s.finish(t, r)
	case err != nil:
		return Done, &OperatorError{Operator: s.name, Err: err}
	case b == nil:
		return Blocked, nil
	}
	if b = r.unread(b); b == nil {
		return Progressed, nil
	}
	t.stats.rowsIn.Add(int64(b.Live()))
	if err := s.wakeUp(t, r); err != nil {
		return Done, err
	}
	if b, err = s.compute(b); err != nil {
		return Done, &OperatorError{Operator: s.name, Err: err}
	}
	if err := t.head.handle(event{kind: batchEvent, batch: b}); err != nil {
		return Done, err
	}
	return Progressed, s.raise(t, r, b)
}

// ask asks for a split.
func (s *sourceDriver) ask(t *Task) {
	s.asked = true
	t.send(&rpc.Request{Attempt: t.attempt, Task: t.number})
}

// assigned opens a split that the task has asked for, if there is one.
func (s *sourceDriver) assigned(ctx context.Context, t *Task, m *rpc.Assign) error {
	s.remaining = m.Remaining
	if m.Split == nil {
		s.asked, s.none, s.all = m.Wait, m.Wait, !m.Wait
		return nil
	}
	s.asked, s.none = false, false
	r, err := s.source.Open(ctx, m.Split.Split, s.spec.Request)
	if err != nil {
		return &OperatorError{Operator: s.name, Err: err}
	}
	if w, ok := r.(dataflow.Waiter); ok {
		w.Notify(t.signal)
	}
	s.open = append(s.open, &splitReader{Reader: r, split: *m.Split, skip: m.Split.Rows, told: m.Split.High, silent: clock.Start()})
	s.unseen = s.unseen || s.shared && t.idle
	return t.setStatus(shuffle.Active)
}

// finish closes the reader of a split that has ended. The others may let the watermark rise.
func (s *sourceDriver) finish(t *Task, r *splitReader) error {
	s.left = addCounts(s.left, r.Reader)
	s.open = slices.DeleteFunc(s.open, func(o *splitReader) bool { return o == r })
	err := r.Close()
	switch {
	case err != nil || s.mark == nil:
		return err
	case s.shared:
		s.tell(t, r, true)
		return nil
	case len(s.open) == 0:
		return nil
	}
	return t.raise(s.low())
}

// tell tells how far a split is read, whose watermark counts for all tasks of the source.
func (s *sourceDriver) tell(t *Task, r *splitReader, ended bool) {
	if r.split.High > r.told || ended {
		r.told = r.split.High
		m := &rpc.Mark{Attempt: t.attempt, Task: t.number, Split: r.split.ID, High: r.split.High, Ended: ended}
		if s.unseen {
			s.withheld = append(s.withheld, m)
			return
		}
		t.send(m)
	}
}

// seen reports that those behind know that the task is not idle, and tells what was withheld.
func (s *sourceDriver) seen(t *Task) bool {
	for w := range t.tail.writers {
		if !w.Taken() {
			return false
		}
	}
	for _, m := range s.withheld {
		t.send(m)
	}
	s.unseen, s.withheld = false, nil
	return true
}

// unread notes how far the split is read with b and leaves out of it what was delivered before
// a restart; nil if that is all.
func (r *splitReader) unread(b *columnar.Batch) *columnar.Batch {
	n := int64(b.Live())
	if r.skip >= n && r.skip > 0 {
		r.skip -= n
		return nil
	}
	if p := r.Position(); len(p) > 0 {
		r.split.Position = append(r.split.Position[:0:0], p...)
		return b
	}
	r.split.Rows += n - r.skip
	if r.skip == 0 {
		return b
	}
	var sel []int32
	for k := r.skip; k < n; k++ {
		sel = append(sel, int32(b.Row(int(k))))
	}
	r.skip = 0
	return b.WithSel(sel)
}

// snapshot writes down where the open splits go on.
func (s *sourceDriver) snapshot(w *state.Writer) {
	for _, r := range s.open {
		w.Value("split", r.split)
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

// raise moves the watermark by the batch of r just emitted: to the lowest of the open splits. While
// splits wait for a reader their rows may be older than any seen, so the watermark stays.
func (s *sourceDriver) raise(t *Task, r *splitReader, b *columnar.Batch) error {
	if s.mark == nil {
		return nil
	}
	v, err := s.mark.Eval(b)
	if err != nil {
		return &OperatorError{Operator: s.name, Err: fmt.Errorf("watermark: %w", err)}
	}
	if high, ok := columnar.MaxInt64(v, b.Sel, b.Len()); ok {
		r.split.High = max(r.split.High, toMicros(high, v.Type))
	}
	if s.shared {
		s.tell(t, r, false)
		return nil
	}
	if !s.all && s.remaining {
		return nil
	}
	return t.raise(s.low())
}

// low is the lowest watermark of the open splits that are not idle; if there are only idle ones it is
// not known.
func (s *sourceDriver) low() dataflow.Time {
	low, idle := dataflow.MaxTime, 0
	for _, r := range s.open {
		if r.idle {
			idle++
			continue
		}
		low = min(low, r.split.High)
	}
	if idle > 0 && idle == len(s.open) {
		return dataflow.MinTime
	}
	return low
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
func (s *sourceDriver) end(t *Task) error {
	t.ended = true
	if err := t.raise(dataflow.MaxTime); err != nil {
		return err
	}
	return t.head.handle(event{kind: endEvent})
}

// skipped are the rows that readers left out.
func (s *sourceDriver) skipped() map[string]int64 {
	total := maps.Clone(s.left)
	for _, r := range s.open {
		total = addCounts(total, r.Reader)
	}
	return total
}

// addCounts adds what a reader left out.
func addCounts(total map[string]int64, r dataflow.Reader) map[string]int64 {
	c, ok := r.(dataflow.Counter)
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

func (s *sourceDriver) close() error {
	for _, p := range s.project {
		p.Close()
	}
	s.mark.Close()
	if s.alarm != nil {
		s.alarm()
	}
	var errs []error
	for _, r := range s.open {
		errs = append(errs, r.Close())
	}
	s.open = nil
	return errors.Join(errs...)
}
