package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/generate"
)

func newGenerate(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "generate",
		Short: "Write the data of a benchmark into files",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newGenerateTPCH(a), newGenerateNexmark(a))
	return c
}

func newGenerateTPCH(a *app) *cobra.Command {
	o := &generate.TPCH{}
	c := &cobra.Command{
		Use:   "tpch",
		Short: "Write the tables of TPC-H",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return err
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			return failed(o.Run(ctx, a.written))
		},
	}
	c.Flags().Float64Var(&o.Scale, "scale", 0.01, "size of the data in GB")
	c.Flags().StringVar(&o.Dir, "dir", "data", "where to write")
	c.Flags().StringVar(&o.Format, "format", "parquet", "parquet, csv or json")
	c.Flags().StringSliceVar(&o.Tables, "tables", nil, "tables to write (default all)")
	return c
}

func newGenerateNexmark(a *app) *cobra.Command {
	o := &generate.Nexmark{}
	c := &cobra.Command{
		Use:   "nexmark",
		Short: "Write the persons, auctions and bids of Nexmark",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return err
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			return failed(o.Run(ctx, a.written))
		},
	}
	c.Flags().Int64Var(&o.Events, "events", 1_000_000, "events in all")
	c.Flags().StringVar(&o.Dir, "dir", "data", "where to write")
	c.Flags().StringVar(&o.Format, "format", "parquet", "parquet, csv or json")
	return c
}

// written tells of a file.
func (a *app) written(w generate.Written) {
	fmt.Fprintf(a.err, "%s: %d rows\n", w.Path, w.Rows)
}
