package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anabranch/anabranch/bench/tpch"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/parquet"
	"github.com/anabranch/anabranch/vfs"
)

// result is what a command line left behind.
type result struct {
	status   int
	out, err string
}

func execute(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), streams{in: strings.NewReader(stdin), out: &out, err: &errs}, args)
	return result{status, out.String(), errs.String()}
}

func (r result) want(t *testing.T, status int, out string, errs ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d; stderr: %s", r.status, status, r.err)
	}
	if r.out != out {
		t.Errorf("stdout:\n%s\nwant:\n%s", r.out, out)
	}
	for _, e := range errs {
		if !strings.Contains(r.err, e) {
			t.Errorf("stderr:\n%s\nwant: %s", r.err, e)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"sql --bad", "unknown flag"},
		{"nothing", "unknown command"},
		{"run", "accepts 1 arg"},
		{"sql --output xml -c x", `unknown output "xml"`},
		{"sql --output-protocol xml -c x", "want jsonl"},
		{"sql -c x -f y", "none of the others can be"},
		{"sql --set no.such=1 -c x", "unknown setting 'no.such'"},
		{"completion tcsh", "unknown"},
		{"sql --mode fast -c x", `--mode "fast"`},
		{"sql --memory 4XB -c x", "--memory"},
		{"sql --set novalue -c x", "want key=value"},
		{"sql --parallelism 0 -c x", "--parallelism 0"},
		{"sql --log-level loud -c x", "--log-level"},
		{"explain", "either -c SQL or a file"},
		{"explain --format xml -c x", "want text, json or dot"},
		{"generate tpch --tables none", `unknown table "none"`},
		{"generate tpch --format xml", `unknown format "xml"`},
		{"generate nexmark --events 0", "at least one"},
	} {
		execute(t, "", strings.Fields(c.line)...).want(t, 2, "", "error: ", c.want)
	}
}

func TestStatements(t *testing.T) {
	const want = " a | b\n---+---\n 1 | x\n(1 row)\n a\n---\n 2\n(1 row)\n"
	const text = "SELECT 1 AS a, 'x' AS b;\nSELECT 2 AS a"
	execute(t, "", "sql", "-c", text).want(t, 0, want)
	execute(t, text, "sql").want(t, 0, want)
	path := filepath.Join(t.TempDir(), "script.sql")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, "", "sql", "-f", path).want(t, 0, want)
	execute(t, "", "run", path).want(t, 0, want, "rows read")
	execute(t, text, "run", "-").want(t, 0, want)
	execute(t, "", "sql", "-c", text+"; QUIT; SELECT 3").want(t, 0, want)
	execute(t, "", "sql", "-c", "CREATE VIEW one AS SELECT 1 AS a", "-c", "SELECT a FROM one").want(t, 0, " a\n---\n 1\n(1 row)\n")
	execute(t, "", "sql", "-c", "SELECT nope", "-c", "SELECT 1 AS a").want(t, 1, "", "unknown column nope")
}

func TestErrorEndsScript(t *testing.T) {
	r := execute(t, "", "sql", "-c", "SELECT 1 AS a;\nSELECT\n  nope;\nSELECT 2")
	r.want(t, 1, " a\n---\n 1\n(1 row)\n", "error: line 3, column 3:", "3 |   nope", "    |   ^")
	execute(t, "", "sql", "-c", "SELECT 1/0 AS a").want(t, 1, "", "error: ")
	execute(t, "", "run", "no/such.sql").want(t, 1, "", "no/such.sql")
}

// TestOperatorThatDoesNotOpen names the operator that found no memory, not the last one of its chain.
func TestOperatorThatDoesNotOpen(t *testing.T) {
	query := "SELECT x, COUNT(*) + 1 FROM (VALUES (1), (2)) AS t(x) GROUP BY x"
	r := execute(t, "", "sql", "--mode", "batch", "--memory", "60KB", "-c", query)
	r.want(t, 1, "", "error: HashAggregate(", "out of memory: 64.0 KiB more are needed, ")
	if n := strings.Count(r.err, "HashAggregate("); n != 1 {
		t.Errorf("the operator is named %d times: %s", n, r.err)
	}
}

