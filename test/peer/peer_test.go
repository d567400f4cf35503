package peer

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/anabranch/anabranch/bench/tpch"
)

// scripts is where the paths in the scripts start from.
const scripts = "../sql"

// open gives a DuckDB of one connection, so that settings and views last,
// in which nulls sort low.
func open(t *testing.T) *sql.DB {
	t.Helper()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	settings := "SET TimeZone = 'UTC'; SET default_null_order = 'NULLS_FIRST_ON_ASC_LAST_ON_DESC'"
	if _, err := db.ExecContext(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	return db
}

// rowsOf runs statements and returns the rows of the last.
func rowsOf(t *testing.T, db *sql.DB, query string) (out [][]any, err error) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, at := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			at[i] = &row[i]
		}
		if err := rows.Scan(at...); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func sameRow(text string, row []any, absolute float64) bool {
	cells := strings.Split(text, " | ")
	if len(cells) != len(row) {
		return false
	}
	for i, c := range cells {
		if !sameCell(c, row[i], absolute) {
			return false
		}
	}
	return true
}

// compare reports how the rows differ; in any order if sorted.
func compare(want []string, rows [][]any, sorted bool, absolute float64) error {
	if len(want) != len(rows) {
		return fmt.Errorf("%d rows, the peer has %d: %v", len(want), len(rows), rows)
	}
	rest := slices.Clone(rows)
	for _, w := range want {
		at := 0
		if sorted {
			at = max(0, slices.IndexFunc(rest, func(r []any) bool { return sameRow(w, r, absolute) }))
		}
		if !sameRow(w, rest[at], absolute) {
			return fmt.Errorf("row %s, the peer has %v", w, rest)
		}
		rest = slices.Delete(rest, at, at+1)
	}
	return nil
}

func TestScripts(t *testing.T) {
	t.Chdir(scripts)
	files, err := filepath.Glob("testdata/*.slt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	counts := map[string]int{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runScript(t, file, counts) })
	}
	for _, way := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%s: %d", way, counts[way])
	}
}

func runScript(t *testing.T, file string, counts map[string]int) {
	t.Helper()
	blocks, err := readScript(file)
	if err != nil {
		t.Fatal(err)
	}
	db, dir := open(t), t.TempDir()
	for _, b := range blocks {
		query, way, err := b.query()
		query = strings.ReplaceAll(query, "{dir}", dir)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasPrefix(b.directive, "statement") {
			counts[way]++
		}
		if query == "" {
			continue
		}
		rows, err := rowsOf(t, db, query)
		switch {
		case b.directive == "error":
			if err == nil {
				t.Errorf("%s is no error for the peer: %v", query, rows)
			}
		case err != nil:
			t.Errorf("%s\n%v", query, err)
		case strings.HasPrefix(b.directive, "query"):
			if err := compare(b.want, rows, strings.Contains(b.directive, "rowsort"), 0); err != nil {
				t.Errorf("%s\n%v", b.sql, err)
			}
		}
	}
}

// averageError is by how much averages of decimals may differ: six digits are kept.
const averageError = 1e-6

func TestTPCH(t *testing.T) {
	t.Chdir(scripts)
	dir := t.TempDir()
	if err := tpch.WriteParquet(dir, 0.01); err != nil {
		t.Fatal(err)
	}
	db := open(t)
	for _, table := range tpch.Tables() {
		view := fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM '%s'", table, filepath.Join(dir, table+".parquet"))
		if _, err := db.ExecContext(t.Context(), view); err != nil {
			t.Fatal(err)
		}
	}
	queries, err := filepath.Glob("testdata/tpch/*.sql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	for _, path := range queries {
		query, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(path, ".sql") + ".rows")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := rowsOf(t, db, string(query))
		if err == nil {
			err = compare(strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), rows, false, averageError)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
