// Windows takes the mean of each sensor's readings per minute of event time. The readings arrive
// a little out of order.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/anabranch/anabranch/stream"
)

// Reading is what a sensor measured.
type Reading struct {
	Sensor string
	At     time.Time
	Value  float64
}

// Sum is the accumulator of a window.
type Sum struct {
	Total float64
	N     int64
}

// Mean is the result of a window.
type Mean struct {
	Minute time.Time
	Sensor string
	Mean   float64
}

func main() {
	if err := run(context.Background(), os.Stdout, 2); err != nil {
		log.Fatal(err)
	}
}

// readings emits one reading every five seconds, pairwise swapped.
func readings(_ context.Context, emit func(Reading) bool) error {
	start := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	sensors := []string{"cellar", "attic", "garden"}
	for i := range 60 {
		k := i ^ 1
		if !emit(Reading{Sensor: sensors[k%len(sensors)], At: start.Add(time.Duration(k) * 5 * time.Second), Value: float64(k)}) {
			return nil
		}
	}
	return nil
}

func run(ctx context.Context, w io.Writer, parallelism int) error {
	env := stream.NewEnv(stream.WithName("windows"), stream.WithParallelism(parallelism))
	source := stream.FromFunc(env, "readings", readings)
	timed := stream.AssignTimestamps(source, func(r Reading) time.Time { return r.At }, 10*time.Second)
	bySensor := stream.KeyBy(timed, func(r Reading) string { return r.Sensor })
	means := stream.AggregateWindow(stream.Tumble(bySensor, time.Minute),
		func(s Sum, r Reading) Sum { return Sum{s.Total + r.Value, s.N + 1} },
		func(win stream.Window, sensor string, s Sum) Mean {
			return Mean{win.Start, sensor, s.Total / float64(s.N)}
		},
		stream.Named("means"))
	rows, err := stream.Collect(ctx, means)
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Mean) int {
		return cmp.Or(a.Minute.Compare(b.Minute), cmp.Compare(a.Sensor, b.Sensor))
	})
	for _, r := range rows {
		if _, err := fmt.Fprintf(w, "%s %-6s %5.1f\n", r.Minute.Format("15:04"), r.Sensor, r.Mean); err != nil {
			return err
		}
	}
	return nil
}
