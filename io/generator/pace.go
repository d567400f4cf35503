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
	timer        chan struct{}
}

func newPacer(microsPerRow float64) pacer {
	return pacer{microsPerRow: microsPerRow, timer: make(chan struct{}, 1)}
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
	time.AfterFunc(wait, func() {
		select {
		case p.timer <- struct{}{}:
		default:
		}
	})
	return false
}

// Ready fires when the next rows are due.
func (p *pacer) Ready() <-chan struct{} { return p.timer }
