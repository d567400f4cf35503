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
	c.AddCommand(newBenchTPCH(a, format, "scan", "Scans"), newBenchTPCH(a, format, "aggregate", "Aggregations"),
		newBenchTPCH(a, format, "join", "Joins"), newBenchNexmark(a, format), newBenchCancel(a, format),
		newBenchCheckpoint(a, format), newBenchState(a, format), newBenchKernels(a, format))
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
	c.Flags().Int64Var(&b.Rate, "rate", 1_000_000, "events in a second of event time")
	c.Flags().DurationVar(&b.Interval, "checkpoint-interval", 2*time.Second, "time between checkpoints")
	return c
}

func newBenchTPCH(a *app, format *string, name, what string) *cobra.Command {
	b := &bench.TPCH{Name: name}
	c := &cobra.Command{
		Use:   name,
		Short: what + " over Parquet files of TPC-H",
		Long: what + ` over Parquet files of TPC-H, which are made if they are not there. With --peers each run
of the engine is followed by one of the peer, the program anabranch-peer-NAME on PATH; the answers must
agree. The source of peers is in bench/peers.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.measured(c, *format, b) },
	}
	dataFlags(c, &b.Data)
	c.Flags().IntVar(&b.Runs, "runs", 5, "counted runs of each query")
	c.Flags().StringSliceVar(&b.Peers, "peers", nil, "programs to compare with, such as duckdb")
	return c
}

func dataFlags(c *cobra.Command, d *bench.Data) {
	c.Flags().StringVar(&d.Dir, "dir", "", "folder of the tables (default data/tpch-SCALE)")
	c.Flags().Float64Var(&d.Scale, "scale", 0.1, "size in GB of tables that have to be made")
}

func newBenchCancel(a *app, format *string) *cobra.Command {
	b := &bench.Cancel{}
	c := &cobra.Command{
		Use:   "cancel",
		Short: "Time from a cancellation until the query has returned",
		Long: `Cancel runs a scan, a sort and a join over Parquet files of TPC-H, which are made if they are not
there, and cancels each run at another point of its time.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.measured(c, *format, b) },
	}
	dataFlags(c, &b.Data)
	c.Flags().IntVar(&b.Points, "points", 100, "runs of each query to cancel")
	c.Flags().Uint64Var(&b.Seed, "seed", 1, "seed of the points")
	return c
}

func newBenchKernels(a *app, format *string) *cobra.Command {
	b := &bench.Kernels{}
	c := &cobra.Command{
		Use:   "kernels",
		Short: "Kernels against loops written by hand",
		Long: `Kernels measures a comparison, an addition, a hash, a take of rows and a sum over a batch of BIGINT,
each in pairs with a loop written by hand.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.measured(c, *format, b) },
	}
	c.Flags().IntVar(&b.Rows, "rows", 8192, "rows of a batch")
	c.Flags().IntVar(&b.Repeat, "repeat", 2000, "batches in a measurement")
	c.Flags().IntVar(&b.Pairs, "pairs", 11, "pairs of measurements")
	return c
}

func newBenchState(a *app, format *string) *cobra.Command {
	b := &bench.State{}
	c := &cobra.Command{
		Use:   "state",
		Short: "Updates a CPU second of a running aggregation, in memory and on disk",
		Long: `State counts and sums updates by key. Once all keys are there, updates of keys at random are counted,
with the state in memory and then with a part of it on disk.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.measured(c, *format, b) },
	}
	c.Flags().Int64Var(&b.Keys, "keys", 5_000_000, "keys in the state")
	c.Flags().Float64Var(&b.Seconds, "seconds", 10, "how long updates are counted")
	c.Flags().Float64SliceVar(&b.Zipf, "zipf", []float64{0, 1.1}, "exponents of the keys' distributions; 0 is uniform")
	c.Flags().StringSliceVar(&b.Backends, "backends", []string{"memory", "pebble"}, "where the state lies")
	c.Flags().Float64Var(&b.Share, "share", 0.25, "memory of state on disk, as a part of what it takes in memory")
	return c
}

func newBenchCheckpoint(a *app, format *string) *cobra.Command {
	b := &bench.Checkpoint{}
	c := &cobra.Command{
		Use:   "checkpoint",
		Short: "Time and bytes of checkpoints, and how long they hold rows up",
		Long: `Checkpoint counts changes by key. Once all keys are there, a part of them changes between one
checkpoint and the next; each change notes when it was due at the source, and the sink how long after
that it arrived. Checkpoints lie in a temporary folder.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.measured(c, *format, b) },
	}
	c.Flags().Int64Var(&b.Keys, "keys", 5_000_000, "keys in the state")
	c.Flags().Float64Var(&b.Changed, "changed", 0.01, "share of the keys that changes between two checkpoints")
	c.Flags().DurationVar(&b.Interval, "interval", 2*time.Second, "time between checkpoints")
	c.Flags().IntVar(&b.Count, "count", 5, "checkpoints to measure")
	return c
}
