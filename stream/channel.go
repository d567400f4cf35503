package stream

import (
	"context"
	"io"
	"sync"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
)

// FromChannel is a stream of what is sent to rows until it is closed. Rows go on as they come; a sender
// waits while the job does not keep up. What was received since the last checkpoint is lost when the job
// fails, as a channel cannot be read again: send it once more, or read from a source that keeps its rows.
func FromChannel[T any](e *Env, rows <-chan T, opts ...Option) *Stream[T] {
	return newSource[T](e, "channel", func(c *govalue.Codec, s *columnar.Schema) dataflow.Source {
		return &source[T]{waits: true, open: func(_ context.Context, position int) rowReader[T] {
			return newChannelReader(rows, position)
		}, codec: c, schema: s}
	}, opts)
}

// channelReader receives in a goroutine of its own, since a task must not wait.
type channelReader[T any] struct {
	at   int // rows read
	stop chan struct{}
	gone chan struct{} // closed when the goroutine has ended

	mu    sync.Mutex
	room  *sync.Cond
	queue []T
	ended bool
	quit  bool
	wake  func()
}

func newChannelReader[T any](rows <-chan T, position int) *channelReader[T] {
	r := &channelReader[T]{at: position, stop: make(chan struct{}), gone: make(chan struct{}), wake: func() {}}
	r.room = sync.NewCond(&r.mu)
	go r.receive(rows)
	return r
}

func (r *channelReader[T]) receive(rows <-chan T) {
	defer close(r.gone)
	for {
		select {
		case v, ok := <-rows:
			if !r.take(v, ok) {
				return
			}
		case <-r.stop:
			return
		}
	}
}

// take puts a row into the queue, once it has room; false if no more are wanted.
func (r *channelReader[T]) take(v T, ok bool) bool {
	r.mu.Lock()
	for ok && len(r.queue) >= columnar.BatchRows && !r.quit {
		r.room.Wait()
	}
	if ok {
		r.queue = append(r.queue, v)
	}
	r.ended = !ok
	first, wake := len(r.queue) == 1 || !ok, r.wake
	quit := r.quit
	r.mu.Unlock()
	if first {
		wake()
	}
	return ok && !quit
}

// Notify tells whom to wake when there are rows or the end.
func (r *channelReader[T]) Notify(wake func()) {
	r.mu.Lock()
	r.wake = wake
	r.mu.Unlock()
	wake() // for what has come before
}

func (r *channelReader[T]) read(dst []T, n int) ([]T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n = min(n, len(r.queue))
	dst = append(dst, r.queue[:n]...)
	rest := copy(r.queue, r.queue[n:])
	clear(r.queue[rest:])
	r.queue = r.queue[:rest]
	r.at += n
	r.room.Signal()
	if rest == 0 && r.ended {
		return dst, io.EOF
	}
	return dst, nil
}

func (r *channelReader[T]) position() int { return r.at }

func (r *channelReader[T]) close() {
	r.mu.Lock()
	r.quit = true
	r.room.Signal()
	r.mu.Unlock()
	close(r.stop)
	<-r.gone
}