// TestErrorNamesOperatorOnce has an error of the operator that its task is named after.
func TestErrorNamesOperatorOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(path, []byte("id\n1\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ddl := "CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '" + path + "');"
	r := execute(t, "", "sql", "--parallelism", "1", "-c", ddl+"SELECT * FROM t")
	r.want(t, 1, "", "error: task Scan(t, columns=[id]) (1/1): csv: "+path+": line 3")
}

// TestBadRowsAreCounted has a query that nobody watches on a terminal tell how many rows it has left out.
func TestBadRowsAreCounted(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("id\n1\nx\ny\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for policy, want := range map[string]string{"skip": "rows left out: 2 bad\n", "dead-letter": "rows left out: 2 dead-letter\n"} {
		ddl := "CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '" + dir + "/a.csv', 'on-error' = '" + policy + "'"
		if policy == "dead-letter" {
			ddl += ", 'on-error.dead-letter.path' = '" + dir + "/bad'"
		}
		r := execute(t, "", "sql", "--output", "csv", "-c", ddl+");SELECT * FROM t")
		if r.want(t, 0, "id\n1\n"); r.err != want {
			t.Errorf("%s: stderr %q, want %q", policy, r.err, want)
		}
	}
}

// TestBadRowsOfAWatchedDirectory are counted while the job waits for files.
func TestBadRowsOfAWatchedDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("id\n1\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ddl := "CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '" + dir + "', 'format' = 'csv', 'on-error' = 'skip', 'source.monitor-interval' = '50 ms');"
	var out, errs bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer stop()
	run(ctx, streams{in: strings.NewReader(""), out: &out, err: &errs}, []string{"sql", "--output", "csv", "-c", ddl + "SELECT * FROM t"})
	if !strings.Contains(errs.String(), "rows left out: 1 bad") {
		t.Errorf("stderr %q, stdout %q", errs.String(), out.String())
	}
}

func TestShowFunctions(t *testing.T) {
	r := execute(t, "", "sql", "--output", "csv", "-c", "SHOW FUNCTIONS")
	for name, want := range map[string]bool{"MOD": true, "UPPER": true, "SUM": true, "FIELD": false, "NEGATE": false, "IN": false, "NOT": false} {
		if got := strings.Contains(r.out, "\n"+name+"\n"); got != want {
			t.Errorf("SHOW FUNCTIONS lists %s: %t", name, got)
		}
	}
}

