// Package clock is where the wall clock comes from, so that tests and simulations can replace it.
//
// Invariant: nothing outside this package, cmd and bench asks the operating system for the time.
package clock

import (
	"context"
	"time"
)

// Micros is the time in microseconds since 1970.
func Micros() int64 { return time.Now().UnixMicro() }

// Tick delivers the time every d until stop is called.
func Tick(d time.Duration) (tick <-chan time.Time, stop func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// After delivers the time once, after d, unless it is stopped before.
func After(d time.Duration) (after <-chan time.Time, stop func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Call calls f in a goroutine of its own after d, unless it is stopped before.
func Call(d time.Duration, f func()) (stop func()) {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Pause waits for d; if ctx ends before, its error is returned.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stopwatch measures elapsed time from its making.
type Stopwatch struct{ start time.Time }

// Start makes a running stopwatch.
func Start() Stopwatch { return Stopwatch{start: time.Now()} }

// Elapsed is the time since Start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }
