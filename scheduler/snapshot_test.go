//go:build unix

package scheduler

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/group"
)

// folded is what a changelog leaves, by epoch of its sinks.
type folded struct {
	mu     sync.Mutex
	epochs map[dataflow.Epoch]map[string]int
}

// foldSink gathers the changes of an epoch and adds them when it is prepared.
type foldSink struct {
	to   *folded
	rows map[string]int
}

var _ dataflow.Committing = (*foldSink)(nil)

func (s *foldSink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	for k := range b.Live() {
		i := b.Row(k)
		row := fmt.Sprint(columnar.Values[int64](b.Cols[0])[b.Cols[0].Index(i)], " ", columnar.Values[int64](b.Cols[1])[b.Cols[1].Index(i)])
		if !b.Kind(i).Retracts() {
			s.rows[row]++
		} else {
			s.rows[row]--
		}
	}
	return dataflow.Done, nil
}

func (s *foldSink) Prepare(epoch dataflow.Epoch, _ bool) ([]dataflow.Committable, error) {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	if s.to.epochs[epoch] == nil {
		s.to.epochs[epoch] = map[string]int{}
	}
	for row, n := range s.rows {
		s.to.epochs[epoch][row] += n
	}
	clear(s.rows)
	return nil, nil
}

func (s *foldSink) Close() error { return nil }

// total is what is left of all epochs up to last.
func (f *folded) total(last dataflow.Epoch) map[string]int {
	rows := map[string]int{}
	for epoch, changes := range f.epochs {
		if epoch <= last {
			for row, n := range changes {
				rows[row] += n
			}
		}
	}
	maps.DeleteFunc(rows, func(_ string, n int) bool { return n == 0 })
	return rows
}

// TestRestoreFollowsFilesBack stops a job that counts three times, and until a checkpoint has referred to an
// older one, and restores it at another parallelism: the counts are those of a run in one go.
func TestRestoreFollowsFilesBack(t *testing.T) {
	const events = 5_000_000
	store, err := checkpoint.Open(t.TempDir(), "job")
	must(t, err)
	defer func() { must(t, store.Close()) }()
	job := &graph.Job{Name: "job", Streaming: true}
	in := bids(t, job, events)
	out := &columnar.Schema{Fields: []columnar.Field{in.Schema.Fields[1], {Name: "n", Type: columnar.TypeBigInt}}}
	a := job.Add(group.Kind, "count", group.Spec{Keys: []int{1}, Calls: []*expr.Aggregate{count(t)}, Phase: group.Changelog}, out, hashed(in, 1))
	c := job.Add(operators.KindCollect, "collect", operators.CollectSpec{}, out, hashed(a, 0))
	run := func(p int, to *folded, o Options) error {
		o.Parallelism, o.Connectors = p, options(p, nil).Connectors
		o.Bindings = Bindings{c.UID: func() dataflow.Operator { return &foldSink{to, map[string]int{}} }}
		return Run(t.Context(), job, o)
	}
	whole := &folded{epochs: map[dataflow.Epoch]map[string]int{}}
	must(t, run(1, whole, Options{}))
	got := &folded{epochs: map[dataflow.Epoch]map[string]int{}}
	var restore *checkpoint.Snapshot
	longest, runs := 0, 0
	for p := 1; ; p = p%3 + 1 {
		stop, tick := make(chan struct{}), make(chan time.Time)
		ended := make(chan struct{})
		o := Options{Restore: restore, Stop: stop, Checkpoint: &Checkpointing{Store: store, Completed: func(Completed) {}}}
		o.Tick = func(time.Duration) (<-chan time.Time, func()) { return tick, func() {} }
		epochs := 0
		o.Checkpoint.Completed = func(Completed) {
			if epochs++; epochs == 4 && (longest < 2 || runs < 3) {
				close(stop)
			}
		}
		go func() {
			for {
				select {
				case tick <- time.Time{}:
				case <-ended:
					return
				}
			}
		}()
		err := run(p, got, o)
		close(ended)
		if runs++; err == nil {
			break
		}
		if !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
		newest, err := store.Newest()
		must(t, err)
		restore, err = store.Read(newest)
		must(t, err)
		for _, task := range restore.Tasks {
			longest = max(longest, len(task.Files))
		}
		// What came after the checkpoint is not part of it.
		maps.DeleteFunc(got.epochs, func(e dataflow.Epoch, _ map[string]int) bool { return e > newest })
	}
	if longest < 2 || runs < 3 {
		t.Errorf("%d runs, at most %d files of a task", runs, longest)
	}
	last := ^dataflow.Epoch(0)
	if want, got := whole.total(last), got.total(last); !maps.Equal(got, want) {
		t.Errorf("%d counts, want %d", len(got), len(want))
	}
}
