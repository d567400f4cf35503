//go:build unix

package scheduler

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
)

// epochSink counts rows and notes the epochs it is asked to prepare.
type epochSink struct {
	mu     *sync.Mutex
	epochs *[]dataflow.Epoch
	rows   *int
}

var _ dataflow.Committing = epochSink{}

func (s epochSink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.rows += b.Live()
	return dataflow.Done, nil
}

func (s epochSink) Prepare(epoch dataflow.Epoch, _ bool) ([]dataflow.Committable, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.epochs = append(*s.epochs, epoch)
	return nil, nil
}

func (s epochSink) Close() error { return nil }

// TestEpochsGoOnAfterRestore stops a job after some checkpoints and restores it without any
// further one: what the sink prepares at the end belongs to an epoch after the restored.
func TestEpochsGoOnAfterRestore(t *testing.T) {
	store, err := checkpoint.Open(t.TempDir(), "job")
	must(t, err)
	defer func() { must(t, store.Close()) }()
	sink := epochSink{new(sync.Mutex), new([]dataflow.Epoch), new(int)}
	job := &graph.Job{Name: "job", Streaming: true}
	in := bids(t, job, 8_000_000)
	c := job.Add(operators.KindCollect, "collect", operators.CollectSpec{}, in.Schema, forward(in))
	opts := options(2, Bindings{c.UID: func() dataflow.Operator { return sink }})
	opts.Checkpoint = &Checkpointing{Store: store}
	tick, stop := make(chan time.Time), make(chan struct{})
	opts.Stop = stop
	opts.Tick = func(time.Duration) (<-chan time.Time, func()) { return tick, func() {} }
	go func() {
		for n := dataflow.Epoch(0); n < 2; {
			select {
			case tick <- time.Time{}:
			case <-time.After(time.Millisecond):
			}
			n, _ = store.Newest() // an error shows as no checkpoint below
		}
		close(stop)
	}()
	if err := Run(t.Context(), job, opts); !errors.Is(err, ErrStopped) {
		t.Fatalf("stopped: %v", err)
	}
	newest, err := store.Newest()
	must(t, err)
	opts.Restore, err = store.Read(newest)
	must(t, err)
	opts.Tick, opts.Stop = nil, nil
	*sink.epochs = nil
	must(t, Run(context.WithoutCancel(t.Context()), job, opts))
	for _, e := range *sink.epochs {
		if e <= newest {
			t.Errorf("restored from epoch %d the sink prepares for epoch %d", newest, e)
		}
	}
	if len(*sink.epochs) == 0 {
		t.Error("the restored job prepared nothing")
	}
}

// TestFailureEndsNoTask lets a sink fail again and again: the tasks before it, whose channels
// the failed one cancels, must not count as having ended, or a checkpoint that is open just then
// would be completed without their rows.
func TestFailureEndsNoTask(t *testing.T) {
	boom := errors.New("boom")
	for range 300 {
		job := &graph.Job{Streaming: true}
		in := bids(t, job, 0)
		c := job.Add(operators.KindCollect, "collect", operators.CollectSpec{}, in.Schema, hashed(in, 0))
		opts := options(2, Bindings{c.UID: func() dataflow.Operator {
			return &Collector{Take: func(*columnar.Batch) error { return boom }}
		}})
		opts.Budget = columnar.NewBudget(0)
		x, err := build(t.Context(), job, opts)
		must(t, err)
		if err := x.run(t.Context()); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		for i, finished := range x.checkpoint.finished {
			if finished {
				t.Fatalf("task %s counts as ended", x.tasks[i].name)
			}
		}
		for _, m := range x.checkpoint.inbox {
			if m.snapshot == nil {
				t.Fatalf("task %s has said that it ended", m.task.name)
			}
		}
	}
}

// TestTaskWithoutStateAcknowledges lets a source acknowledge an epoch before it has taken a
// split and end before the epoch is complete: its splits belong to the time after the epoch.
func TestTaskWithoutStateAcknowledges(t *testing.T) {
	source, sink := &task{uids: []string{"source"}, tail: &tail{}}, &task{uids: []string{"sink"}, tail: &tail{}}
	store, err := checkpoint.Open(t.TempDir(), "job")
	must(t, err)
	defer func() { must(t, store.Close()) }()
	x := &execution{job: &graph.Job{Name: "job"}, tasks: []*task{source, sink}, opts: Options{Checkpoint: &Checkpointing{Store: store}}}
	c := newCheckpointer(x)
	c.start()
	cancel := func(error) {}
	c.handle(t.Context(), checkpoint.Event{Kind: checkpoint.Due})
	c.acknowledge(source, &taskSnapshot{epoch: 1})
	c.finish(source)
	c.drain(t.Context(), cancel)
	c.acknowledge(sink, &taskSnapshot{epoch: 1})
	c.drain(t.Context(), cancel)
	must(t, c.err)
	snap, err := store.Read(1)
	must(t, err)
	if snap.AllFinished("source") {
		t.Error("a source that had not begun at the barrier counts as ended")
	}
}
