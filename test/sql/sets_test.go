package sql

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/sql/session"
)

// TestStatementSetsEnd draws jobs of several INSERTs over two tables of far more batches than channels hold,
// with joins whose sides are the same tables, groups and orders. What they share must not have one wait for
// another for good, and the rows are those of a job that shares nothing.
func TestStatementSetsEnd(t *testing.T) {
	s := session.New(builtin.Connectors())
	mustRun(t, s, `CREATE TABLE numbers (k INT) WITH ('connector' = 'datagen', 'rows-per-second' = '10000000', 'fields.k.kind' = 'sequence', 'fields.k.start' = '0', 'fields.k.end' = '49999');
CREATE TABLE a (k INT, v INT) WITH ('connector' = 'memory');
CREATE TABLE b LIKE a;
INSERT INTO a SELECT k, MOD(k * 7, 1000) FROM numbers;
INSERT INTO b SELECT k, MOD(k * 7, 1000) FROM numbers`, ways[0])
	if err := flag.Set("rapid.checks", fmt.Sprint(*queries)); err != nil {
		t.Fatal(err)
	}
	shared := 0
	rapid.Check(t, func(rt *rapid.T) {
		queries := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string { return drawJoins(rt, 3) }), 1, 3).Draw(rt, "queries")
		if rapid.Bool().Draw(rt, "again") {
			queries = append(queries, "SELECT k, v + 1 AS v FROM ("+queries[0]+")")
		}
		w := way{parallelism: rapid.IntRange(1, 3).Draw(rt, "parallelism"), streaming: rapid.Bool().Draw(rt, "streaming")}
		hangs := time.AfterFunc(time.Minute, func() { panic("hangs: " + strings.Join(queries, ";\n")) })
		defer hangs.Stop()
		plans := map[string]string{}
		got := map[string][][]string{}
		for _, reuse := range []string{"true", "false"} {
			mustRun(t, s, "SET 'table.optimizer.reuse-sub-plan-enabled' = '"+reuse+"'", w)
			set := "EXECUTE STATEMENT SET BEGIN\n"
			for i, q := range queries {
				mustRun(t, s, fmt.Sprintf("DROP TABLE IF EXISTS s%d; CREATE TABLE s%d (k INT, v INT) WITH ('connector' = 'memory')", i, i), w)
				set += fmt.Sprintf("INSERT INTO s%d %s;\n", i, q)
			}
			set += "END"
			plans[reuse] = strings.Join(mustRun(t, s, "EXPLAIN "+set, w), "\n")
			mustRun(t, s, set, w)
			for i := range queries {
				out := mustRun(t, s, fmt.Sprintf("SELECT * FROM s%d", i), ways[0])
				slices.Sort(out)
				got[reuse] = append(got[reuse], out)
			}
		}
		if strings.Contains(plans["true"], " above)") {
			shared++
		}
		for i, q := range queries {
			if !slices.Equal(got["true"][i], got["false"][i]) {
				rt.Fatalf("%s: %d rows, %d if nothing is shared\n%s", q, len(got["true"][i]), len(got["false"][i]), strings.Join(queries, ";\n"))
			}
		}
	})
	if t.Logf("%d jobs shared something", shared); shared == 0 {
		t.Error("no job shared anything")
	}
}

// mustRun is runSQL of what must not fail.
func mustRun(t *testing.T, s *session.Session, sql string, w way) []string {
	t.Helper()
	rows, err := runSQL(t, s, sql, w)
	if err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
	return rows
}

// drawJoins draws a query of columns k and v, where k is a key.
func drawJoins(t *rapid.T, depth int) string {
	n := rapid.IntRange(0, 9).Draw(t, "form")
	if depth == 0 || n < 2 {
		table := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "table")
		return rapid.SampledFrom([]string{"SELECT k, v FROM " + table, "SELECT k, v + 1 AS v FROM " + table, "SELECT k, k AS v FROM " + table}).Draw(t, "scan")
	}
	left := drawJoins(t, depth-1)
	switch n {
	case 2:
		return "SELECT k, MAX(v) AS v FROM (" + left + ") GROUP BY k"
	case 3:
		return "SELECT k, v FROM (" + left + ") ORDER BY k LIMIT 1000"
	case 4:
		return "SELECT k, v FROM (" + left + ") UNION ALL SELECT k + 5000, v FROM (" + drawJoins(t, depth-1) + ")"
	}
	kind := rapid.SampledFrom([]string{"JOIN", "LEFT JOIN", "JOIN"}).Draw(t, "kind")
	return "SELECT l.k, r.v FROM (" + left + ") AS l " + kind + " (" + drawJoins(t, depth-1) + ") AS r ON l.k = r.k"
}
