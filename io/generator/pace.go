package generator

import (
	"time"

	"github.com/anabranch/anabranch/internal/clock"
)

// pacer holds a reader back to a rate in wall-clock time.
type pacer struct {
	microsPerRow float64 // 0 is as fast as possible
	started      bool
	watch        clock.Stopwatch
	wake         func()
}

func newPacer(microsPerRow float64) pacer {
	return pacer{microsPerRow: microsPerRow, wake: func() {}}
}

// due reports whether row, counted from the reader's start, may be delivered, and else sets the
// timer.
func (p *pacer) due(row int64) bool {
	if p.microsPerRow == 0 {
		return true
	}
	if !p.started {
		p.started, p.watch = true, clock.Start()
	}
	wait := time.Duration(float64(row)*p.microsPerRow*1000) - p.watch.Elapsed()
	if wait <= 0 {
		return true
	}
	time.AfterFunc(wait, p.wake)
	return false
}

// Notify tells whom to wake when the next rows are due.
func (p *pacer) Notify(wake func()) { p.wake = wake }