// TestSecretsInMistakes has secrets that are not written as values, or that the part of the line that is shown begins in.
func TestSecretsInMistakes(t *testing.T) {
	long := strings.Repeat("hunter2 ", 30)
	for _, option := range []string{"'my.password' 'hunter2'", "'my.password' = hunter2", "'my.password' = \"hunter2\"", "'my.password' = `hunter2`", "'my.password' = '" + long + "' 'x'"} {
		statement := "CREATE TABLE t (a INT) WITH ('connector' = 'print', " + option + ")"
		for _, args := range [][]string{{"sql", "-c", statement}, {"sql", "--output-protocol", "jsonl", "-c", statement}} {
			if r := execute(t, "", args...); r.status != 1 || strings.Contains(r.err+r.out, "unter2") || strings.Contains(r.err+r.out, "hunter") {
				t.Errorf("status %d, %s%s", r.status, r.err, r.out)
			}
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	r := execute(t, "", "sql", "-c", "CREATE TABLE t (a INT) WITH ('connector' = 'print', 'my.password' = 'hunter2')")
	if r.status != 1 || strings.Contains(r.err, "hunter2") || !strings.Contains(r.err, "****") {
		t.Errorf("status %d, stderr %s", r.status, r.err)
	}
}

// TestSecretsOfKafkaAreMasked shows a table and its plan without what lets one in.
func TestSecretsOfKafkaAreMasked(t *testing.T) {
	table := `CREATE TABLE t (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset',
		'properties.bootstrap.servers' = '127.0.0.1:1', 'properties.security.protocol' = 'SASL_PLAINTEXT', 'properties.sasl.mechanism' = 'PLAIN',
		'properties.sasl.jaas.config' = 'x.PlainLoginModule required username="joe" password="hunter2";', 'properties.ssl.key.password' = 'hunter2',
		'properties.ssl.keystore.key' = '-----BEGIN PRIVATE KEY-----
hunter2
-----END PRIVATE KEY-----');`
	for _, sql := range []string{"SHOW CREATE TABLE t", "EXPLAIN INSERT INTO t SELECT a FROM t", "EXPLAIN PLAN_ADVICE SELECT a FROM t", "SELECT x FROM t", "DESCRIBE t"} {
		for _, args := range [][]string{nil, {"--output-protocol", "jsonl"}} {
			r := execute(t, table+sql, append([]string{"sql"}, args...)...)
			if strings.Contains(r.out+r.err, "hunter2") {
				t.Errorf("%s %v: %s%s", sql, args, r.out, r.err)
			}
			if sql == "SHOW CREATE TABLE t" && strings.Count(r.out, "****") != 3 {
				t.Errorf("%v: %s", args, r.out)
			}
		}
	}
}

func TestEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script.sql")
	if err := os.WriteFile(path, []byte("SELECT '${ANABRANCH_TEST}' AS a;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, "", "run", path).want(t, 1, "", path+": line 1", "ANABRANCH_TEST")
	t.Setenv("ANABRANCH_TEST", "it's")
	execute(t, "", "run", path).want(t, 0, " a\n------\n it's\n(1 row)\n")
}

func TestProtocolGoesOn(t *testing.T) {
	r := execute(t, "SELECT 1 AS a; SELEC; SELECT 1/0 AS a; CREATE VIEW v AS SELECT 5 AS b; SELECT * FROM v", "sql", "--output-protocol", "jsonl")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.status != 1 || len(lines) != 5 || r.err != "" {
		t.Fatalf("status %d, stderr %s, stdout:\n%s", r.status, r.err, r.out)
	}
	for i, want := range []string{
		`{"statement":1,"columns":[{"name":"a","type":"INT"}],"rows":[[1]],"error":null}`,
		`{"statement":2,"columns":[],"rows":[],"error":{"class":"syntax",`,
		`"error":{"class":"runtime",`,
		`{"statement":4,"columns":[],"rows":[],"error":null}`,
		`{"statement":5,"columns":[{"name":"b","type":"INT"}],"rows":[[5]],"error":null}`,
	} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d: %s, want %s", i+1, lines[i], want)
		}
	}
}

// TestProtocolHasStandardOutput prints a table beside the lines of the protocol.
func TestProtocolHasStandardOutput(t *testing.T) {
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = nil, printed
	r := execute(t, "CREATE TABLE p (a INT) WITH ('connector' = 'print'); INSERT INTO p SELECT 7", "sql", "--output-protocol", "jsonl")
	os.Stdout, os.Stderr = stdout, stderr
	if err := printed.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(printed.Name())
	if err != nil || string(text) != "+I[7]\n" || strings.Count(r.out, "\n") != 2 || r.status != 0 {
		t.Errorf("status %d, printed %q, stdout:\n%s%v", r.status, text, r.out, err)
	}
}

// TestInputRunsAsItComes verifies that a statement on standard input runs before the next is there.
func TestInputRunsAsItComes(t *testing.T) {
	in, feed := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan int)
	go func() {
		var errs bytes.Buffer
		done <- run(context.Background(), streams{in: in, out: out, err: &errs}, []string{"sql", "--output-protocol", "jsonl"})
		_ = out.Close() // of a pipe: never fails
	}()
	lines := bufio.NewScanner(answers)
	for i, c := range []struct{ typed, want string }{
		{"SELECT 1\n  AS a;\n", `"rows":[[1]]`},
		{"SELECT\n\n nope;\n", `"line":5,"column":2`},
		{"SELECT ';'; -- two\n", `"rows":[[";"]]`},
	} {
		if _, err := io.WriteString(feed, c.typed); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() || !strings.Contains(lines.Text(), c.want) || !strings.Contains(lines.Text(), fmt.Sprintf(`"statement":%d,`, i+1)) {
			t.Errorf("%q: answer %s", c.typed, lines.Text())
		}
	}
	if _, err := io.WriteString(feed, "QUIT;\n"); err != nil {
		t.Fatal(err)
	}
	if status := <-done; status != 1 {
		t.Errorf("status %d", status)
	}
}

