package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/io/file"
	"github.com/anabranch/anabranch/io/generator"
)

const restartRows = 40_000

// longJob sums rows by a Go function, in an endless plan, into files; SET takes checkpoints all the time.
func longJob(dir string) string {
	return fmt.Sprintf(`
SET 'execution.runtime-mode' = 'streaming';
SET 'execution.checkpointing.interval' = '10 ms';
SET 'execution.checkpointing.dir' = '%[1]s/checkpoints';
SET 'restart-strategy.type' = 'fixed-delay';
SET 'restart-strategy.fixed-delay.attempts' = '3';
SET 'restart-strategy.fixed-delay.delay' = '1 ms';
CREATE TABLE numbers (n BIGINT, ts AS TO_TIMESTAMP_LTZ(n, 3), WATERMARK FOR ts AS ts)
	WITH ('connector' = 'datagen', 'rows-per-second' = '40000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '%[2]d');
CREATE TABLE sums (s BIGINT) WITH ('connector' = 'filesystem', 'path' = '%[1]s/sums', 'format' = 'csv');
INSERT INTO sums
	SELECT total(step(v)) FROM TABLE(TUMBLE(
		TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' SECOND)), LATERAL TABLE(twice(n)) AS T(v)
	GROUP BY window_start, window_end;`, dir, restartRows)
}

// run runs the job with a step that fails when fails says so.
func run(ctx context.Context, dir string, parallelism int, fails func() error) ([]string, error) {
	var notes []string
	env := NewEnv(WithParallelism(parallelism), WithNote(func(text string) { notes = append(notes, text) }),
		WithConnectors(catalog.NewRegistry(file.Connector{}, generator.Datagen{})))
	err := env.Register(
		Scalar1("step", func(n int64) (int64, error) { return n, fails() }, NotDeterministic()),
		Rows("twice", func(n int64, emit func(int64)) error {
			emit(n)
			emit(n)
			return nil
		}),
		Aggregate[int64, int64, int64]{
			Name: "total", Add: func(acc *int64, n int64) error { *acc += n; return nil },
			Result: func(acc int64) (int64, error) { return acc, nil },
		},
	)
	if err == nil {
		err = env.Exec(ctx, longJob(dir))
	}
	return notes, err
}

// sumsIn adds up what the job wrote.
func sumsIn(t *testing.T, dir string) int64 {
	t.Helper()
	files, err := filepath.Glob(dir + "/sums/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.FieldsSeq(strings.TrimPrefix(string(text), "s\n")) {
			n, err := strconv.ParseInt(line, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

const wantSum = restartRows * (restartRows + 1)

// TestRestart lets a function that is not deterministic fail now and then: the job starts again, and each
// row counts once.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	var calls atomic.Int64
	notes, err := run(t.Context(), dir, 2, func() error {
		if n := calls.Add(1); n == 30_000 || n == 60_000 {
			return errors.New("the service is away")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := sumsIn(t, dir); got != wantSum {
		t.Errorf("sum %d, want %d", got, int64(wantSum))
	}
	if text := strings.Join(notes, "\n"); strings.Count(text, "the service is away") != 2 {
		t.Errorf("notes: %s", text)
	}
}

// checkpoints is the number of the newest complete checkpoint.
func checkpoints(dir string) (newest int) {
	files, _ := filepath.Glob(dir + "/checkpoints/*/chk-*/metadata.json") // the pattern is well formed
	for _, f := range files {
		n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(filepath.Dir(f)), "chk-")) // a folder of a checkpoint
		newest = max(newest, n)
	}
	return newest
}

// TestResume kills the job once a checkpoint holds rows, and runs the program again at another parallelism.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	ctx, kill := context.WithCancel(t.Context())
	var calls, last atomic.Int64
	last.Store(math.MaxInt64)
	_, err := run(ctx, dir, 2, func() error {
		switch n := calls.Add(1); {
		case n == 1000:
			last.Store(int64(checkpoints(dir)) + 2) // the one in progress may be without rows
		case n%1000 == 0 && n > 2000 && int64(checkpoints(dir)) >= last.Load():
			kill()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	before := calls.Load()
	notes, err := run(t.Context(), dir, 3, func() error { calls.Add(1); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := sumsIn(t, dir); got != wantSum {
		t.Errorf("sum %d, want %d", got, int64(wantSum))
	}
	if text := strings.Join(notes, "\n"); !strings.Contains(text, "resuming from checkpoint") || calls.Load()-before >= 2*restartRows {
		t.Errorf("the job did not go on: %d calls, then %d; notes: %s", before, calls.Load()-before, text)
	}
}
