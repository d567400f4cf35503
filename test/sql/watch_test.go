package sql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
)

// drop puts a file with rows into a directory, whole.
func drop(t *testing.T, path string, rows ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	err := os.WriteFile(hidden, []byte(strings.Join(rows, "\n")+"\n"), 0o600)
	if err == nil {
		err = os.Rename(hidden, path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// watch plans a query, the last of some statements, and what its rows are committed to.
func watch(t *testing.T, sql string) (*session.Planned, *rowLog, scheduler.Options) {
	t.Helper()
	s := session.New(builtin.Connectors())
	statements, err := parser.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	last := len(statements) - 1
	for _, st := range statements[:last] {
		if _, err := s.Apply(st, sql); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Plan(statements[last], sql)
	if err != nil {
		t.Fatal(err)
	}
	log := &rowLog{loc: time.UTC, committed: map[string][]string{}}
	return p, log, scheduler.Options{
		Connectors: s.Registry, Env: &expr.Env{Location: time.UTC, Now: func() int64 { return 0 }},
		Bindings:   scheduler.Bindings{p.CollectUID: func() dataflow.Operator { return &rowSink{log: log} }},
		Committers: scheduler.CommitterBindings{p.CollectUID: &rowSink{log: log}},
	}
}

// count is the number of committed rows.
func (l *rowLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.rows)
}

// until polls for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			t.Errorf("waited in vain: %s", what)
			return
		}
	}
}

// TestWatchedDirectoriesAreReadOnce kills a job that watches a directory several times, while files come
// and while it is down: every row arrives once.
func TestWatchedDirectoriesAreReadOnce(t *testing.T) {
	dir := t.TempDir()
	p, log, opts := watch(t, `CREATE TABLE t (id BIGINT, k INT) PARTITIONED BY (k) WITH ('connector' = 'filesystem', 'path' = '`+dir+`',
		'format' = 'json', 'source.monitor-interval' = '2 ms'); SELECT id, k FROM t WHERE k <> 2`)
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // nothing is written any more
	opts.Checkpoint = &scheduler.Checkpointing{Store: store}
	files := 0
	var want []string
	put := func() {
		var rows []string
		for i := range 20 {
			rows = append(rows, fmt.Sprintf(`{"id": %d}`, files*20+i))
			if files%3 != 2 {
				want = append(want, fmt.Sprintf("%d | %d", files*20+i, files%3))
			}
		}
		drop(t, filepath.Join(dir, fmt.Sprintf("k=%d", files%3), fmt.Sprintf("%d.json", files)), rows...)
		files++
	}
	for round := range 6 {
		for range 7 {
			put() // while the job is down
		}
		if opts.Restore, err = newest(store); err != nil {
			t.Fatal(err)
		}
		opts.Parallelism = 1 + round%3
		opts.BatchRows = 3
		ctx, kill := context.WithCancelCause(t.Context())
		last := dataflow.Epoch(1 << 60)
		if round < 5 {
			last = 4
			if opts.Restore != nil {
				last += opts.Restore.Epoch
			}
		}
		opts.Tick = func(time.Duration) (<-chan time.Time, func()) { return ticker(store, last, func() { kill(errKilled) }) }
		var running sync.WaitGroup
		running.Go(func() {
			if err := scheduler.Run(ctx, p.Job, opts); !errors.Is(err, errKilled) {
				t.Error(err)
			}
		})
		for range 7 {
			put()
			time.Sleep(time.Millisecond)
		}
		if round == 5 {
			until(t, "all rows", func() bool { return log.count() >= len(want) })
			time.Sleep(20 * time.Millisecond) // for rows too many
			kill(errKilled)
		}
		running.Wait()
		kill(nil)
	}
	got := slices.Sorted(slices.Values(log.rows))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d rows of %d files, want %d", len(got), files, len(want))
	}
}

// newest is the newest checkpoint, nil if there is none.
func newest(store *checkpoint.Store) (*checkpoint.Snapshot, error) {
	n, err := store.Newest()
	if err != nil || n == 0 {
		return nil, err
	}
	return store.Read(n)
}

