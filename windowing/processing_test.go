package windowing

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// subtasks are the subtasks of an aggregation by windows of processing time.
type subtasks struct {
	t      *testing.T
	window Window
	now    int64 // milliseconds
	ops    []*Aggregate
	out    *lines
}

func (s *subtasks) open(n int) {
	s.ops = nil
	for range n {
		a := countOf(s.t, s.window, nil)
		a.spec.Processing = true
		a.ctx.Env = &expr.Env{Now: func() int64 { return s.now * 1000 }}
		s.ops = append(s.ops, a)
	}
}

// ring rings the alarms of one subtask that are due.
func (s *subtasks) ring(a *Aggregate) {
	s.t.Helper()
	for {
		at, set := a.NextAlarm()
		if !set || at > s.now*1000 {
			return
		}
		status, err := a.Ring(s.now*1000, s.out)
		for err == nil && status == dataflow.More {
			status, err = a.Resume(s.out)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// end ends the input of a subtask, behind the last watermark.
func (s *subtasks) end(a *Aggregate) {
	s.t.Helper()
	advance(s.t, a, dataflow.MaxTime, s.out)
	status, err := a.EndInput(0, s.out)
	for err == nil && status == dataflow.More {
		status, err = a.Resume(s.out)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// take hands a row to the subtask of its key.
func (s *subtasks) take(r row) {
	s.t.Helper()
	b := batchOf([]row{r})
	defer b.Release()
	sub := columnar.SubtaskOf(columnar.HashRows(nil, b.Cols[:1], nil, 1)[0], len(s.ops))
	if _, err := s.ops[sub].Process(0, b, s.out); err != nil {
		s.t.Fatal(err)
	}
}

// restart restores all state in n new subtasks.
func (s *subtasks) restart(n int) {
	s.t.Helper()
	var tasks [][]state.Section
	for _, a := range s.ops {
		var w state.Writer
		if err := a.Snapshot(1, &w); err != nil {
			s.t.Fatal(err)
		}
		blob, err := w.Blob()
		if err != nil {
			s.t.Fatal(err)
		}
		sections, err := state.Parse(bytes.Join(blob, nil))
		if err != nil {
			s.t.Fatal(err)
		}
		tasks = append(tasks, sections)
	}
	s.close()
	s.open(n)
	for i, a := range s.ops {
		if err := a.Restore(&state.Reader{Subtask: i, Parallelism: n, Tasks: tasks}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *subtasks) close() {
	s.t.Helper()
	for _, a := range s.ops {
		if err := a.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestProcessingTime lets rows arrive while the clock goes on and alarms ring in some subtasks before
// they do in others, with restarts at other parallelisms between: each key has each of its windows once,
// with all rows.
func TestProcessingTime(t *testing.T) {
	for _, w := range []Window{{Size: 10e6, Slide: 10e6}, {Size: 10e6, Slide: 2e6}, {Size: 6e6, Slide: 4e6}} {
		for seed := range uint64(10) {
			before := mem.AllocatedBytes()
			rng := rand.New(rand.NewPCG(seed, 7))
			s := &subtasks{t: t, window: w, now: 1_000_000, out: &lines{room: seed%2 == 0}}
			s.open(2)
			var all []row
			for range 300 {
				s.now += rng.Int64N(900)
				for _, a := range s.ops {
					if rng.IntN(2) == 0 {
						s.ring(a)
					}
				}
				// The time of the row is of no account.
				r := row{rng.Int64N(20), rng.Int64N(100), rng.Int64N(1e9)}
				s.take(r)
				all = append(all, row{r.key, r.value, s.now})
				if rng.IntN(12) == 0 {
					s.restart(1 + rng.IntN(3))
					for _, a := range s.ops {
						if len(a.overdue) > 0 {
							s.ring(a) // as a task does before it takes input in
						}
					}
				}
			}
			for _, a := range s.ops {
				s.end(a)
			}
			s.close()
			slices.Sort(s.out.got)
			if want := reference(all, w); !slices.Equal(s.out.got, want) {
				t.Fatalf("window %v, seed %d: %d rows, want %d: %s", w, seed, len(s.out.got), len(want), optest.FirstDifference(s.out.got, want))
			}
			if left := mem.AllocatedBytes() - before; left != 0 {
				t.Fatalf("%d bytes are still allocated", left)
			}
		}
	}
}

// TestProcessingAlarms verifies when a window asks to be called and what comes out then.
func TestProcessingAlarms(t *testing.T) {
	s := &subtasks{t: t, window: Window{Size: 10e6, Slide: 10e6}, now: 3_000, out: &lines{room: true}}
	s.open(1)
	a := s.ops[0]
	if _, set := a.NextAlarm(); set {
		t.Error("an alarm without rows")
	}
	s.take(row{1, 5, 0})
	if at, set := a.NextAlarm(); !set || at != 10e6 {
		t.Errorf("alarm at %d, %t", at, set)
	}
	s.now = 9_999
	s.take(row{1, 6, 0})
	advance(t, a, 20e6, s.out) // event time does not count
	if s.ring(a); len(s.out.got) > 0 {
		t.Errorf("too early: %q", s.out.got)
	}
	s.now = 10_000
	s.take(row{1, 7, 0}) // of the next window although the first one is not out
	s.now = 8_000        // the clock is set back, which must not open windows again
	s.take(row{1, 8, 0})
	s.now = 31_000
	s.ring(a)
	want := []string{
		"1 2 11 1970-01-01 00:00:00.000 1970-01-01 00:00:10.000 1970-01-01 00:00:09.999",
		"1 2 15 1970-01-01 00:00:10.000 1970-01-01 00:00:20.000 1970-01-01 00:00:19.999",
	}
	if !slices.Equal(s.out.got, want) {
		t.Errorf("got %q", s.out.got)
	}
	if _, set := a.NextAlarm(); set {
		t.Error("an alarm without rows at the end")
	}
	s.close()
}