// TestOneFileIsWritten verifies that many subtasks can end in one file, and that INSERT and COPY
// can be read back.
func TestOneFileIsWritten(t *testing.T) {
	dir := t.TempDir()
	execute(t, "", "generate", "tpch", "--scale", "0.01", "--tables", "orders", "--dir", dir).want(t, 0, "")
	script := strings.ReplaceAll(`
		COPY (SELECT o_orderkey, o_orderdate FROM '$/orders.parquet') TO '$/copy.csv' (FORMAT csv);
		COPY (SELECT o_orderkey, o_comment FROM '$/orders.parquet') TO '$/copy.arrow';
		COPY (SELECT o_orderkey, o_comment FROM '$/copy.arrow') TO '$/copy.arrows';
		CREATE TABLE t (k BIGINT, c STRING) WITH ('connector' = 'filesystem', 'path' = '$/insert.json', 'format' = 'json');
		INSERT INTO t SELECT o_orderkey, o_comment FROM '$/orders.parquet' WHERE o_orderkey <= 100;
		SELECT count(*) AS n, max(k) AS k FROM t;
		SELECT count(*) AS n FROM '$/copy.csv';
		SELECT count(*) AS n FROM '$/copy.arrows' AS a JOIN '$/orders.parquet' AS b ON a.o_orderkey = b.o_orderkey AND a.o_comment = b.o_comment`, "$", dir)
	execute(t, script, "sql", "--parallelism", "3").want(t, 0, "  n |   k\n----+-----\n 28 | 100\n(1 row)\n     n\n-------\n 15000\n(1 row)\n     n\n-------\n 15000\n(1 row)\n")
}

func TestHelp(t *testing.T) {
	r := execute(t, "HELP;", "sql")
	if r.status != 0 || !strings.HasPrefix(r.out, "Statements end") {
		t.Errorf("status %d, stdout %s", r.status, r.out)
	}
}

func TestClosedPipe(t *testing.T) {
	var errs bytes.Buffer
	s := streams{in: strings.NewReader(""), out: gone{}, err: &errs}
	if status := run(t.Context(), s, []string{"sql", "-c", "SELECT 1"}); status != 0 || errs.Len() > 0 {
		t.Errorf("status %d, stderr %s", status, &errs)
	}
}

// gone is a pipe without a reader.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, &os.PathError{Op: "write", Err: syscall.EPIPE} }

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs bytes.Buffer
	s := streams{in: strings.NewReader(""), out: io.Discard, err: &errs}
	const unbounded = "CREATE TABLE n WITH ('connector' = 'nexmark'); SELECT * FROM n"
	if status := run(ctx, s, []string{"sql", "-c", unbounded}); status != 1 || errs.String() != "error: cancelled\n" {
		t.Errorf("status %d, stderr %s", status, &errs)
	}
}

