package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/script"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/runner"
)

func newRun(a *app) *cobra.Command {
	var output string
	var changes bool
	var recovery runner.Recovery
	c := &cobra.Command{
		Use:   "run SCRIPT.sql",
		Short: "Run all statements of a script",
		Long: `Run executes the statements of a script in order and prints the results of queries. The first
error ends it. Every ${NAME} in the script is replaced by the environment variable NAME.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := (render.Options{Format: output}).Validate(); err != nil {
				return fmt.Errorf("--output: %w", err)
			}
			ctx, stop := interruptible(context.WithoutCancel(c.Context())) // see engine.Options.Stop
			defer stop()
			text, err := a.readScript(args[0])
			if err != nil {
				return err
			}
			e, err := a.engine(a.progressOptions(true), engine.Options{
				Name:      jobName(args[0]),
				Changelog: changes, Recovery: recovery, Stop: c.Context().Done(),
				Note: a.note,
			})
			if err != nil {
				return err
			}
			out, err := a.results(output, e.Location)
			if err != nil {
				return err
			}
			_, err = e.Script(ctx, text, out)
			return a.ended(err)
		},
	}
	outputFlag(c, &output)
	changelogFlag(c, &changes)
	recoveryFlags(c, &recovery)
	return c
}

// ended is the outcome of a script whose jobs can be stopped.
func (a *app) ended(err error) error {
	if errors.Is(err, scheduler.ErrStopped) {
		fmt.Fprintln(a.err, "stopped after a checkpoint; go on with --resume")
		return nil
	}
	return failed(err)
}

// jobName is that of the jobs of a script.
func jobName(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

func recoveryFlags(c *cobra.Command, r *runner.Recovery) {
	c.Flags().BoolVar(&r.Resume, "resume", false, "go on from the job's newest checkpoint, or start where there is none")
	c.Flags().BoolVar(&r.Fresh, "fresh", false, "forget the job's checkpoints and start over")
	c.Flags().StringVar(&r.From, "from-checkpoint", "", "go on from the checkpoint in this folder")
	c.MarkFlagsMutuallyExclusive("resume", "fresh", "from-checkpoint")
}

func outputFlag(c *cobra.Command, output *string) {
	c.Flags().StringVarP(output, "output", "o", "table", "how results look: table, csv, json, parquet or arrow")
	// An error only says that the flag is unknown, which it is not.
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(render.Formats(), cobra.ShellCompDirectiveNoFileComp))
}

func changelogFlag(c *cobra.Command, changes *bool) {
	c.Flags().BoolVar(changes, "changelog", false, "in streaming mode, put the kind of each row first: +I, -U, +U or -D")
}

// interruptible is a context that the first interrupt cancels; the second ends the process.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// readScript reads a script and fills in environment variables.
func (a *app) readScript(path string) (string, error) {
	text, err := a.readFile(path)
	if err != nil {
		return "", err
	}
	text, err = script.Expand(text, os.LookupEnv)
	if err != nil {
		return "", failed(fmt.Errorf("%s: %w", path, err))
	}
	return text, nil
}
