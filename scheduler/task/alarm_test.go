package task

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/shuffle"
)

// bell is an operator that wants to be called at some times.
type bell struct {
	start time.Time
	at    []time.Duration // since start

	mu   sync.Mutex // what the test and the task both look at
	rang []string
}

func (b *bell) Process(dataflow.Port, *columnar.Batch, dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, nil
}
func (b *bell) Close() error { return nil }

func (b *bell) NextAlarm() (int64, bool) {
	if len(b.at) == 0 {
		return 0, false
	}
	return b.start.Add(b.at[0]).UnixMicro(), true
}

func (b *bell) Ring(now int64, _ dataflow.Output) (dataflow.Status, error) {
	b.mu.Lock()
	b.rang = append(b.rang, fmt.Sprint(time.UnixMicro(now).Sub(b.start)))
	b.mu.Unlock()
	b.at = b.at[1:]
	return dataflow.Done, nil
}

func (b *bell) heard() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprint(b.rang)
}

// TestAlarmsRingWithoutInput has a task without any input that comes: it is woken when an operator wants
// to be called, and at once for times that have passed.
func TestAlarmsRingWithoutInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bell{start: time.Now(), at: []time.Duration{-time.Hour, 10 * time.Second, 10 * time.Second, 5 * time.Minute}}
		task := &Task{name: "t", mark: dataflow.MinTime, wake: make(chan struct{}, 1), tail: &tail{}}
		l := newLink(&graph.Node{Name: "bell", Inputs: make([]graph.Edge, 1)}, b, task.tail.exit())
		task.head, task.links = l, []*link{l}
		c := &inputChannel{Channel: shuffle.NewChannel(0), mark: dataflow.MinTime}
		task.ports = []*inputPort{{open: 1, channels: []*inputChannel{c}, mark: dataflow.MinTime}}
		task.alarms.add(l, clock.Micros)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- task.Run(ctx) }()
		for _, want := range []struct {
			after time.Duration
			rang  string
		}{{0, "[0s]"}, {9999 * time.Millisecond, "[0s]"}, {time.Millisecond, "[0s 10s 10s]"}, {10 * time.Minute, "[0s 10s 10s 5m0s]"}} {
			time.Sleep(want.after)
			synctest.Wait()
			if got := b.heard(); got != want.rang {
				t.Errorf("after %s: %s, want %s", want.after, got, want.rang)
			}
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		must(t, task.Close(true))
	})
}