// TestGenerated reads back what the generator wrote, with the format and with SQL.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	execute(t, "", "generate", "tpch", "--scale", "0.001", "--dir", dir).want(t, 0, "", "lineitem.parquet: 6005 rows")
	want := map[string]int64{
		"region": 5, "nation": 25, "supplier": 10, "customer": 150, "part": 200, "partsupp": 800, "orders": 1500, "lineitem": 6005,
	}
	for _, name := range tpch.Tables() {
		f, size, err := vfs.Open(filepath.Join(dir, name+".parquet"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parquet.Open(f, size, name)
		if err != nil {
			t.Fatal(err)
		}
		if p.NumRows() != want[name] || len(p.Schema().Fields) != len(tpch.Columns(name)) {
			t.Errorf("%s: %d rows, columns %s", name, p.NumRows(), p.Schema())
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	query := "SELECT count(*) AS n, sum(l_quantity) AS q, min(l_shipdate) AS d FROM '" + dir + "/lineitem.parquet'"
	execute(t, "", "sql", "-o", "csv", "-c", query).want(t, 0, "n,q,d\n6005,"+sumOfQuantities(t)+"\n")
	if r := execute(t, "", "sql", "-o", "parquet", "-c", query); r.status != 0 || !strings.HasPrefix(r.out, "PAR1") {
		t.Errorf("status %d, stderr %s", r.status, r.err)
	}
	if r := execute(t, "", "sql", "-o", "arrow", "-c", query); r.status != 0 || !strings.HasPrefix(r.out, "ARROW1") || !strings.HasSuffix(r.out, "ARROW1") {
		t.Errorf("status %d, stderr %s", r.status, r.err)
	}
}

// sumOfQuantities computes the query of TestGenerated row by row.
func sumOfQuantities(t *testing.T) string {
	t.Helper()
	g, err := tpch.New(0.001)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	first := int32(1 << 30)
	var l tpch.Lineitem
	for lines := g.Lineitems(tpch.Share{}); lines.Next(&l); {
		sum += l.Quantity
		first = min(first, l.ShipDate)
	}
	return columnar.FormatDecimal(columnar.Int128Of(sum), 2) + "," + string(columnar.AppendDate(nil, first))
}

func TestGeneratedNexmark(t *testing.T) {
	dir := t.TempDir()
	for _, format := range []string{"parquet", "json"} {
		execute(t, "", "generate", "nexmark", "--events", "1000", "--format", format, "--dir", dir).
			want(t, 0, "", "person."+format+": 20 rows", "auction."+format+": 60 rows", "bid."+format+": 920 rows")
		query := "SELECT count(*) AS n FROM '" + dir + "/bid." + format + "'"
		execute(t, "", "sql", "-o", "json", "-c", query).want(t, 0, `{"n":920}`+"\n")
	}
}

func TestExplain(t *testing.T) {
	r := execute(t, "", "explain", "-c", "CREATE VIEW v AS SELECT 1 AS a; SELECT a FROM v WHERE a > 0")
	if r.status != 0 || !strings.Contains(r.out, "Values") {
		t.Errorf("status %d, stderr %s, stdout:\n%s", r.status, r.err, r.out)
	}
}

// TestExplainFormats has all four graphs of a query in each format.
func TestExplainFormats(t *testing.T) {
	query := "CREATE TABLE g (a INT) WITH ('connector' = 'datagen'); SELECT a + 1 AS b FROM g ORDER BY b LIMIT 1"
	text := execute(t, "", "explain", "--parallelism", "3", "-c", query)
	tasks := "1-3: Scan(g, columns=[a])"
	if !strings.Contains(text.out, "== Execution Graph ==\n"+tasks) {
		t.Errorf("text: %s%s", text.out, text.err)
	}
	var views map[string]struct {
		Nodes []struct{ Label, Tasks string }
	}
	r := execute(t, "", "explain", "--format", "json", "-c", query)
	if err := json.Unmarshal([]byte(r.out), &views); err != nil || len(views["execution"].Nodes) == 0 || views["execution"].Nodes[0].Label == "" {
		t.Errorf("json: %v, %s", err, r.out)
	}
	dot := execute(t, "", "explain", "--format", "dot", "-c", query).out
	for _, name := range []string{"logical", "optimized", "physical", "execution"} {
		if len(views[name].Nodes) == 0 {
			t.Errorf("json has no %s plan", name)
		}
		if !strings.Contains(dot, `label="`+name+`"`) {
			t.Errorf("dot has no %s plan", name)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"4GB": 4 << 30, "512 MiB": 512 << 20, "1.5k": 1536, "7": 7, "1t": 1 << 40} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("parseBytes(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GB", "-1GB", "4XB", "0", "1e30", "nan"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("parseBytes(%q) = %d", text, got)
		}
	}
}

func TestMessage(t *testing.T) {
	if got := message(errors.New("x")); got != "error: x" {
		t.Error(got)
	}
}

// TestTablesReadWhatTheyWrote writes types whose lengths and precisions files do not keep.
func TestTablesReadWhatTheyWrote(t *testing.T) {
	for _, format := range []string{"parquet", "arrow", "csv", "json"} {
		script := "CREATE TABLE t (a VARCHAR(10), b TIMESTAMP(0), c CHAR(3), d TIMESTAMP_LTZ(1), e DECIMAL(10, 2), f TIME(0), g TIMESTAMP(4), h TIMESTAMP(9)) " +
			"WITH ('connector' = 'filesystem', 'path' = '" + t.TempDir() + "/out', 'format' = '" + format + "');" +
			"INSERT INTO t SELECT 'x', TIMESTAMP '2024-01-01 00:00:01', 'abc', CAST(TIMESTAMP '2024-01-01 00:00:01.5' AS TIMESTAMP_LTZ(1)), CAST(1.5 AS DECIMAL(10, 2))," +
			" TIME '10:00:00', CAST(TIMESTAMP '2024-01-01 00:00:01.1234' AS TIMESTAMP(4)), TIMESTAMP '2024-01-01 00:00:01.123456789';" +
			"SELECT * FROM t WHERE a = 'x' AND b = TIMESTAMP '2024-01-01 00:00:01' AND g < h"
		r := execute(t, script, "sql", "-o", "csv")
		want := "x,2024-01-01 00:00:01,abc,2024-01-01 00:00:01.5Z,1.50,10:00:00,2024-01-01 00:00:01.1234,2024-01-01 00:00:01.123456789\n"
		if r.status != 0 || !strings.HasSuffix(r.out, want) {
			t.Errorf("%s: status %d, %q, want %q; %s", format, r.status, r.out, want, r.err)
		}
	}
}

// until is a writer that cancels when it has seen a text.
type until struct {
	bytes.Buffer
	text   string
	cancel func()
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.Buffer.Write(b)
	if strings.Contains(u.String(), u.text) {
		u.cancel()
	}
	return n, err
}

const endlessCounts = "CREATE TABLE g (k INT) WITH ('connector' = 'datagen', 'rows-per-second' = '2000', 'fields.k.min' = '1', 'fields.k.max' = '3');" +
	"SELECT k, count(*) AS n FROM g GROUP BY k"

// TestChangelog folds the kinds that are shown: at any time each key has one count at most.
func TestChangelog(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &until{text: "+U,3,1", cancel: cancel}
	var errs bytes.Buffer
	run(ctx, streams{in: strings.NewReader(endlessCounts), out: out, err: &errs}, []string{"sql", "-o", "csv", "--parallelism", "1"})
	counts := map[string]string{}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) < 4 || lines[0] != "op,k,n" {
		t.Fatalf("%q; %s", lines, errs.String())
	}
	for _, line := range lines[1:] {
		f := strings.Split(line, ",")
		before, there := counts[f[1]]
		switch f[0] {
		case "+I", "+U":
			if there || f[0] == "+I" && f[2] == "" {
				t.Errorf("%s where %s has %s", line, f[1], before)
			}
			counts[f[1]] = f[2]
		case "-U":
			if before != f[2] {
				t.Errorf("%s where %s has %s", line, f[1], before)
			}
			delete(counts, f[1])
		default:
			t.Errorf("kind of %s", line)
		}
	}
	execute(t, "SELECT 1 AS a", "sql", "-o", "csv", "--mode", "streaming", "--changelog").want(t, 0, "op,a\n+I,1\n")
	execute(t, "SELECT 1 AS a", "sql", "-o", "csv", "--mode", "batch", "--changelog").want(t, 0, "a\n1\n")
}

// TestProtocolFoldsAChangelog cancels an endless query: its line has the table of that moment.
func TestProtocolFoldsAChangelog(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(500*time.Millisecond, cancel).Stop()
	var out, errs bytes.Buffer
	run(ctx, streams{in: strings.NewReader(endlessCounts), out: &out, err: &errs}, []string{"sql", "--output-protocol", "jsonl"})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last struct {
		Rows  [][2]any
		Error struct{ Class string }
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Error.Class != "cancelled" {
		t.Fatalf("%v, %s; %s", err, out.String(), errs.String())
	}
	seen := map[any]bool{}
	for _, r := range last.Rows {
		if seen[r[0]] {
			t.Errorf("%v twice in %v", r[0], last.Rows)
		}
		seen[r[0]] = true
	}
	if len(seen) == 0 || len(seen) > 3 {
		t.Errorf("rows %v", last.Rows)
	}
}

// TestPlacesOfRowErrors has expressions fail at a row: each is shown in the text of its statement, one of a view
// or a table's definition where that is named.
func TestPlacesOfRowErrors(t *testing.T) {
	const tables = "CREATE TABLE t (a BIGINT, s STRING, c AS a / 0);\nINSERT INTO t VALUES (1, 'x'), (9223372036854775807, '');\nCREATE VIEW v AS SELECT 7 / (a - 1) AS q FROM t;\n"
	for _, c := range []struct{ query, place string }{
		{"SELECT a,\n  a / (a - a) FROM t", "line 5, column 5: "},
		{"SELECT a FROM t WHERE a > 1 OR\n CAST(s AS INT) > 1", "line 5, column 2: "},
		{"SELECT x.a FROM t AS x JOIN t AS y ON x.a = y.a AND x.a / (x.a - y.a) = 1", "line 4, column 57: "},
		{"SELECT SUM(a) FROM t", "line 4, column 8: "},
		{"SELECT COUNT(*) FROM t GROUP BY a\n % 0", "line 5, column 2: "},
		{"SELECT 1 + c FROM t", "line 4, column 19: "},
		{"SELECT q + 1 FROM v", "line 4, column 19: "},
		{"SELECT CASE WHEN a = 1 THEN 5 % (a - 1) END FROM t", "line 4, column 31: "},
		{"CREATE TABLE u (n INT, s STRING NOT NULL); INSERT INTO u SELECT a,\n s FROM t", "line 4, column 65: "},
		{"CREATE TABLE u (n INT, s STRING NOT NULL); INSERT INTO u (s,\n n) SELECT s, a FROM t", "line 5, column 15: "},
		{"CREATE TABLE u (n INT, s STRING NOT NULL); INSERT INTO u (s,\n n) VALUES ('', 1), (NULL, 2)", "line 4, column 59: "},
		{"CREATE TABLE u (s STRING NOT NULL);\nINSERT INTO u\nSELECT NULLIF(s, '') FROM t", "line 6, column 8: "},
	} {
		execute(t, "", "sql", "-c", tables+c.query).want(t, statusFailed, "", "error: "+c.place, "^")
	}
}
