package taskmanager

import "sync"

// outbox does one thing after the other: it writes snapshots and sends what has to come behind them.
type outbox struct {
	run   func(f func()) // starts f
	mu    sync.Mutex
	queue []func()
	busy  bool
}

// put makes f the last to be done. It does not wait.
func (o *outbox) put(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, f)
	if !o.busy {
		o.busy = true
		o.run(o.next)
	}
}

// next does the first.
func (o *outbox) next() {
	o.mu.Lock()
	f := o.queue[0]
	o.queue[0] = nil
	o.queue = o.queue[1:]
	o.mu.Unlock()
	f()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy = len(o.queue) > 0; o.busy {
		o.run(o.next)
	}
}
