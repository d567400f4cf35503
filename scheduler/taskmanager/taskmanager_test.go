package taskmanager

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/shuffle"
)

var schema = &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}}}

// endless is a source and its own reader of rows without end.
type endless struct{}

func (endless) Bounded() bool                                         { return false }
func (endless) Splits(context.Context, int) ([]dataflow.Split, error) { return nil, nil }
func (endless) Position() []byte                                      { return nil }
func (endless) Close() error                                          { return nil }

func (endless) Open(context.Context, dataflow.Split, dataflow.ReadRequest) (dataflow.Reader, error) {
	return endless{}, nil
}

func (endless) Next() (*columnar.Batch, error) {
	b := columnar.NewBatch(schema)
	b.Reset(3)
	for i := range 3 {
		columnar.Values[int64](b.Cols[0])[i] = int64(i)
	}
	return b, nil
}

// office is the JobManager's side: it gives each task that asks a split and notes what it is told.
type office struct {
	tm   *TaskManager
	mu   sync.Mutex
	told []rpc.Message
	news chan struct{}
}

func newOffice(set *binding.Set) *office {
	o := &office{news: make(chan struct{}, 1)}
	o.tm = New(Options{Name: "a", Slots: 2, Bindings: set, Budget: mem.NewBudget(0), Exchange: shuffle.NewExchange(), Causes: rpc.NewCauses(), Send: o.take})
	return o
}

func (o *office) take(m rpc.Message) {
	o.mu.Lock()
	o.told = append(o.told, m)
	o.mu.Unlock()
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// serve answers requests until a message satisfies want.
func (o *office) serve(t *testing.T, want func(rpc.Message) bool) {
	t.Helper()
	after := time.After(10 * time.Second)
	for at := 0; ; {
		o.mu.Lock()
		list := o.told[at:]
		at = len(o.told)
		o.mu.Unlock()
		for _, m := range list {
			if r, ok := m.(*rpc.Request); ok {
				o.tm.Receive(&rpc.Assign{Attempt: r.Attempt, Task: r.Task, Split: &rpc.Split{}, Remaining: true})
			}
			if want(m) {
				return
			}
		}
		select {
		case <-o.news:
		case <-after:
			t.Fatalf("it did not come, but %d messages", at)
		}
	}
}

// job reads without end and hands rows to an operator.
func job(take func(*columnar.Batch) error) (*graph.Job, *binding.Set) {
	j := &graph.Job{Name: "job", Streaming: true}
	n := j.Add(operators.KindFunctionSource, "source", nil, schema)
	c := j.Add(operators.KindCollect, "collect", nil, schema, graph.Edge{From: n.ID, Partition: graph.Partitioning{Scheme: graph.Hash, Keys: []int{0}}})
	return j, &binding.Set{
		Sources:   binding.Sources{n.UID: endless{}},
		Operators: binding.Operators{c.UID: func() dataflow.Operator { return &binding.Collector{Take: take} }},
	}
}

func deploy(a rpc.Attempt, j *graph.Job) *rpc.Deploy {
	return &rpc.Deploy{Attempt: a, Job: j, Settings: rpc.Settings{Parallelism: 2}, Slots: []string{"a", "a"}}
}

// TestFailureEndsNoTask lets a sink fail again and again: the tasks before it, whose channels
// the failed one gives up, must not count as having ended, or a checkpoint that is open just then
// would be completed without their rows. The failure is told once, and that all has ended last.
func TestFailureEndsNoTask(t *testing.T) {
	defer goleak.VerifyNone(t)
	boom := errors.New("boom")
	for range 200 {
		j, set := job(func(*columnar.Batch) error { return boom })
		o := newOffice(set)
		o.tm.Receive(deploy(1, j))
		o.serve(t, func(m rpc.Message) bool { _, ok := m.(*rpc.Stopped); return ok })
		o.tm.Close()
		failures := 0
		for i, m := range o.told {
			switch m := m.(type) {
			case *rpc.Finished:
				t.Fatalf("task %d has said that it ended", m.Task)
			case *rpc.Failed:
				failures++
				if err := o.tm.opts.Causes.Error(&m.Failure); !errors.Is(err, boom) {
					t.Fatal(err)
				}
			case *rpc.Stopped:
				if i < len(o.told)-1 {
					t.Fatalf("%T follows the end", o.told[i+1])
				}
			}
		}
		if failures != 1 {
			t.Fatalf("%d failures were told", failures)
		}
	}
}

// TestAttemptsFollowEachOther deploys an attempt while a task of the one before does not look up: the
// new one begins when that has ended, and messages of the old one reach nothing.
func TestAttemptsFollowEachOther(t *testing.T) {
	defer goleak.VerifyNone(t)
	let, stuck := make(chan struct{}), make(chan struct{}, 8)
	j, set := job(func(*columnar.Batch) error {
		select {
		case stuck <- struct{}{}:
		default:
		}
		<-let
		return nil
	})
	o := newOffice(set)
	o.tm.Receive(deploy(1, j))
	o.serve(t, func(rpc.Message) bool { return len(stuck) > 0 })
	o.tm.Receive(&rpc.Forgotten{})
	o.tm.Receive(deploy(2, j))
	o.tm.Receive(deploy(1, j)) // again: it is over
	o.tm.Receive(&rpc.Trigger{Attempt: 1, Task: 0, Epoch: 1})
	o.mu.Lock()
	for _, m := range o.told {
		if d, ok := m.(*rpc.Deployed); ok && d.Attempt == 2 {
			t.Error("attempt 2 has begun beside attempt 1")
		}
	}
	o.mu.Unlock()
	close(let)
	stopped := false
	o.serve(t, func(m rpc.Message) bool {
		switch m := m.(type) {
		case *rpc.Stopped:
			stopped = stopped || m.Attempt == 1
		case *rpc.Deployed:
			if m.Attempt == 2 && !stopped {
				t.Error("attempt 2 has begun before attempt 1 has ended")
			}
			return m.Attempt == 2
		case *rpc.Failed, *rpc.Acknowledge, *rpc.Finished:
			t.Errorf("told %T", m)
		}
		return false
	})
	o.tm.Receive(&rpc.Cancel{Attempt: 2})
	o.serve(t, func(m rpc.Message) bool { s, ok := m.(*rpc.Stopped); return ok && s.Attempt == 2 })
	o.tm.Receive(&rpc.Cancel{Attempt: 7})
	o.serve(t, func(m rpc.Message) bool { s, ok := m.(*rpc.Stopped); return ok && s.Attempt == 7 })
	o.tm.Close()
}
