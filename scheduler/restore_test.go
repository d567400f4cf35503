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
