package sql

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/sql/session"
)

// run runs statements in a session and fails if they do.
func run(t *testing.T, s *session.Session, sql string, w way) []string {
	t.Helper()
	rows, err := runSQL(t, s, sql, w)
	if err != nil {
		t.Fatalf("%s\n%v", sql, err)
	}
	return rows
}

const partitionedTable = `CREATE TABLE t (id BIGINT, name STRING, k BIGINT) PARTITIONED BY (name, k)
	WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = '%s', 'sink.partition-writers.max' = '35')`

// TestKilledJobsWritePartitionsOnce kills jobs that write partitions, more than they may at a time, and
// goes on from their checkpoints: every row is there once, and no hidden file is left.
func TestKilledJobsWritePartitionsOnce(t *testing.T) {
	for _, format := range []string{"parquet", "json"} {
		for _, w := range []way{
			{name: "one task", parallelism: 1},
			{name: "restored", parallelism: 2, batchRows: 7, streaming: true, restore: true},
		} {
			t.Run(format+"/"+w.name, func(t *testing.T) {
				dir, before := t.TempDir(), restores.Load()
				s := session.New(builtin.Connectors())
				run(t, s, fmt.Sprintf(partitionedTable, dir, format), w)
				run(t, s, "INSERT INTO t SELECT id, name, id % 5 FROM 'testdata/files/many.parquet' WHERE id < 1000", w)
				got := run(t, s, "SELECT count(*), count(DISTINCT id), sum(id), count(name), sum(k) FROM t", ways[0])
				want := run(t, s, "SELECT count(*), count(DISTINCT id), sum(id), count(name), sum(id % 5) FROM 'testdata/files/many.parquet' WHERE id < 1000", ways[0])
				if !slices.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
				if w.restore && restores.Load() == before {
					t.Error("no job went on from a checkpoint")
				}
				err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
					if err == nil && strings.HasPrefix(d.Name(), ".") {
						t.Errorf("%s is left behind", path)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if n := len(run(t, s, "SHOW PARTITIONS t", ways[0])); n != 40 {
					t.Errorf("%d partitions", n)
				}
			})
		}
	}
}

// TestExplainTellsPartitions verifies what EXPLAIN says of partitions, and DESCRIBE of a folder of them.
func TestExplainTellsPartitions(t *testing.T) {
	dir := t.TempDir()
	s := session.New(builtin.Connectors())
	run(t, s, fmt.Sprintf(partitionedTable, dir, "parquet"), ways[0])
	run(t, s, "INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 1), (4, NULL, NULL)", ways[0])
	run(t, s, "INSERT INTO t VALUES (5, 'a', 1)", ways[0])
	for where, want := range map[string]string{
		"k = 1":                               "2 of 4 partitions, 3 of 5 files",
		"k = 1 AND name <> 'a'":               "1 of 4 partitions, 1 of 5 files",
		"name IS NULL OR k IN (2, 7)":         "2 of 4 partitions, 2 of 5 files",
		"k > 7":                               "0 of 4 partitions, 0 of 5 files",
		"id = 1":                              "4 of 4 partitions, 5 of 5 files",
		"id = 1 AND CHAR_LENGTH(name) = 1":    "3 of 4 partitions, 4 of 5 files",
		"name = 'a' AND k = 2 OR name = 'b'":  "2 of 4 partitions, 2 of 5 files",
		"COALESCE(name, 'none') = 'none'":     "1 of 4 partitions, 1 of 5 files",
		"(name = 'b' OR id = 9) AND k > id":   "4 of 4 partitions, 5 of 5 files",
		"k BETWEEN 2 AND 3 AND name LIKE 'a'": "1 of 4 partitions, 1 of 5 files",
	} {
		if plan := run(t, s, "EXPLAIN SELECT id FROM t WHERE "+where, ways[0])[0]; !strings.Contains(plan, " reads "+want+"\n") {
			t.Errorf("%s: want %s in\n%s", where, want, plan)
		}
	}
	want := []string{"id | BIGINT", "name | STRING", "k | BIGINT"}
	for i, row := range run(t, s, "DESCRIBE '"+dir+"'", ways[0]) {
		if !strings.HasPrefix(row, want[i]) {
			t.Errorf("DESCRIBE: %s, want %s", row, want[i])
		}
	}
}

// TestVanishedFilesAreNamed verifies that a file that goes between listing and reading is told.
func TestVanishedFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	s := session.New(builtin.Connectors())
	run(t, s, fmt.Sprintf(partitionedTable, dir, "csv"), ways[0])
	run(t, s, "INSERT INTO t VALUES (1, 'a', 1)", ways[0])
	spec, ok := s.Catalog.Table("t")
	if !ok {
		t.Fatal("no table")
	}
	source, err := s.Registry.Source(spec.Spec())
	if err != nil {
		t.Fatal(err)
	}
	splits, err := source.Splits(t.Context(), 1)
	if err != nil || len(splits) != 1 {
		t.Fatalf("%d splits: %v", len(splits), err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "name=a")); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Open(t.Context(), splits[0], dataflow.ReadRequest{Columns: []int{0}}); err == nil || !strings.Contains(err.Error(), ".csv has vanished since the files of the table were listed") {
		t.Errorf("%v", err)
	}
}
