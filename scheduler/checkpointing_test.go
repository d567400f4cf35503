//go:build unix

package scheduler

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/operators"
)

// endless is a job of more rows than any test waits for.
func endless(t *testing.T) (*graph.Job, *graph.Node, Options) {
	t.Helper()
	job := &graph.Job{Name: "job", Streaming: true}
	in := bids(t, job, 2_000_000_000)
	c := job.Add(operators.KindCollect, "collect", operators.CollectSpec{}, in.Schema, hashed(in, 0))
	opts := options(2, Bindings{c.UID: func() dataflow.Operator {
		return &Collector{Take: func(*columnar.Batch) error { return nil }}
	}})
	opts.Tick = clock.Tick
	return job, c, opts
}

// TestCheckpointsThatCannotBeWritten makes the folder of a running job a link to nowhere and, where
// failures are tolerable, back to what it was. Links are replaced in one step: no writer sees a folder
// half gone.
func TestCheckpointsThatCannotBeWritten(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, tolerable := range []int{0, 1 << 30} {
		root := t.TempDir()
		must(t, os.Mkdir(filepath.Join(root, "real"), 0o750))
		point := func(to string) {
			must(t, os.Symlink(to, filepath.Join(root, "next")))
			must(t, os.Rename(filepath.Join(root, "next"), filepath.Join(root, "job")))
		}
		point("real")
		store, err := checkpoint.Open(root, "job")
		must(t, err)
		job, _, opts := endless(t)
		opts.Checkpoint = &Checkpointing{Store: store, Interval: time.Millisecond, Tolerable: tolerable, Retained: 3}
		stop := make(chan struct{})
		opts.Stop = stop
		errs := make(chan error, 1)
		go func() { errs <- Run(t.Context(), job, opts) }()
		await := func(after dataflow.Epoch) dataflow.Epoch {
			for {
				if n, err := store.Newest(); err == nil && n > after {
					return n
				}
				select {
				case err := <-errs:
					t.Fatalf("the job has ended: %v", err)
				case <-time.After(time.Millisecond):
				}
			}
		}
		before := await(3)
		point("nowhere")
		if tolerable == 0 {
			if err := <-errs; err == nil || !strings.Contains(err.Error(), "cannot be written") {
				t.Errorf("a checkpoint that cannot be written: %v", err)
			}
		} else {
			<-time.After(50 * time.Millisecond) // some fail
			point("real")
			await(before + 4)
			close(stop)
			if err := <-errs; !errors.Is(err, ErrStopped) {
				t.Errorf("stopped: %v", err)
			}
			if kept, err := os.ReadDir(store.Dir()); err != nil || len(kept) != 4 { // and the lease
				t.Errorf("kept %v, %v", kept, err)
			}
		}
		must(t, store.Close())
	}
}

// stuck is an operator that does not return from Process until it is let go.
type stuck struct{ let chan struct{} }

func (s *stuck) Process(dataflow.Port, *columnar.Batch, dataflow.Output) (dataflow.Status, error) {
	<-s.let
	return dataflow.Done, nil
}

func (s *stuck) Close() error { return nil }

// TestCheckpointTakesTooLong lets a sink hold the barrier up, from its first rows on.
func TestCheckpointTakesTooLong(t *testing.T) {
	defer goleak.VerifyNone(t)
	store, err := checkpoint.Open(t.TempDir(), "job")
	must(t, err)
	defer func() { must(t, store.Close()) }()
	job, c, opts := endless(t)
	let := make(chan struct{})
	opts.Bindings[c.UID] = func() dataflow.Operator { return &stuck{let} }
	opts.Checkpoint = &Checkpointing{Store: store, Interval: time.Millisecond, Timeout: 20 * time.Millisecond}
	errs := make(chan error, 1)
	go func() { errs <- Run(t.Context(), job, opts) }()
	<-time.After(200 * time.Millisecond)
	close(let)
	err = <-errs
	if want := "is not complete after 20ms"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v lacks %q", err, want)
	}
}
