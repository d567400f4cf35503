// Streamsql sends a stream of a Go program through SQL: readings of sensors go into a query, whose windows
// come back as a stream, and all readings are written to a table too.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/sql/table"
	"github.com/anabranch/anabranch/stream"
)

// Reading is a row of the stream.
type Reading struct {
	Sensor string    `anabranch:"sensor"`
	At     time.Time `anabranch:"at"`
	Value  float64   `anabranch:"v"`
}

// Minute is a row of the query.
type Minute struct {
	Start  time.Time `anabranch:"window_start"`
	Sensor string    `anabranch:"sensor"`
	Mean   *float64  `anabranch:"mean"`
}

const minutes = `
SELECT window_start, sensor, AVG(v) AS mean
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, sensor`

func main() {
	if err := run(context.Background(), os.Stdout, 2); err != nil {
		log.Fatal(err)
	}
}

func readings() []Reading {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var rows []Reading
	for i := range 360 {
		rows = append(rows, Reading{fmt.Sprint("sensor ", i%2), start.Add(time.Duration(i) * time.Second), float64(i % 60)})
	}
	return rows
}

func run(ctx context.Context, w io.Writer, parallelism int) error {
	jobs := stream.NewEnv(stream.WithName("streamsql"), stream.WithParallelism(parallelism))
	env := table.NewEnv(table.WithConnectors(builtin.Connectors()))
	timed := stream.AssignTimestamps(stream.FromSlice(jobs, readings()), func(r Reading) time.Time { return r.At }, time.Second)
	if err := table.FromStream(env, "readings", timed); err != nil {
		return err
	}
	if err := env.Exec(ctx, `CREATE TABLE archive (sensor STRING, at TIMESTAMP_LTZ(6), v DOUBLE) WITH ('connector' = 'memory')`); err != nil {
		return err
	}
	if err := env.Insert(jobs, `INSERT INTO archive SELECT sensor, at, v FROM readings`); err != nil {
		return err
	}
	found, err := table.ToStream[Minute](env, jobs, minutes)
	if err != nil {
		return err
	}
	var lines []string
	stream.ForEach(found, func(m Minute) error {
		lines = append(lines, fmt.Sprintf("%s %s: %.1f", m.Start.Format("15:04"), m.Sensor, *m.Mean))
		return nil
	})
	if err := jobs.Execute(ctx); err != nil {
		return err
	}
	count, err := table.Collect[int](ctx, env, `SELECT COUNT(*) FROM archive`)
	if err != nil {
		return err
	}
	slices.Sort(lines)
	for _, line := range append(lines, fmt.Sprint("archived: ", count[0])) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
