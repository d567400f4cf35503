package task

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// mailbox has what the JobManager tells a task.
type mailbox struct {
	some  atomic.Bool // the queue is not empty
	mu    sync.Mutex
	queue []rpc.ToTask
}

func (b *mailbox) put(m rpc.ToTask) {
	b.mu.Lock()
	b.queue = append(b.queue, m)
	b.some.Store(true)
	b.mu.Unlock()
}

// take takes the oldest message; nil if there is none.
func (b *mailbox) take() rpc.ToTask {
	if !b.some.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.queue[0]
	b.queue[0] = nil
	b.queue = b.queue[1:]
	b.some.Store(len(b.queue) > 0)
	return m
}

// Deliver puts a message into the task's mailbox. Any goroutine may call it.
func (t *Task) Deliver(m rpc.ToTask) {
	t.box.put(m)
	t.signal()
}

// Complete tells the task that an epoch is durable. Any goroutine may call it.
func (t *Task) Complete(epoch dataflow.Epoch) { t.complete.Store(uint64(epoch)) }

// serve deals with a message of the mailbox. One that comes too late changes nothing.
func (t *Task) serve(ctx context.Context, m rpc.ToTask) error {
	if t.source == nil || t.ended {
		return nil
	}
	switch m := m.(type) {
	case *rpc.Trigger:
		return t.sourceBarrier(m.Epoch)
	case *rpc.Assign:
		return t.source.assigned(ctx, t, m)
	case *rpc.Taken:
		t.source.remaining = false
		return nil
	case *rpc.Raise:
		if t.idle {
			return nil // those who read raise it, behind their rows
		}
		return t.raise(m.Watermark)
	}
	return fmt.Errorf("a task cannot be told %T", m)
}
