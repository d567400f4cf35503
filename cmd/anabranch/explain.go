package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
)

func newExplain(a *app) *cobra.Command {
	var command string
	c := &cobra.Command{
		Use:   "explain [-c SQL | FILE]",
		Short: "Print the plans of statements without running them",
		Long: `Explain prints the plan of each query, INSERT and COPY. The statements before them that declare
tables and settings take effect.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			given := c.Flags().Changed("command")
			if given == (len(args) == 1) {
				return errors.New("explain needs either -c SQL or a file")
			}
			text := command
			if !given {
				var err error
				if text, err = a.readScript(args[0]); err != nil {
					return err
				}
			}
			e, err := a.engine(nil, engine.Options{Note: a.note})
			if err != nil {
				return err
			}
			out, err := a.results("table", e.Location)
			if err != nil {
				return err
			}
			return failed(e.Explain(c.Context(), text, out))
		},
	}
	c.Flags().StringVarP(&command, "command", "c", "", "statements to explain")
	return c
}
