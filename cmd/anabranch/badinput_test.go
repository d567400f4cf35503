package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/checkpoint"
)

// TestBadInput gives files and statements that are wrong: each is told in one line that says what and where, and what to
// do if that is not plain.
func TestBadInput(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, copy := range []string{
		"(SELECT 1 AS a, 'x' AS b) TO 'good.parquet'", "(SELECT 1 AS a, 'x' AS b) TO 'type/1.parquet'", "(SELECT 'x' AS a, 'x' AS b) TO 'type/2.parquet'",
		"(SELECT 1 AS a, 'x' AS b) TO 'column/1.parquet'", "(SELECT 1 AS a, 'x' AS c) TO 'column/2.parquet'",
		"(SELECT 1 AS a, 'x' AS b) TO 'more/1.csv'", "(SELECT 1 AS a, 'x' AS b, 2 AS c) TO 'more/2.csv'", "(SELECT 1 AS a) TO 'cut.arrow'",
	} {
		execute(t, "", "sql", "-c", "COPY "+copy).want(t, 0, "")
	}
	good, err := os.ReadFile("good.parquet")
	if err != nil {
		t.Fatal(err)
	}
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	if _, err := z.Write([]byte("id,n\n1,2\n3,4\n")); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	packed := gz.String()
	damaged := bytes.Clone(good)
	damaged[20] ^= 0xff
	for path, text := range map[string]string{
		"cut.parquet": string(good[:len(good)-20]), "empty.parquet": "", "short.parquet": "abc", "other.parquet": strings.Repeat("not Parquet ", 10),
		"damaged.parquet": string(damaged), "empty.csv": "", "empty.arrow": "", "rows.csv": "id,n\n1,2\nx,3\n", "fields.csv": "id,n\n1,2\n2\n",
		"rows.json":  "{\"id\":1}\n{\"id\":\n",
		"cut.csv.gz": packed[:len(packed)-9],
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("nothing", 0o755); err != nil {
		t.Fatal(err)
	}
	const csv = "CREATE TABLE t (id INT, n INT) WITH ('connector' = 'filesystem', 'path' = '%'); SELECT * FROM t"
	for script, want := range map[string]string{
		"SELECT * FROM 'cut.parquet'":                                           "cut.parquet: not a Parquet file: it begins like one, but ends in",
		"SELECT * FROM 'empty.parquet'":                                         "empty.parquet: not a Parquet file: 0 bytes are too few",
		"SELECT * FROM 'short.parquet'":                                         "short.parquet: not a Parquet file: 3 bytes are too few",
		"SELECT * FROM 'other.parquet'":                                         `other.parquet: not a Parquet file: it ends in "uet "`,
		"SELECT * FROM 'damaged.parquet'":                                       "damaged.parquet: row group 0: column",
		"SELECT * FROM 'empty.csv'":                                             "empty.csv: no columns were found",
		"SELECT * FROM 'empty.arrow'":                                           "empty.arrow: not an Arrow file: it is empty",
		"SELECT * FROM 'none.parquet'":                                          "none.parquet: no such file or directory",
		"SELECT * FROM 'nothing'":                                               "no file matches nothing",
		"SELECT * FROM 'type'":                                                  "type/2.parquet: column a is STRING, the table's is INT",
		"SELECT * FROM 'column'":                                                "column/2.parquet has no column b",
		"SELECT * FROM 'more'":                                                  "more/2.csv: line 2: 3 fields where 2 were wanted",
		strings.Replace(csv, "%", "rows.csv", 1):                                `rows.csv: line 3: column "id": "x" is not INT`,
		strings.Replace(csv, "%", "fields.csv", 1):                              "fields.csv: line 3: 1 fields where 2 were wanted",
		strings.Replace(csv, "%", "rows.json", 1):                               "rows.json: line 2",
		"CREATE TABLE t (a INT) WITH ('connector' = 'filesytem')":               "unknown connector 'filesytem'; did you mean 'filesystem'?",
		"CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'pth' = 'x')": "connector 'filesystem' has no option 'pth'; did you mean 'path'?",
		strings.Replace(csv, "%", "cut.csv.gz", 1):                              "cut.csv.gz: the compressed data ends early; the file may have been cut off",
		strings.Replace(csv, "%", "rows.csv', 'csv.header' = 'maybe", 1):        "option 'csv.header' is 'maybe', not one of true, false",
		"CREATE TABLE t (a INTT)":                                               `expected a type, found "INTT"`,
		"SET 'execution.runtime-mod' = 'batch'":                                 "unknown setting 'execution.runtime-mod'; did you mean 'execution.runtime-mode'?",
		"SELECT uper('x')":                                                      "unknown function uper; did you mean UPPER?",
		"SELECT aa FROM 'good.parquet'":                                         "unknown column aa; did you mean a?",
		"CREATE VIEW orders AS SELECT 1 AS a; SELECT * FROM order_s":            "unknown table order_s; did you mean orders?",
		"SELECT 1 / (a - 1) FROM 'good.parquet'":                                "division by zero: 1 / 0",
		"SELECT 2147483646 + a + a FROM 'good.parquet'":                         "INT out of range",
		"SELECT upper(a) FROM 'good.parquet'":                                   "UPPER: argument 1 is INT, not a string",
	} {
		r := execute(t, "", "sql", "-c", script)
		line, _, _ := strings.Cut(r.err, "\n")
		if r.status != statusFailed || r.out != "" || !strings.HasPrefix(line, "error: ") || !strings.Contains(line, want) || strings.Count(r.err, "error: ") != 1 {
			t.Errorf("%s: status %d, stdout %q, want %q, got:\n%s", script, r.status, r.out, want, r.err)
		}
	}
}

// TestDeepExpressions has 5000 levels of each way to nest run, or be refused.
func TestDeepExpressions(t *testing.T) {
	const n = 5000
	for _, c := range []struct{ open, middle, end string }{
		{"(", "1", ")"},
		{"1 + (", "1", ")"},
		{"abs(", "1", ")"},
		{"- ", "1", ""},
		{"CASE WHEN TRUE THEN ", "1", " END"},
		{"CAST(", "1", " AS INT)"},
		{"(SELECT ", "1", ")"},
		{"ROW(", "1", ")"},
		{"1 IN (", "1", ")"},
	} {
		query := "SELECT " + strings.Repeat(c.open, n) + c.middle + strings.Repeat(c.end, n)
		r := execute(t, "", "sql", "--output", "csv", "-c", query)
		if r.status != statusOK && (r.status != statusFailed || strings.Count(r.err, "error: ") != 1 || strings.Contains(r.err, "goroutine")) {
			t.Errorf("%s: status %d, stderr %.300s", c.open, r.status, r.err)
		}
	}
}

// TestFolderInUse starts a job whose folder of checkpoints another holds.
func TestFolderInUse(t *testing.T) {
	t.Chdir(t.TempDir())
	store, err := checkpoint.Open(".anabranch", "job")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // the test has ended
	script := "SET 'execution.runtime-mode' = 'streaming'; SET 'execution.checkpointing.interval' = '1 s'; " +
		"CREATE TABLE b (a INT) WITH ('connector' = 'blackhole'); INSERT INTO b VALUES (1);"
	if err := os.WriteFile(filepath.Join(".", "job.sql"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, "", "run", "job.sql").want(t, 1, "", "another process is running this job", "give this one another pipeline.name")
}
