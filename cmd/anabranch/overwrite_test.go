package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInsertOverwrite goes through what INSERT OVERWRITE replaces and what it leaves.
func TestInsertOverwrite(t *testing.T) {
	const plain = "CREATE TABLE t (id INT, k STRING) WITH ('connector' = 'filesystem', 'path' = 'plain', 'format' = 'csv');"
	const parted = "CREATE TABLE p (id INT, k STRING, d DATE) PARTITIONED BY (k, d) WITH ('connector' = 'filesystem', 'path' = 'parted', 'format' = 'json');" +
		"INSERT INTO p VALUES (1, 'a', DATE '2024-01-01'), (2, 'a', DATE '2024-01-02'), (3, 'b', DATE '2024-01-01'), (4, CAST(NULL AS STRING), DATE '2024-01-01');"
	for name, c := range map[string]struct{ script, read, want string }{
		"table":             {plain + "INSERT INTO t VALUES (1, 'x'); INSERT OVERWRITE t VALUES (2, 'y'), (3, 'z')", "SELECT id FROM t ORDER BY id", "2 3"},
		"from itself":       {plain + "INSERT INTO t VALUES (1, 'x'); INSERT OVERWRITE t SELECT id + 1, k FROM t", "SELECT id FROM t ORDER BY id", "2"},
		"twice":             {plain + "INSERT OVERWRITE t VALUES (1, 'x'); INSERT OVERWRITE t VALUES (2, 'x')", "SELECT id FROM t ORDER BY id", "2"},
		"by nothing":        {plain + "INSERT INTO t VALUES (1, 'x'); INSERT OVERWRITE t SELECT 1, 'x' WHERE FALSE", "SELECT count(*) FROM t", "0"},
		"failing":           {plain + "INSERT INTO t VALUES (1, 'x'); INSERT OVERWRITE t SELECT 1 / (id - 1), k FROM t", "SELECT id FROM t", "1"},
		"partitions":        {parted + "INSERT OVERWRITE p VALUES (9, 'a', DATE '2024-01-01')", "SELECT id FROM p ORDER BY id", "2 3 4 9"},
		"no partition":      {parted + "INSERT OVERWRITE p SELECT * FROM p WHERE FALSE", "SELECT id FROM p ORDER BY id", "1 2 3 4"},
		"static":            {parted + "INSERT OVERWRITE p PARTITION (k = 'a', d = '2024-01-02') VALUES (8)", "SELECT id FROM p ORDER BY id", "1 3 4 8"},
		"static by nothing": {parted + "INSERT OVERWRITE p PARTITION (k = 'a', d = '2024-01-02') SELECT 8 WHERE FALSE", "SELECT id FROM p ORDER BY id", "1 3 4"},
		"NULL":              {parted + "INSERT OVERWRITE p PARTITION (k = NULL, d = '2024-01-01') SELECT 8 WHERE FALSE", "SELECT id FROM p ORDER BY id", "1 2 3"},
		"partly static":     {parted + "INSERT OVERWRITE p PARTITION (k = 'a', d) SELECT 7, DATE '2024-01-01'", "SELECT id FROM p ORDER BY id", "2 3 4 7"},
		"a file":            {"CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = 'one.csv'); INSERT OVERWRITE t VALUES (1); INSERT OVERWRITE t VALUES (2)", "SELECT id FROM t", "2"},
	} {
		t.Chdir(t.TempDir())
		for _, dir := range []string{"plain", "parted"} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "_SUCCESS"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ddl := c.script[:strings.Index(c.script, ";")+1]
		execute(t, "", "sql", "--parallelism", "3", "-c", c.script)
		r := execute(t, "", "sql", "--output", "csv", "-c", ddl+c.read)
		got := strings.Join(strings.Fields(r.out)[min(1, len(strings.Fields(r.out))):], " ")
		if r.status != 0 {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%s: rows %q, want %q; %s", name, got, c.want, r.err)
		}
		for _, dir := range []string{"plain", "parted"} {
			if _, err := os.Stat(filepath.Join(dir, "_SUCCESS")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestInsertOverwriteIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	const ddl = "CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = 'plain', 'format' = 'csv'); CREATE TABLE b (id INT) WITH ('connector' = 'print');"
	for statement, want := range map[string]string{
		"INSERT OVERWRITE b VALUES (1)":                                                                 "into tables of filesystem only",
		"SET 'execution.runtime-mode' = 'streaming'; INSERT OVERWRITE t VALUES (1)":                     "in batch jobs",
		"EXECUTE STATEMENT SET BEGIN INSERT OVERWRITE t VALUES (1); INSERT INTO t VALUES (2); END":      "overwritten by one",
		"EXECUTE STATEMENT SET BEGIN INSERT INTO t VALUES (1); INSERT OVERWRITE t VALUES (2); END":      "overwritten by one",
		"EXECUTE STATEMENT SET BEGIN INSERT OVERWRITE t VALUES (1); INSERT OVERWRITE t VALUES (2); END": "overwritten by one",
	} {
		execute(t, "", "sql", "-c", ddl+statement).want(t, 1, "", want)
	}
}