// TestWatchersThatWaitAreIdle reads files by three tasks, two of which have none: they do not hold the
// watermark back. A file comes when the rows of the one before are in a checkpoint, so none are late.
func TestWatchersThatWaitAreIdle(t *testing.T) {
	dir := t.TempDir()
	p, log, opts := watch(t, `CREATE TABLE t (at TIMESTAMP(3), v INT, WATERMARK FOR at AS at) WITH ('connector' = 'filesystem', 'path' = '`+dir+`',
		'format' = 'csv', 'csv.header' = 'false', 'source.monitor-interval' = '2 ms');
		SELECT sum(v), window_start FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '10' SECOND)) GROUP BY window_start, window_end`)
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // nothing is written any more
	opts.Checkpoint = &scheduler.Checkpointing{Store: store}
	opts.Parallelism = 3
	var progress atomic.Pointer[scheduler.Progress]
	opts.Progress, opts.ProgressEvery = func(p scheduler.Progress) { progress.Store(&p) }, time.Millisecond
	opts.Tick = func(d time.Duration) (<-chan time.Time, func()) {
		if d == opts.ProgressEvery {
			tick := time.NewTicker(d)
			return tick.C, tick.Stop
		}
		return ticker(store, 1<<60, nil)
	}
	ctx, kill := context.WithCancelCause(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := scheduler.Run(ctx, p.Job, opts); !errors.Is(err, errKilled) {
			t.Error(err)
		}
	})
	read := int64(0)
	for i, rows := range [][]string{
		{"2024-01-01 00:00:01,1", "2024-01-01 00:00:05,2"},
		{"2024-01-01 00:00:11,4"},
		{"2024-01-01 00:00:12,8", "2024-01-01 00:00:31,16"},
	} {
		drop(t, filepath.Join(dir, fmt.Sprintf("%d.csv", i)), rows...)
		until(t, "a window", func() bool { return log.count() >= i })
		read += int64(len(rows))
		until(t, "rows read", func() bool { return progress.Load() != nil && progress.Load().RowsRead == read })
		epoch := progress.Load().Checkpoints.Newest.Epoch
		until(t, "a checkpoint", func() bool { return progress.Load().Checkpoints.Newest.Epoch > epoch+1 })
	}
	kill(errKilled)
	running.Wait()
	if want := []string{"3 | 2024-01-01 00:00:00.000", "12 | 2024-01-01 00:00:10.000"}; !slices.Equal(log.rows, want) {
		t.Errorf("%v, want %v", log.rows, want)
	}
}

// TestFilesThatComeAtOnceAreNotLate has idle tasks read several files at once, the last of which has
// little to read: no row of the others is late for it, so that all are counted.
func TestFilesThatComeAtOnceAreNotLate(t *testing.T) {
	dir := t.TempDir()
	p, log, opts := watch(t, `CREATE TABLE t (at TIMESTAMP(3), v INT, WATERMARK FOR at AS at) WITH ('connector' = 'filesystem', 'path' = '`+dir+`',
		'format' = 'csv', 'csv.header' = 'false', 'source.monitor-interval' = '2 ms');
		SELECT count(v) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND)) GROUP BY window_start, window_end`)
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // nothing is written any more
	opts.Checkpoint = &scheduler.Checkpointing{Store: store}
	opts.Parallelism, opts.BatchRows = 3, 10
	opts.Tick = func(time.Duration) (<-chan time.Time, func()) { return ticker(store, 1<<60, nil) }
	ctx, kill := context.WithCancelCause(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := scheduler.Run(ctx, p.Job, opts); !errors.Is(err, errKilled) {
			t.Error(err)
		}
	})
	want, second := int64(0), 0
	for burst := range 20 {
		for i, n := range []int{2000, 500, 1} {
			var rows []string
			for range n {
				rows = append(rows, fmt.Sprintf("2024-01-01 00:%02d:%02d,1", second/60, second%60))
			}
			want += int64(n)
			second++
			drop(t, filepath.Join(dir, fmt.Sprintf("%d-%d.csv", burst, i)), rows...)
		}
		// The window of the last file stays open.
		until(t, "the windows of a burst", func() bool { return log.total() == want-1 || t.Failed() })
	}
	kill(errKilled)
	running.Wait()
}

// total is the sum of committed rows of one number.
func (l *rowLog) total() (sum int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, row := range l.rows {
		n, err := strconv.ParseInt(row, 10, 64)
		if err != nil {
			return -1
		}
		sum += n
	}
	return sum
}
