//go:build unix

package runner

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/io/console"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
)

// TestRestoreFromNumbersOn goes back to an older checkpoint: the epochs that follow must be
// newer than all there are.
func TestRestoreFromNumbersOn(t *testing.T) {
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // the test has ended
	for _, epoch := range []dataflow.Epoch{3, 9} {
		if err := store.Write(&checkpoint.Metadata{Job: "job", Epoch: epoch}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := restoreFrom(store, filepath.Join(store.Dir(), "chk-3"))
	if err != nil || s.Epoch != 9 {
		t.Errorf("epochs go on after %v, %v; want 9", s, err)
	}
	if _, err := restoreFrom(store, "file://"+filepath.Join(store.Dir(), "chk-9")); err != nil {
		t.Errorf("a checkpoint named by a URL: %v", err)
	}
	if _, err := restoreFrom(store, store.Dir()); err == nil || !strings.Contains(err.Error(), "name the folder of one checkpoint") {
		t.Errorf("the folder of a job was read as a checkpoint: %v", err)
	}
}

// TestJobsAreNamedBeforeTheyAreWatched runs INSERTs of two names; metrics and progress are of these.
func TestJobsAreNamedBeforeTheyAreWatched(t *testing.T) {
	s := session.New(catalog.NewRegistry(console.Blackhole{}))
	r := New(s, Options{Name: "script", Parallelism: 1})
	var names []string
	for _, text := range []string{
		"CREATE TABLE t (a INT) WITH ('connector' = 'blackhole')",
		"INSERT INTO t SELECT 1",
		"INSERT INTO t SELECT 2",
		"SET 'pipeline.name' = 'mine'",
		"INSERT INTO t SELECT 3",
	} {
		statements, err := parser.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if !session.Runs(statements[0]) {
			if _, err := s.Apply(statements[0], text); err != nil {
				t.Fatal(err)
			}
			continue
		}
		planned, err := s.Plan(statements[0], text)
		if err != nil {
			t.Fatal(err)
		}
		watch := func(*scheduler.Options) { names = append(names, planned.Job.Name) }
		if err := r.Run(t.Context(), planned, nil, watch); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"script", "script-2", "mine"}; !slices.Equal(names, want) {
		t.Errorf("jobs %q, want %q", names, want)
	}
}
