// Alerts watches the temperatures of machines: it counts readings by machine and minute, and has two side
// outputs, of readings that are too hot and of readings that come too late to count.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/anabranch/anabranch/stream"
)

// Reading is a machine's temperature at a time.
type Reading struct {
	Machine string
	At      time.Time
	Degrees float64
}

// Alert tells of a machine that has been too hot some times in a row.
type Alert struct {
	Machine string
	Times   int
}

func readings() []Reading {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var list []Reading
	for i := range 600 {
		r := Reading{Machine: fmt.Sprint("machine ", i%3), At: start.Add(time.Duration(i) * time.Second), Degrees: 60}
		if i%3 == 1 && i/60%4 == 2 {
			r.Degrees = 95
		}
		list = append(list, r)
	}
	return list
}

func main() {
	if err := run(context.Background(), os.Stdout, 2); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, parallelism int) error {
	env := stream.NewEnv(stream.WithName("alerts"), stream.WithParallelism(parallelism))
	timed := stream.AssignTimestamps(stream.FromSlice(env, readings()), func(r Reading) time.Time { return r.At }, time.Second)
	byMachine := stream.KeyBy(timed, func(r Reading) string { return r.Machine })

	alerts, late := stream.NewSide[Alert]("alerts"), stream.NewSide[Reading]("late")
	checked := stream.Process(byMachine, func(ctx *stream.Ctx[int], machine string, r Reading, emit func(Reading)) error {
		hot := 0
		if r.Degrees > 90 {
			hot = ctx.Value() + 1
		}
		if ctx.Set(hot); hot == 5 {
			alerts.Emit(ctx, Alert{machine, hot})
		}
		emit(r)
		return nil
	}, stream.Named("checked"), stream.Sides(alerts))
	windows := stream.Tumble(stream.KeyBy(checked, func(r Reading) string { return r.Machine }), time.Minute)
	counts := stream.AggregateWindow(windows, func(n int, _ Reading) int { return n + 1 },
		func(w stream.Window, machine string, n int) string {
			return fmt.Sprintf("%s %s: %d readings", w.Start.Format("15:04"), machine, n)
		}, stream.Named("counts"), stream.LateTo(late))

	lines, err := stream.Collect(ctx, stream.Union(
		counts,
		stream.Map(stream.SideOutput(checked, alerts), func(a Alert) (string, error) {
			return fmt.Sprintf("too hot: %s, %d times", a.Machine, a.Times), nil
		}),
		stream.Map(stream.SideOutput(counts, late), func(r Reading) (string, error) {
			return fmt.Sprintf("late: %s at %s", r.Machine, r.At.Format(time.TimeOnly)), nil
		}),
	))
	if err != nil {
		return err
	}
	slices.Sort(lines)
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
