// Package engine runs the statements of one session in this process.
//
// Invariant: statements run one after the other; each has ended, and its result is written, before
// the next is planned.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/progress"
	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/runner"
	"github.com/anabranch/anabranch/sql/session"
)

// Options are what an engine needs of the command line.
type Options struct {
	Parallelism int
	Budget      *mem.Budget
	Settings    []Setting // made before the first statement
	// Progress makes the line of a job that starts; nil shows none.
	Progress func() *progress.Line
	// Watch, if set, takes the figures of running jobs, by their names.
	Watch func(job string, p scheduler.Progress)
	// Completed takes the checkpoints of jobs; nil takes none.
	Completed func(scheduler.Completed)
	// Connectors are those tables may name; default all that come with the binary.
	Connectors *catalog.Registry
	// Name is that of jobs whose session sets no pipeline.name.
	Name     string
	Passing  bool // see runner.Options
	Recovery runner.Recovery
	// Stop, when closed by a request to terminate, ends a job after one more checkpoint; an interrupt cancels
	// the context instead.
	Stop <-chan struct{}
	// Changelog shows the kind of each row in streaming mode.
	Changelog bool
	// Note tells the user something beside the results; nil drops it.
	Note func(text string)
}

// Setting is SET 'Key' = 'Value'.
type Setting struct{ Key, Value string }

// Engine is a session and what runs its jobs.
type Engine struct {
	opts    Options
	session *session.Session
	runner  *runner.Runner
}

// New makes an engine with an empty catalog.
func New(opts Options) (*Engine, error) {
	if opts.Connectors == nil {
		opts.Connectors = builtin.Connectors()
	}
	e := &Engine{opts: opts, session: session.New(opts.Connectors)}
	e.runner = runner.New(e.session, runner.Options{
		Parallelism: opts.Parallelism, Budget: opts.Budget, Name: opts.Name, Passing: opts.Passing, Recovery: opts.Recovery,
		Completed: opts.Completed, Stop: opts.Stop, Note: opts.Note,
	})
	for _, s := range opts.Settings {
		result, err := e.session.Apply(&ast.Set{Key: s.Key, Value: s.Value}, "")
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", s.Key, err)
		}
		if result.Note != "" {
			e.note("%s", result.Note)
		}
	}
	return e, nil
}

// Location is the session's time zone.
func (e *Engine) Location() *time.Location {
	if loc, err := e.session.Location(); err == nil {
		return loc
	}
	return time.UTC
}

// Tables lists the tables and views of the session.
func (e *Engine) Tables() []string {
	return append(e.session.Catalog.Names(false), e.session.Catalog.Names(true)...)
}

// Columns lists the columns of all tables of the session.
func (e *Engine) Columns() []string {
	var names []string
	for _, name := range e.session.Catalog.Names(false) {
		if t, ok := e.session.Catalog.Table(name); ok {
			for _, c := range t.Columns {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// Script runs all statements of a text; the first that fails ends it. It reports whether QUIT
// ended it.
func (e *Engine) Script(ctx context.Context, text string, out render.Writer) (quit bool, err error) {
	r := parser.NewReader(text)
	for {
		statement, err := r.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if isQuit(statement) {
			return true, nil
		}
		if err := e.Execute(ctx, statement, text, out); err != nil {
			return false, err
		}
	}
}

// Protocol runs all statements of a text and tells the end of each; an error does not end it. It
// reports how many failed and whether QUIT ended it.
func (e *Engine) Protocol(ctx context.Context, text string, p *render.Protocol) (failed int, quit bool, err error) {
	r := parser.NewReader(text)
	for ctx.Err() == nil {
		statement, err := r.Next()
		if errors.Is(err, io.EOF) {
			return failed, false, nil
		}
		if err == nil && isQuit(statement) {
			return failed, true, nil
		}
		if begun := p.Statement(); begun != nil {
			return failed, false, begun
		}
		if err != nil {
			r.Skip()
		} else {
			err = e.Execute(ctx, statement, text, p)
		}
		if err != nil {
			failed++
		}
		if err := p.Finish(err); err != nil {
			return failed, false, err
		}
	}
	return failed, false, ctx.Err()
}

// Explain prints the plans of the statements of a text that start a job, as text, json or dot, and runs the
// others.
func (e *Engine) Explain(ctx context.Context, text, format string, out render.Writer) error {
	r := parser.NewReader(text)
	for {
		statement, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if session.Runs(statement) {
			err = e.explain(ctx, statement, text, format, out)
		} else {
			err = e.Execute(ctx, statement, text, out)
		}
		if err != nil {
			return err
		}
	}
}

func isQuit(statement ast.Statement) bool {
	c, ok := statement.(*ast.Command)
	return ok && c.Kind == ast.CommandQuit
}

// note tells the user something beside the results.
func (e *Engine) note(format string, args ...any) {
	if e.opts.Note != nil {
		e.opts.Note(fmt.Sprintf(format, args...))
	}
}
