package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
)

const tickedWindows = "CREATE TABLE g (k INT, proc AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '100', 'fields.k.min' = '1', 'fields.k.max' = '3');" +
	"SELECT window_start, window_end, SUM(n) FROM (SELECT window_start, window_end, k, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(proc), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k) GROUP BY window_start, window_end"

// clockRun runs statements the last of which has no end for a while of a bubble's time, with the checkpoints
// that are asked for, and gives its rows that were not taken back, each with the second at which it came.
func clockRun(t *testing.T, sql string, lasts time.Duration, restore *checkpoint.Snapshot, checkpoints *scheduler.Checkpointing) []string {
	t.Helper()
	s := session.New(builtin.Connectors())
	statements, err := parser.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var mu sync.Mutex
	held := map[string]string{}
	take := func(b *columnar.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for k := range b.Live() {
			var cells []string
			for _, v := range b.Cols {
				cells = append(cells, string(columnar.AppendText(nil, v, b.Row(k), time.UTC)))
			}
			if row := strings.Join(cells, " "); b.Kind(b.Row(k)).Retracts() {
				delete(held, row)
			} else {
				held[row] = fmt.Sprint(time.Since(start).Truncate(time.Second))
			}
		}
		return nil
	}
	for _, st := range statements {
		if !session.Runs(st) {
			if _, err := s.Apply(st, sql); err != nil {
				t.Fatal(err)
			}
			continue
		}
		p, err := s.Plan(st, sql)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		err = scheduler.Run(ctx, p.Job, scheduler.Options{
			Parallelism: 2, Connectors: s.Registry, Restore: restore, Checkpoint: checkpoints,
			Env:      &expr.Env{Location: time.UTC, Now: func() int64 { return time.Now().UnixMicro() }},
			Bindings: scheduler.Bindings{p.CollectUID: func() dataflow.Operator { return &scheduler.Collector{Take: take} }},
			Tick: func(d time.Duration) (<-chan time.Time, func()) {
				ticker := time.NewTicker(d)
				return ticker.C, ticker.Stop
			},
		})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	var rows []string
	for row, at := range held {
		rows = append(rows, row+" after "+at)
	}
	slices.Sort(rows)
	return rows
}

// TestWindowsFollowTheClock has rows come all the time: each window is out when it ends, with its rows.
// The job is killed within a window and goes on when that has long passed.
func TestWindowsFollowTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := time.Now().Format("2006-01-02 ") // of a bubble, which begins at midnight
		expect := func(got []string, want ...string) {
			t.Helper()
			for i := range got {
				got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], day, ""), ".000", "")
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
		}
		store, err := checkpoint.Open(t.TempDir(), "job")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		checkpoints := &scheduler.Checkpointing{Store: store, Interval: time.Second}
		expect(clockRun(t, tickedWindows, 21500*time.Millisecond, nil, checkpoints), "00:00:00 00:00:10 600 after 6s", "00:00:10 00:00:20 1000 after 16s")
		time.Sleep(30 * time.Second)
		newest, err := store.Newest()
		if err != nil {
			t.Fatal(err)
		}
		restore, err := store.Read(newest)
		if err != nil {
			t.Fatal(err)
		}
		// The last checkpoint was 21 s after the start, at 00:00:25; it goes on at 00:00:55.5.
		expect(clockRun(t, tickedWindows, 25*time.Second, restore, nil),
			"00:00:20 00:00:30 500 after 0s", "00:00:50 00:01:00 440 after 4s", "00:01:00 00:01:10 1000 after 14s", "00:01:10 00:01:20 1000 after 24s")
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
