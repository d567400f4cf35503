package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler"
)

func TestFormat(t *testing.T) {
	p := scheduler.Progress{RowsRead: 12_345_678, Watermark: dataflow.Time(1436918400123000), StateBytes: 3 << 20}
	want := "12.35M rows read, 4.12M rows/s, watermark 2015-07-15 00:00:00.123, state 3.0 MiB, 3.00s"
	if got := Format(p, 4_115_226, 3*time.Second); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p = scheduler.Progress{RowsRead: 9_999, Watermark: dataflow.MaxTime}
	if got, want := Format(p, 12_345, 2*time.Minute), "9999 rows read, 12.3k rows/s, 2m0s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTerminalLineIsRewritten(t *testing.T) {
	var out bytes.Buffer
	l := Start(&out, Options{Terminal: true})
	l.Show(scheduler.Progress{RowsRead: 1, Watermark: dataflow.MinTime})
	l.Show(scheduler.Progress{RowsRead: 2, Watermark: dataflow.MinTime})
	if strings.Contains(out.String(), "\n") || !strings.HasPrefix(out.String(), "\r1 rows") {
		t.Errorf("while running: %q", out.String())
	}
	out.Reset()
	l.Hide()
	l.Hide()
	if out.String() != "\r\x1b[K" {
		t.Errorf("hidden twice: %q", out.String())
	}
	out.Reset()
	l.Show(scheduler.Progress{RowsRead: 3, Watermark: dataflow.MaxTime, Final: true})
	if !strings.HasPrefix(out.String(), "3 rows read") || !strings.HasSuffix(out.String(), "\n") {
		t.Errorf("at the end: %q", out.String())
	}
}

func TestPlainLinesAreRare(t *testing.T) {
	var out bytes.Buffer
	l := Start(&out, Options{Every: time.Hour})
	l.Show(scheduler.Progress{RowsRead: 1})
	if out.Len() > 0 {
		t.Errorf("too early: %q", out.String())
	}
	quiet := Start(&out, Options{Quiet: true})
	quiet.Show(scheduler.Progress{Final: true})
	if out.Len() > 0 {
		t.Errorf("not quiet: %q", out.String())
	}
	quiet.Show(scheduler.Progress{Final: true, Skipped: map[string]int64{"late": 2, "bad": 1, "null time": 0}})
	if out.String() != "rows left out: 1 bad, 2 late\n" {
		t.Errorf("left out: %q", out.String())
	}
}

// TestRateAfterRestart has a job that starts again, with fewer rows read than before.
func TestRateAfterRestart(t *testing.T) {
	var out bytes.Buffer
	l := Start(&out, Options{Terminal: true})
	l.Show(scheduler.Progress{RowsRead: 1000})
	l.Show(scheduler.Progress{RowsRead: 10})
	if strings.Contains(out.String(), ", -") {
		t.Errorf("a rate below 0: %q", out.String())
	}
}
