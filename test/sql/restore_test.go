package sql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/scheduler"
)

// rowLog holds the rows of the epochs that were committed, each epoch once.
type rowLog struct {
	loc       *time.Location
	mu        sync.Mutex
	committed map[string][]string
	rows      []string
}

// rowSink writes rows as lines into a rowLog, by epoch.
type rowSink struct {
	log     *rowLog
	subtask int
	lines   []string
	// fails, if not nil, tells whether a call is to fail.
	fails func() bool
}

var errSink = errors.New("the sink fails")

var (
	_ dataflow.Committing = (*rowSink)(nil)
	_ dataflow.Committer  = (*rowSink)(nil)
)

// takenBack is in front of rows that are taken back.
const takenBack = "\x00"

// folded are the rows that are left of a changelog.
func (l *rowLog) folded() ([]string, error) {
	held := map[string]int{}
	changes := false
	for _, row := range l.rows {
		old, gone := strings.CutPrefix(row, takenBack)
		if held[old]++; gone {
			changes = true
			held[old] -= 2
		}
		if held[old] < 0 {
			return nil, fmt.Errorf("the row %q is taken back but was not there", old)
		}
	}
	if !changes {
		return l.rows, nil
	}
	var rows []string
	for row, n := range held {
		for range n {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// epochRows is the committable.
type epochRows struct {
	ID   string
	Rows []string
}

func (s *rowSink) Open(ctx *dataflow.Context) error {
	s.subtask = ctx.Subtask
	return nil
}

func (s *rowSink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if s.fails != nil && s.fails() {
		return dataflow.Done, errSink
	}
	for k := range b.Live() {
		cells := make([]string, len(b.Cols))
		for c, v := range b.Cols {
			if cells[c] = string(columnar.AppendText(nil, v, b.Row(k), s.log.loc)); cells[c] == "" {
				cells[c] = "(empty)"
			}
		}
		line := strings.Join(cells, " | ")
		if b.Kind(b.Row(k)).Retracts() {
			line = takenBack + line
		}
		s.lines = append(s.lines, line)
	}
	return dataflow.Done, nil
}

func (s *rowSink) Prepare(epoch dataflow.Epoch, _ bool) ([]dataflow.Committable, error) {
	if s.fails != nil && s.fails() {
		return nil, errSink
	}
	if len(s.lines) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(epochRows{fmt.Sprintf("%d-%d", epoch, s.subtask), s.lines})
	s.lines = nil
	return []dataflow.Committable{{Data: data}}, err
}

func (s *rowSink) Commit(_ context.Context, data []byte) error {
	var e epochRows
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if before, ok := s.log.committed[e.ID]; ok {
		if !slices.Equal(before, e.Rows) {
			return fmt.Errorf("epoch %s is committed with other rows than before", e.ID)
		}
		return nil
	}
	s.log.committed[e.ID] = e.Rows
	s.log.rows = append(s.log.rows, e.Rows...)
	return nil
}

func (s *rowSink) Recover(context.Context, string, [][]byte) error { return nil }

func (s *rowSink) Close() error { return nil }

// restores counts the jobs that were killed after a checkpoint and went on from it.
var restores atomic.Int64

var errKilled = errors.New("killed by the test")

// runRestored runs a job with checkpoints as often as they go, kills it after a chosen one and
// goes on from the newest at another parallelism, three times; a job too short for that ends by
// itself.
func runRestored(t *testing.T, job *graph.Job, opts scheduler.Options) error {
	t.Helper()
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }() // nothing is written any more
	rng := rand.New(rand.NewPCG(uint64(len(job.Nodes)), 11))
	for round := range 4 {
		newest, err := store.Newest()
		if err != nil {
			return err
		}
		if newest > 0 {
			if opts.Restore, err = store.Read(newest); err != nil {
				return err
			}
			restores.Add(1)
			opts.Parallelism = 1 + (opts.Parallelism+round)%3
		}
		ctx, kill := context.WithCancelCause(t.Context())
		last := newest + 1 + dataflow.Epoch(rng.IntN(4))
		if round == 3 {
			last = 1 << 60
		}
		opts.Checkpoint = &scheduler.Checkpointing{Store: store}
		opts.Tick = func(time.Duration) (<-chan time.Time, func()) { return ticker(store, last, func() { kill(errKilled) }) }
		err = scheduler.Run(ctx, job, opts)
		kill(nil)
		if !errors.Is(err, errKilled) {
			return err
		}
	}
	return errors.New("the job did not end")
}

// restarted counts the starts of jobs that had failed, after a checkpoint.
var restarted atomic.Int64

// runRestarting runs a job whose sink fails several times; the epochs of half of the jobs are often given up.
func runRestarting(t *testing.T, job *graph.Job, opts scheduler.Options, uid string, log *rowLog) error {
	t.Helper()
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }() // nothing is written any more
	rng := rand.New(rand.NewPCG(uint64(len(job.Nodes)), 12))
	left, next := 4, 1+rng.IntN(12)
	timeout := []time.Duration{time.Millisecond, time.Minute}[rng.IntN(2)]
	fails := func() bool { // one subtask calls it
		if left == 0 {
			return false
		}
		if next--; next > 0 {
			return false
		}
		left, next = left-1, 1+rng.IntN(40)
		return true
	}
	opts.Bindings[uid] = func() dataflow.Operator { return &rowSink{log: log, fails: fails} }
	opts.Checkpoint = &scheduler.Checkpointing{Store: store, Timeout: timeout, Tolerable: 1 << 30, Retained: 2}
	opts.Tick = func(time.Duration) (<-chan time.Time, func()) { return ticker(store, 1<<60, nil) }
	opts.Note = func(string) {
		if n, err := store.Newest(); err == nil && n > 0 {
			restarted.Add(1)
		}
	}
	return scheduler.RunRestarting(t.Context(), job, opts, scheduler.RestartStrategy{Kind: scheduler.FixedDelay, Attempts: 10, Delay: time.Millisecond})
}

// tickPause leaves the processor to the job while a checkpoint is taken.
const tickPause = 200 * time.Microsecond

// ticker starts checkpoints almost as fast as they are taken until the epoch last is complete, then
// kills.
func ticker(store *checkpoint.Store, last dataflow.Epoch, kill func()) (tick <-chan time.Time, stop func()) {
	c, done := make(chan time.Time), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			if n, err := store.Newest(); err == nil && n >= last {
				kill()
				return
			}
			select {
			case c <- time.Time{}:
			case <-done:
				return
			}
			time.Sleep(tickPause)
		}
	})
	return c, func() { close(done); wg.Wait() }
}
