package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/engine"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/metrics"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/progress"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/sql/runner"
	"github.com/anabranch/anabranch/sql/session"
)

// app is what the commands share: the standard files and the global flags.
type app struct {
	streams
	pipe *pipe

	parallelism int
	memory      string
	mode        string
	settings    []string
	logLevel    string
	metricsAddr string
	metrics     *metrics.Server
	profileCPU  string
	profileHeap string
	closers     []func() error
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "anabranch",
		Short:         "SQL over files and streams",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },

		PersistentPreRunE: func(*cobra.Command, []string) error { return a.start() },
	}
	flags := root.PersistentFlags()
	flags.IntVar(&a.parallelism, "parallelism", runtime.GOMAXPROCS(0), "subtasks of each operator")
	flags.StringVar(&a.memory, "memory", "", "memory to use, such as 4GB (default 60 % of what there is)")
	flags.StringVar(&a.mode, "mode", "auto", "how jobs run: auto, batch or streaming")
	flags.StringArrayVar(&a.settings, "set", nil, "setting `key=value` of the session; may be given many times")
	flags.StringVar(&a.logLevel, "log-level", "warn", "what to log: debug, info, warn or error")
	flags.StringVar(&a.metricsAddr, "metrics-addr", "", "`host:port` at which /metrics tells Prometheus about jobs")
	flags.StringVar(&a.profileCPU, "pprof-cpu", "", "write a CPU profile to `file`")
	flags.StringVar(&a.profileHeap, "pprof-heap", "", "write a heap profile to `file` at the end")
	for _, hidden := range []string{"pprof-cpu", "pprof-heap"} {
		flags.Lookup(hidden).Hidden = true
	}
	root.AddCommand(newRun(a), newSQL(a), newExplain(a), newGenerate(a), newBench(a), newVersion(a))
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Args, c.RunE = cobra.NoArgs, root.RunE // an unknown shell is an error, not a request for help
	}
	return root
}

// start checks the global flags and does what they ask for before a command runs.
func (a *app) start() error {
	var errs []error
	if a.parallelism <= 0 || a.parallelism > session.ParallelismMax {
		errs = append(errs, fmt.Errorf("--parallelism %d: want 1 to %d", a.parallelism, session.ParallelismMax))
	}
	if a.mode != "auto" && a.mode != "batch" && a.mode != "streaming" {
		errs = append(errs, fmt.Errorf("--mode %q: want auto, batch or streaming", a.mode))
	}
	for _, s := range a.settings {
		if key, _, ok := strings.Cut(s, "="); !ok || key == "" {
			errs = append(errs, fmt.Errorf("--set %q: want key=value", s))
		}
	}
	if a.memory != "" {
		if _, err := parseBytes(a.memory); err != nil {
			errs = append(errs, fmt.Errorf("--memory: %w", err))
		}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
		errs = append(errs, fmt.Errorf("--log-level %q: want debug, info, warn or error", a.logLevel))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level})))
	if err := a.serve(); err != nil {
		return err
	}
	return a.profile()
}

// serve starts the server of metrics if one is asked for.
func (a *app) serve() (err error) {
	if a.metricsAddr == "" {
		return nil
	}
	if a.metrics, err = metrics.Listen(a.metricsAddr); err == nil {
		a.closers = append(a.closers, a.metrics.Close)
	}
	return err
}

// profile starts the profiles that are asked for.
func (a *app) profile() error {
	if a.profileCPU != "" {
		f, err := os.Create(a.profileCPU)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		a.closers = append(a.closers, func() error {
			pprof.StopCPUProfile()
			return f.Close()
		})
	}
	if a.profileHeap != "" {
		a.closers = append(a.closers, func() error {
			f, err := os.Create(a.profileHeap)
			if err != nil {
				return err
			}
			return errors.Join(pprof.WriteHeapProfile(f), f.Close())
		})
	}
	return nil
}

// close ends what start began.
func (a *app) close() error {
	var errs []error
	for _, c := range a.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// engine makes the engine that the flags describe. The progress of a job is shown as opts say; nil
// shows none.
func (a *app) engine(opts *progress.Options, o engine.Options) (*engine.Engine, error) {
	memory, err := a.memoryBytes()
	if err != nil {
		return nil, err
	}
	if memory > 0 {
		debug.SetMemoryLimit(memory)
	}
	o.Parallelism, o.Budget = a.parallelism, mem.NewBudget(runner.OperatorBytes(memory))
	if a.mode != "auto" {
		o.Settings = append(o.Settings, engine.Setting{Key: "execution.runtime-mode", Value: a.mode})
	}
	o.Settings = append(o.Settings, a.given()...)
	if opts != nil {
		o.Progress = func() *progress.Line { return progress.Start(a.err, *opts) }
	}
	if a.metrics != nil {
		o.Watch = a.metrics.Job
	}
	return engine.New(o)
}

// note tells the user something beside the results.
func (a *app) note(text string) { fmt.Fprintln(a.err, render.Mask(text)) }

// memoryBytes is the memory to use; 0 is without limit.
func (a *app) memoryBytes() (int64, error) {
	if a.memory == "" {
		return defaultMemory(), nil
	}
	n, err := parseBytes(a.memory)
	if err != nil {
		return 0, fmt.Errorf("--memory: %w", err)
	}
	return n, nil
}

// given are the settings of --set.
func (a *app) given() []engine.Setting {
	var list []engine.Setting
	for _, s := range a.settings {
		key, value, _ := strings.Cut(s, "=")
		list = append(list, engine.Setting{Key: key, Value: value})
	}
	return list
}

// progressOptions say how progress is shown: always if a script runs, else only on a terminal and
// only while a statement takes long. Rows that were left out are told in any case.
func (a *app) progressOptions(script bool) *progress.Options {
	terminal := isTerminal(a.err)
	o := &progress.Options{Terminal: terminal, Color: terminal && os.Getenv("NO_COLOR") == "", Quiet: !script}
	switch {
	case script:
	case terminal:
		o.After = 500 * time.Millisecond
	default:
		o.After = math.MaxInt64
	}
	return o
}

// results makes the writer of results. Values are cut only where a person reads them.
func (a *app) results(format string, location func() *time.Location) (render.Writer, error) {
	o := render.Options{Format: format, Location: location}
	if isTerminal(a.pipe.w) {
		if format == "parquet" || format == "arrow" {
			return nil, fmt.Errorf("--output %s writes bytes that a terminal cannot show; redirect standard output", format)
		}
		o.WidthMax = 60
	}
	return render.New(a.out, o)
}

// isTerminal reports whether a standard file is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// readFile reads a script; "-" is standard input.
func (a *app) readFile(path string) (string, error) {
	if path == "-" {
		text, err := io.ReadAll(a.in)
		return string(text), failed(err)
	}
	text, err := os.ReadFile(path)
	return string(text), failed(err)
}
