package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPassingJobs cancels an INSERT of the command sql: its checkpoints are nobody's afterwards, unless it has a name.
func TestPassingJobs(t *testing.T) {
	t.Chdir(t.TempDir())
	script := `SET 'execution.checkpointing.interval' = '10 ms'; %s
CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
CREATE TABLE result (id BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
INSERT INTO result SELECT id %s FROM g;`
	parts := func() int {
		visible, err := filepath.Glob("out/part-*")
		if err != nil {
			t.Fatal(err)
		}
		return len(visible)
	}
	// call runs the command until it has committed rows that were not there before, or ends by itself.
	call := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan int)
		before := parts()
		go func() {
			ended <- run(ctx, streams{in: strings.NewReader(""), out: &out, err: &errs}, append([]string{"sql"}, args...))
		}()
		look := time.NewTicker(time.Millisecond)
		defer look.Stop()
		for {
			select {
			case status := <-ended:
				stop()
				return status, errs.String()
			case <-look.C:
				if parts() > before {
					stop()
				}
			}
		}
	}
	for _, expr := range []string{"", "+ 1"} { // another plan
		if status, text := call("-c", fmt.Sprintf(script, "", expr)); status != statusFailed || strings.Contains(text, "checkpoint of this job exists") {
			t.Errorf("status %d\n%s", status, text)
		}
		if _, err := os.Stat(".anabranch"); err == nil {
			t.Error("checkpoints are left")
		}
		if hidden, err := filepath.Glob("out/.*"); err != nil || len(hidden) > 0 {
			t.Errorf("hidden files %v, %v", hidden, err)
		}
	}
	named := fmt.Sprintf(script, "SET 'pipeline.name' = 'mine';", "")
	_, _ = call("-c", named) // it is canceled
	if _, text := call("-c", named); !strings.Contains(text, "--resume") {
		t.Errorf("no word of the checkpoint: %s", text)
	}
	if _, text := call("--resume", "-c", named); !strings.Contains(text, "resuming from checkpoint") {
		t.Errorf("not resumed: %s", text)
	}
}

// TestCanceledBeforeACheckpoint cancels an INSERT that has none yet: nothing of it is left.
func TestCanceledBeforeACheckpoint(t *testing.T) {
	t.Chdir(t.TempDir())
	script := `SET 'pipeline.name' = 'early';
CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
CREATE TABLE result (id BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
INSERT INTO result SELECT id FROM g;`
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	go func() {
		for ctx.Err() == nil {
			if hidden, _ := filepath.Glob("out/.*"); len(hidden) > 0 { // rows have come
				cancel()
			}
			select {
			case <-look.C:
			case <-ctx.Done():
			}
		}
	}()
	var out, errs bytes.Buffer
	if status := run(ctx, streams{in: strings.NewReader(""), out: &out, err: &errs}, []string{"sql", "-c", script}); status != statusFailed {
		t.Errorf("status %d\n%s", status, errs.String())
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 1 || len(left) == 1 && left[0].Name() != "out" {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestResumedScriptFillsTheSession runs an INSERT into a table of the session again, which nothing else holds.
func TestResumedScriptFillsTheSession(t *testing.T) {
	t.Chdir(t.TempDir())
	script := `SET 'execution.runtime-mode' = 'streaming';
CREATE TABLE names (k INT);
INSERT INTO names VALUES (0), (1);
SELECT count(*) AS n FROM names;`
	if err := os.WriteFile("job.sql", []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--fresh", "--resume"} {
		execute(t, "", "run", flag, "job.sql").want(t, 0, " n\n---\n 2\n(1 row)\n")
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("checkpoints are left: %v, %v", left, err)
	}
}

// TestRecoveryFlags stops a job with a checkpoint and goes through what can be done about it.
func TestRecoveryFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	script := `SET 'execution.runtime-mode' = 'streaming';
SET 'execution.checkpointing.interval' = '10 ms';
CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '%d', 'fields.id.kind' = 'sequence', 'fields.id.end' = '200000');
CREATE TABLE result (id BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv', 'csv.header' = 'false');
INSERT INTO result SELECT id %s FROM g;`
	write := func(rate int, expr string) {
		t.Helper()
		if err := os.WriteFile("job.sql", fmt.Appendf(nil, script, rate, expr), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := []string{"run", "job.sql"}
	call := func(ctx context.Context, args ...string) (int, string) {
		var out, errs bytes.Buffer
		status := run(ctx, streams{in: strings.NewReader(""), out: &out, err: &errs}, slices.Concat(command, args))
		return status, errs.String()
	}
	write(100_000, "")
	stopped := func(args ...string) {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if status, text := call(ctx, args...); status != statusOK || !strings.Contains(text, "stopped after a checkpoint") {
			t.Fatalf("stopped: status %d\n%s", status, text)
		}
	}
	stopped()
	if status, text := call(t.Context()); status != statusFailed || !strings.Contains(text, "--resume") || !strings.Contains(text, "--fresh") {
		t.Errorf("without a flag: status %d\n%s", status, text)
	}
	write(100_000, "+ 1")
	if status, text := call(t.Context(), "--resume"); status != statusFailed || !strings.Contains(text, "another plan") {
		t.Errorf("another plan: status %d\n%s", status, text)
	}
	if status, _ := call(t.Context(), "--resume", "--fresh"); status != statusUsage {
		t.Errorf("two flags: status %d", status)
	}
	write(100_000, "")
	if status, text := call(t.Context(), "--resume", "--parallelism", "3"); status != statusOK || !strings.Contains(text, "resuming from checkpoint") {
		t.Errorf("resumed: status %d\n%s", status, text)
	}
	if n := countLines(t, "out"); n != 200_001 {
		t.Errorf("%d rows, want 200001", n)
	}
	// A process killed after its job has ended may be started again: the work is not done twice.
	if status, text := call(t.Context(), "--resume"); status != statusOK || !strings.Contains(text, "has ended") {
		t.Errorf("resumed after the end: status %d\n%s", status, text)
	}
	if n := countLines(t, "out"); n != 200_001 {
		t.Errorf("%d rows after resuming an ended job, want 200001", n)
	}
	command = []string{"sql", "-f", "job.sql"}
	stopped("--fresh")
}

func countLines(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(text, []byte("\n"))
	}
	return n
}
