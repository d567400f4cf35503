package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/script"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/shell"
	"github.com/anabranch/anabranch/sql/runner"
)

// sqlFlags are the flags of the command sql.
type sqlFlags struct {
	commands []string
	file     string
	initFile string
	output   string
	protocol string
	changes  bool
	recovery runner.Recovery
}

// engineOptions name jobs as the command run does if there is a script; others are of this process only, unless
// SET 'pipeline.name' or a flag says that there is one to go on from.
func (f *sqlFlags) engineOptions(a *app) engine.Options {
	o := engine.Options{Name: "sql", Changelog: f.changes, Recovery: f.recovery, Note: a.note}
	if f.file != "" {
		o.Name = jobName(f.file)
	}
	if f.protocol != "" {
		o.Connectors = builtin.ConnectorsOfProtocol()
	}
	o.Passing = f.file == "" && f.recovery == (runner.Recovery{})
	return o
}

func newSQL(a *app) *cobra.Command {
	f := &sqlFlags{}
	c := &cobra.Command{
		Use:   "sql",
		Short: "Run statements given as text, in a file, on standard input or typed in a shell",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.validate(c); err != nil {
				return err
			}
			return a.sql(c, f)
		},
	}
	c.Flags().StringArrayVarP(&f.commands, "command", "c", nil, "statements to run; may be given many times")
	c.Flags().StringVarP(&f.file, "file", "f", "", "script to run")
	c.Flags().StringVarP(&f.initFile, "init", "i", "", "script to run first")
	c.Flags().StringVar(&f.protocol, "output-protocol", "", "jsonl: a line of JSON for each statement")
	outputFlag(c, &f.output)
	changelogFlag(c, &f.changes)
	recoveryFlags(c, &f.recovery)
	c.MarkFlagsMutuallyExclusive("command", "file")
	c.MarkFlagsMutuallyExclusive("output", "output-protocol")
	return c
}

func (f *sqlFlags) validate(c *cobra.Command) error {
	if err := (render.Options{Format: f.output}).Validate(); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	if c.Flags().Changed("output-protocol") && f.protocol != "jsonl" {
		return fmt.Errorf("--output-protocol %q: want jsonl", f.protocol)
	}
	return nil
}

// sql runs the statements from wherever they come.
func (a *app) sql(c *cobra.Command, f *sqlFlags) error {
	given := c.Flags().Changed("command") || c.Flags().Changed("file")
	parent, o := c.Context(), f.engineOptions(a)
	if f.file != "" && f.protocol == "" { // as the command run does
		parent, o.Stop = context.WithoutCancel(parent), parent.Done()
	}
	e, err := a.engine(a.progressOptions(false), o)
	if err != nil {
		return err
	}
	out, err := a.results(f.output, e.Location)
	if err != nil {
		return err
	}
	if f.initFile != "" {
		if err := a.initialize(c.Context(), e, f.initFile, out); err != nil {
			return err
		}
	}
	if !given && isTerminal(a.in) && f.protocol == "" {
		return failed(a.shell(c.Context(), e, out))
	}
	ctx, stop := interruptible(parent)
	defer stop()
	execute := func(text string) (quit bool, err error) { return e.Script(ctx, text, out) }
	failures := 0
	if f.protocol != "" {
		p := render.NewProtocol(a.out)
		execute = func(text string) (quit bool, err error) {
			n, quit, err := e.Protocol(ctx, text, p)
			failures += n
			return quit, err
		}
	}
	if err := a.statements(c, f, execute); err != nil {
		return err
	}
	if failures > 0 {
		return failed(errReported)
	}
	return nil
}

// statements finds the text to run. That of standard input runs as it comes, so that whoever
// writes to it can wait for results.
func (a *app) statements(c *cobra.Command, f *sqlFlags, execute func(string) (quit bool, err error)) error {
	switch {
	case c.Flags().Changed("command"):
		for _, text := range f.commands {
			if quit, err := execute(text); quit || err != nil {
				return failed(err)
			}
		}
		return nil
	case c.Flags().Changed("file"):
		text, err := a.readScript(f.file)
		if err == nil {
			_, err = execute(text)
			err = a.ended(err)
		}
		return err
	}
	return failed(script.Follow(a.in, execute))
}

// initialize runs the script that comes before everything else.
func (a *app) initialize(ctx context.Context, e *engine.Engine, path string, out render.Writer) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	text, err := a.readScript(path)
	if err != nil {
		return err
	}
	if _, err = e.Script(ctx, text, out); err != nil {
		return failed(fmt.Errorf("%s: %w", path, err))
	}
	return nil
}

// shell reads statements from the terminal; an error ends a statement, not the shell.
func (a *app) shell(ctx context.Context, e *engine.Engine, out render.Writer) error {
	return shell.Run(ctx, shell.Options{
		Out:     a.out,
		History: shell.HistoryFile(),
		Mask:    render.Mask,
		Names:   func() []string { return append(e.Tables(), e.Columns()...) },
		Run: func(ctx context.Context, text string) bool {
			quit, err := e.Script(ctx, text, out)
			if err != nil && !errors.Is(err, context.Canceled) {
				fmt.Fprintln(a.err, message(err))
			} else if err != nil {
				fmt.Fprintln(a.err, "cancelled")
			}
			return quit || a.pipe.closed
		},
	})
}
