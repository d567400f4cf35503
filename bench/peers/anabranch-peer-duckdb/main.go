// Command anabranch-peer-duckdb runs queries with DuckDB for `anabranch bench --peers duckdb`.
//
// Standard input has a job a line, standard output gets a line for each run of it. The time of a
// run is from the text of the query until all rows of its result are read; connecting is not part
// of it.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// job is what to run.
type job struct {
	SQL         string `json:"sql"`
	Threads     int    `json:"threads"`
	MemoryBytes int64  `json:"memory_bytes"` // 0 leaves it to DuckDB
	Runs        int    `json:"runs"`
}

// result is that of one run.
type result struct {
	Version    string   `json:"version"`
	Run        int      `json:"run"`
	Seconds    float64  `json:"seconds"`
	CPUSeconds float64  `json:"cpu_seconds"`
	Rows       int64    `json:"rows"`
	First      []string `json:"first"`
	Error      string   `json:"error,omitempty"`
}

func main() {
	if err := serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "anabranch-peer-duckdb:", err)
		os.Exit(1)
	}
}

// serve runs jobs until the input ends.
func serve(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // settings are of the connection
	defer func() { err = errors.Join(err, db.Close()) }()
	var version string
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&version); err != nil {
		return err
	}
	lines, answers := bufio.NewReader(in), json.NewEncoder(out)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var j job
		if err := json.Unmarshal(line, &j); err != nil {
			return fmt.Errorf("job %q: %w", line, err)
		}
		for i := range max(j.Runs, 1) {
			r, err := run(ctx, db, j)
			if err != nil {
				r.Error = err.Error()
			}
			r.Version, r.Run = version, i+1
			if err := answers.Encode(r); err != nil {
				return err
			}
		}
	}
}

// run runs a job once.
func run(ctx context.Context, db *sql.DB, j job) (r result, err error) {
	settings := fmt.Sprintf("SET threads = %d; SET TimeZone = 'UTC'", max(j.Threads, 1))
	if j.MemoryBytes > 0 {
		settings += fmt.Sprintf("; SET memory_limit = '%dKB'", j.MemoryBytes/1000)
	}
	if _, err := db.ExecContext(ctx, settings); err != nil {
		return r, err
	}
	cpu, start := cpuTime(), time.Now()
	rows, err := db.QueryContext(ctx, j.SQL)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return r, err
	}
	for rows.Next() {
		if r.Rows++; r.Rows == 1 {
			if r.First, err = first(rows, len(names)); err != nil {
				return r, err
			}
		}
	}
	r.Seconds, r.CPUSeconds = time.Since(start).Seconds(), (cpuTime() - cpu).Seconds()
	return r, rows.Err()
}

// first is the row at hand as text.
func first(rows *sql.Rows, columns int) ([]string, error) {
	row, at := make([]any, columns), make([]any, columns)
	for i := range row {
		at[i] = &row[i]
	}
	if err := rows.Scan(at...); err != nil {
		return nil, err
	}
	var text []string
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			text = append(text, "NULL")
		case duckdb.Decimal:
			text = append(text, v.String())
		case time.Time:
			text = append(text, v.UTC().Format("2006-01-02"))
		default:
			text = append(text, fmt.Sprint(v))
		}
	}
	return text, nil
}

// cpuTime is the processor time of this process so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
