// Package progress shows how far a job has come in one line on standard error.
//
// Invariant: on a terminal at most one line is there, the last, and it is gone before anything
// else is written; elsewhere every line is whole.
package progress

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler"
)

// Options say where and how progress is shown.
type Options struct {
	Terminal bool // rewrite one line in place
	Color    bool
	// Quiet shows nothing at the end of a job but the rows that were left out.
	Quiet bool
	// Every is how often a line is written where it cannot be rewritten; default 5 seconds.
	Every time.Duration
	// After keeps the jobs that end sooner silent.
	After time.Duration
}

// Line shows the progress of one job. Its methods may be called from any goroutine.
type Line struct {
	mu      sync.Mutex
	w       io.Writer
	opts    Options
	watch   clock.Stopwatch
	shown   bool          // a line stands on the terminal
	last    time.Duration // when the last line was written
	rows    int64         // read at lastRate
	rateAt  time.Duration
	rate    float64
	hasRate bool
}

// Start makes the line of a job that starts now.
func Start(w io.Writer, opts Options) *Line {
	if opts.Every <= 0 {
		opts.Every = 5 * time.Second
	}
	return &Line{w: w, opts: opts, watch: clock.Start()}
}

// Every is how often the line wants news.
func (l *Line) Every() time.Duration {
	if l.opts.Terminal {
		return 250 * time.Millisecond
	}
	return time.Second
}

// Show takes the news of a job.
func (l *Line) Show(p scheduler.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	elapsed := l.watch.Elapsed()
	if p.Final {
		l.clear()
		if lost := leftOut(p); l.opts.Quiet && len(lost) > 0 {
			fmt.Fprintln(l.w, l.style("rows left out: "+strings.Join(lost, ", ")))
		}
		if !l.opts.Quiet && elapsed >= l.opts.After {
			rate := float64(p.RowsRead) / max(elapsed.Seconds(), 1e-9)
			fmt.Fprintln(l.w, l.style(Format(p, rate, elapsed)))
		}
		return
	}
	l.measure(p.RowsRead, elapsed)
	if elapsed < l.opts.After || !l.opts.Terminal && elapsed-l.last < l.opts.Every {
		return
	}
	l.last = elapsed
	text := l.style(Format(p, l.rate, elapsed))
	if l.opts.Terminal {
		fmt.Fprint(l.w, "\r"+text+"\x1b[K")
		l.shown = true
		return
	}
	fmt.Fprintln(l.w, text)
}

// measure smooths the rate over a few reports, so that it can be read.
func (l *Line) measure(rows int64, elapsed time.Duration) {
	if dt := (elapsed - l.rateAt).Seconds(); dt > 0 {
		now := float64(max(rows-l.rows, 0)) / dt // a job that starts again has read less
		if l.hasRate {
			now = 0.5*l.rate + 0.5*now
		}
		l.rate, l.hasRate = now, true
	}
	l.rows, l.rateAt = rows, elapsed
}

// Hide takes the line away before something else is written; the next news bring it back.
func (l *Line) Hide() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
}

func (l *Line) clear() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.shown = false
	}
}

func (l *Line) style(s string) string {
	if l.opts.Color {
		return "\x1b[2m" + s + "\x1b[0m"
	}
	return s
}

// Format is one line of progress.
func Format(p scheduler.Progress, rate float64, elapsed time.Duration) string {
	parts := []string{
		Count(float64(p.RowsRead)) + " rows read",
		Count(rate) + " rows/s",
	}
	if p.Watermark > dataflow.MinTime && p.Watermark < dataflow.MaxTime {
		at := time.UnixMicro(int64(p.Watermark)).UTC()
		parts = append(parts, "watermark "+at.Format("2006-01-02 15:04:05.000"))
	}
	if p.StateBytes > 0 {
		parts = append(parts, "state "+mem.FormatBytes(p.StateBytes))
	}
	for _, lost := range leftOut(p) {
		parts = append(parts, lost+" left out")
	}
	parts = append(parts, Elapsed(elapsed))
	return strings.Join(parts, ", ")
}

// leftOut tells how many rows were left out for each reason.
func leftOut(p scheduler.Progress) (list []string) {
	for _, reason := range slices.Sorted(maps.Keys(p.Skipped)) {
		if n := p.Skipped[reason]; n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, reason))
		}
	}
	return list
}

// Count is a number in three or four digits with a unit.
func Count(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2fG", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1fk", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}

// Elapsed is a duration as a person reads it.
func Elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.2fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
