package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
)

func explainFormats() []string { return []string{"text", "json", "dot"} }

func newExplain(a *app) *cobra.Command {
	var command, format string
	c := &cobra.Command{
		Use:   "explain [-c SQL | FILE]",
		Short: "Print the plans of statements without running them",
		Long: `Explain prints the plans of each query, INSERT and COPY: the logical and the optimized one, the
operators, and the tasks that run them. The statements before them that declare tables and settings take
effect.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(explainFormats(), format) {
				return fmt.Errorf("--format %q: want text, json or dot", format)
			}
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
			return failed(e.Explain(c.Context(), text, format, out))
		},
	}
	c.Flags().StringVarP(&command, "command", "c", "", "statements to explain")
	c.Flags().StringVar(&format, "format", "text", "how plans look: text, json or dot")
	// An error only says that the flag is unknown, which it is not.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(explainFormats(), cobra.ShellCompDirectiveNoFileComp))
	return c
}
