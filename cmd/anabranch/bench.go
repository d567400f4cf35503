package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/bench"
)

// benchmark is one that can check its flags and run.
type benchmark interface {
	Validate() error
	Run(ctx context.Context, o bench.Options) (*bench.Report, error)
}

func newBench(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure the engine on this machine",
		Long: `Bench runs a benchmark in this process and prints a table, or JSON, with a description of the
machine and of what was measured.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	format := c.PersistentFlags().String("format", "table", "how the report looks: table or json")
	// An error only says that the flag is unknown, which it is not.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(bench.Formats(), cobra.ShellCompDirectiveNoFileComp))
	c.AddCommand(newBenchNexmark(a, format))
	return c
}

// measured runs a benchmark and writes its report.
func (a *app) measured(c *cobra.Command, format string, b benchmark) error {
	if err := bench.CheckFormat(format); err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	if err := b.Validate(); err != nil {
		return err
	}
	memory, err := a.memoryBytes()
	if err != nil {
		return err
	}
	if memory > 0 {
		debug.SetMemoryLimit(memory)
	}
	ctx, stop := interruptible(c.Context())
	defer stop()
	r, err := b.Run(ctx, bench.Options{
		Parallelism: a.parallelism, MemoryBytes: memory, Settings: a.given(),
		Note: func(text string) { fmt.Fprintln(a.err, text) },
	})
	if err != nil {
		return failed(err)
	}
	return failed(r.Write(a.out, format))
}

func newBenchNexmark(a *app, format *string) *cobra.Command {
	b := &bench.Nexmark{}
	c := &cobra.Command{
		Use:   "nexmark",
		Short: "Events a second of Nexmark's queries and of its generator alone",
		Long: `Nexmark runs queries of the public benchmark in streaming mode, with checkpoints in a temporary
folder, from the generator in this process into 'blackhole'. The generator alone comes first: no query
can be faster than its events are made.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.measured(c, *format, b) },
	}
	c.Flags().StringSliceVar(&b.Queries, "queries", bench.NexmarkQueries(), "queries to run")
	c.Flags().Float64Var(&b.Seconds, "seconds", 10, "how long each query reads events")
	c.Flags().Int64Var(&b.Events, "events", 0, "read so many events for each query instead")
	c.Flags().Int64Var(&b.Rate, "rate", 10_000, "events in a second of event time")
	c.Flags().DurationVar(&b.Interval, "checkpoint-interval", 2*time.Second, "time between checkpoints")
	return c
}
