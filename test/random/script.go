package random

import (
	"flag"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Script is tables with rows, views and a query over them.
type Script struct {
	Setup []string // statements before the query
	Query string
	// Beside is another query over the same tables, for a job of both.
	Beside string
	// Ordered queries say in which order their rows come.
	Ordered bool
}

// String is the script as text that can be run.
func (s Script) String() string { return strings.Join(append(s.Setup, s.Query), ";\n\n") + "\n" }

// GoString is short: tests print the script when it fails.
func (s Script) GoString() string { return "drawn" }

var (
	options = regexp.MustCompile(`(?s), WATERMARK FOR .* WITH \(.*\)$`)
	window  = regexp.MustCompile(`TABLE\((TUMBLE|HOP)\(TABLE (\w+), DESCRIPTOR\((\w+)\), INTERVAL '(\d+)' MINUTE(?:, INTERVAL '(\d+)' MINUTE)?\)\)`)
)

// Peer is the script in the dialect of DuckDB: tables without a connector, and windows by time_bucket.
func (s Script) Peer() Script {
	s.Setup = append([]string{}, s.Setup...)
	for i, statement := range s.Setup {
		s.Setup[i] = peerWindows(options.ReplaceAllString(statement, ")"))
	}
	s.Query = peerWindows(s.Query)
	return s
}

func peerWindows(sql string) string {
	return window.ReplaceAllStringFunc(sql, func(call string) string {
		m := window.FindStringSubmatch(call)
		table, time, step, size := m[2], m[3], m[4], m[5]
		starts := fmt.Sprintf("time_bucket(INTERVAL '%s' MINUTE, %s)", step, time)
		if m[1] == "TUMBLE" {
			size = step
		} else { // the windows are two steps long
			starts = fmt.Sprintf("unnest([%s, %s - INTERVAL '%s' MINUTE])", starts, starts, step)
		}
		return fmt.Sprintf("(SELECT *, window_start + INTERVAL '%s' MINUTE AS window_end FROM (SELECT *, %s AS window_start FROM %s WHERE %s IS NOT NULL))", size, starts, table, time)
	})
}

func draw(t *rapid.T) (s Script) {
	g := &generator{t: t}
	for range g.between(1, 3) {
		s.Setup = append(s.Setup, g.table()...)
	}
	for range g.between(0, 2) {
		s.Setup = append(s.Setup, fmt.Sprintf("CREATE VIEW %s AS %s", g.view("v")...))
	}
	tables := g.tables
	if g.chance(20) {
		s.Query = fmt.Sprintf("WITH %s AS (%s) ", g.view("w")...)
	}
	g.scans = 0
	q := g.query(3, nil)
	s.Query += q.sql
	s.Ordered = q.ordered
	g.scans, g.tables = 0, tables
	s.Beside = g.query(2, nil).sql
	return s
}

// view draws a named query that later ones use, and returns name and text.
func (g *generator) view(prefix string) []any {
	g.scans = 0
	q, name := g.query(2, nil), g.name(prefix)
	g.tables = append(g.tables, relation{name: name, cols: q.cols, scans: g.scans})
	return []any{name, q.sql}
}

// Check runs a test on as many scripts as wanted, which depend on a seed.
func Check(t *testing.T, scripts int, seed uint64, test func(t *rapid.T, s Script)) {
	t.Helper()
	for name, value := range map[string]any{"checks": scripts, "seed": seed, "nofailfile": true} {
		if err := flag.Set("rapid."+name, fmt.Sprint(value)); err != nil {
			t.Fatal(err)
		}
	}
	debug.SetTraceback("all") // of what hangs
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.Custom(draw).Draw(t, "script")
		stuck := time.AfterFunc(time.Minute, func() { panic("hangs: " + s.String()) })
		defer stuck.Stop()
		test(t, s)
	})
}

// table declares a table and returns the statements that make and fill it.
func (g *generator) table() []string {
	r := relation{name: g.name("t"), scans: 1}
	var defs []string
	for i := range g.between(2, 5) {
		c := column{fmt.Sprintf("c%d", i), kind(g.between(0, int(kinds)-1))}
		r.cols = append(r.cols, c)
		narrow := strings.NewReplacer("INT", "SMALLINT", "BIGINT", "BIGINT", "(3)", "(6)", "(10, 2)", "(30, 2)") // or wide
		defs = append(defs, c.name+" "+pick(g, c.kind.sql(), c.kind.sql(), narrow.Replace(c.kind.sql())))
	}
	r.cols = append(r.cols, column{"ts", timestamp})
	statements := []string{fmt.Sprintf("CREATE TABLE %s (%s, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector' = 'memory')", r.name, strings.Join(defs, ", "))}
	for range g.between(1, 4) {
		var rows []string
		seconds := 0
		for range g.between(1, 5) {
			cells := make([]string, len(r.cols))
			for i, c := range r.cols[:len(r.cols)-1] {
				if cells[i] = g.literal(c.kind); g.chance(15) {
					cells[i] = "NULL"
				}
			}
			seconds += g.between(0, 1) * g.between(1, 900)
			cells[len(r.cols)-1] = at(seconds)
			row := "(" + strings.Join(cells, ", ") + ")"
			if rows = append(rows, row); g.chance(20) {
				rows = append(rows, row)
			}
		}
		statements = append(statements, fmt.Sprintf("INSERT INTO %s VALUES %s", r.name, strings.Join(rows, ", ")))
	}
	g.tables = append(g.tables, r)
	if g.chance(3) { // no rows
		return statements[:1]
	}
	return statements
}

// at is a time some seconds after a new year.
func at(seconds int) string {
	return fmt.Sprintf("TIMESTAMP '2024-01-01 %02d:%02d:%02d'", seconds/3600, seconds/60%60, seconds%60)
}
