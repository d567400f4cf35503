package sql

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/bench/tpch"
	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/sql/session"
)

// tpchScale is the scale of the tables; the committed rows belong to it.
const tpchScale = 0.01

var tpchWays = []way{
	{name: "one task", parallelism: 1},
	{name: "three tasks", parallelism: 3},
	{name: "batches of 7", parallelism: 1, batchRows: 7},
	{name: "encoded exchanges", parallelism: 2, encoded: true},
	{name: "put aside", parallelism: 2, batchRows: 500, spill: 3},
	{name: "stream restored", parallelism: 2, batchRows: 500, streaming: true, restore: true},
	{name: "endless", parallelism: 2, endless: true},
	{name: "endless restored", parallelism: 2, batchRows: 500, endless: true, restore: true},
}

// TestTPCH runs the queries of the benchmark and compares with the rows in testdata/tpch, which
// test/peer derives again.
func TestTPCH(t *testing.T) {
	queries, err := filepath.Glob("testdata/tpch/*.sql")
	if err != nil || len(queries) != 22 {
		t.Fatalf("%d queries, %v", len(queries), err)
	}
	dir := t.TempDir()
	if err := tpch.WriteParquet(dir, tpchScale); err != nil {
		t.Fatal(err)
	}
	before := restores.Load()
	defer func() {
		n := restores.Load() - before
		t.Logf("%d jobs went on from a checkpoint", n)
		if n < 5 && !*rewrite {
			t.Errorf("only %d jobs went on from a checkpoint: the pauses are too short for this machine", n)
		}
	}()
	for _, query := range queries {
		for _, w := range tpchWays {
			t.Run(filepath.Base(query)+"/"+w.name, func(t *testing.T) {
				before := mem.AllocatedBytes()
				runTPCH(t, dir, query, w)
				if left := mem.AllocatedBytes() - before; left != 0 {
					t.Errorf("%d bytes are still allocated", left)
				}
			})
		}
	}
}

func runTPCH(t *testing.T, dir, query string, w way) {
	t.Helper()
	sql, err := os.ReadFile(query)
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(builtin.Connectors())
	s.Endless = w.endless
	for _, table := range tpch.Tables() {
		create := fmt.Sprintf("CREATE TABLE %s WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'parquet')", table, filepath.Join(dir, table+".parquet"))
		if _, err := runSQL(t, s, create, w); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := runSQL(t, s, string(sql), w)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(rows, "\n") + "\n"
	expected := strings.TrimSuffix(query, ".sql") + ".rows"
	if *rewrite && w == tpchWays[0] {
		if err := os.WriteFile(expected, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
