package engine

import (
	"context"
	"time"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/sql/session"
)

// Execute runs a statement to its end and writes its result. The source is the text it was parsed
// from.
func (e *Engine) Execute(ctx context.Context, statement ast.Statement, source string, out render.Writer) error {
	if session.Runs(statement) {
		return e.run(ctx, statement, source, out)
	}
	if c, ok := statement.(*ast.Command); ok {
		if c.Kind != ast.CommandHelp {
			return nil // CLEAR is the shell's own affair
		}
		return writeRows(out, []string{"help"}, [][]string{{help}})
	}
	result, err := e.session.Apply(statement, source)
	if err != nil {
		return err
	}
	if result.Note != "" {
		e.note("%s", result.Note)
	}
	if len(result.Columns) == 0 {
		return nil
	}
	render.MaskRows(result.Rows)
	return writeRows(out, result.Columns, result.Rows)
}

// help is what HELP prints.
const help = `Statements end with a semicolon.
  SELECT ...                   print the result of a query; a file is a table: FROM 'dir/file.parquet'
  CREATE TABLE t (...) WITH    declare a table of a connector; without columns the files tell them
  CREATE VIEW v AS SELECT      name a query
  INSERT INTO t SELECT         write to a table
  COPY (SELECT ...) TO 'file'  write to a file
  EXPLAIN SELECT ...           print a plan
  SHOW TABLES, DESCRIBE t      what is declared
  SET 'key' = 'value', SET     change and list settings
  QUIT                         leave; so does Ctrl-D. Ctrl-C cancels a statement`

// writeRows writes the result of a statement that starts no job.
func writeRows(out render.Writer, columns []string, rows [][]string) error {
	b := render.Strings(columns, rows)
	if err := out.Begin(b.Schema); err != nil {
		return err
	}
	if err := out.Rows(b); err != nil {
		return err
	}
	return out.End()
}

// watchEvery is how often the figures of a job are taken that no line shows.
const watchEvery = 50 * time.Millisecond

// follow makes a job of the name show its figures; hide takes them off the terminal.
func (e *Engine) follow(opts *scheduler.Options, job string) (hide func()) {
	hide = func() {}
	if e.opts.Progress != nil {
		line := e.opts.Progress()
		opts.Progress, opts.ProgressEvery, hide = line.Show, line.Every(), line.Hide
	} else if e.opts.Watch != nil {
		opts.ProgressEvery = watchEvery
	}
	if watch, show := e.opts.Watch, opts.Progress; watch != nil {
		opts.Progress = func(p scheduler.Progress) {
			watch(job, p)
			if show != nil {
				show(p)
			}
		}
	}
	return hide
}

// run plans and runs a job.
func (e *Engine) run(ctx context.Context, statement ast.Statement, source string, out render.Writer) error {
	planned, err := e.session.Plan(statement, source)
	if err != nil {
		return err
	}
	hide := func() {}
	follow := func(opts *scheduler.Options) { hide = e.follow(opts, planned.Job.Name) }
	if planned.CollectUID == "" {
		return e.runner.Run(ctx, planned, nil, follow)
	}
	out = e.arranged(planned, out)
	if err := out.Begin(planned.Schema); err != nil {
		return err
	}
	err = e.runner.Run(ctx, planned, func(b *columnar.Batch) error {
		hide()
		return out.Rows(b)
	}, follow)
	if err == nil || planned.Unbounded && ctx.Err() != nil {
		// A result without end ends when the user stops it.
		if ended := out.End(); err == nil {
			err = ended
		}
	}
	return err
}

// arranged puts in front of out what the kind of a query's result needs.
func (e *Engine) arranged(p *session.Planned, out render.Writer) render.Writer {
	live := render.Live{Writer: out, Changelog: e.opts.Changelog && p.Job.Streaming}
	changelog := false
	for _, n := range p.Optimized { // a query has one
		changelog = changelog || plan.TraitsOf(n).Changelog
		live.Key, live.Keyed = plan.KeyOf(n)
	}
	_, wantsTable := out.(*render.Protocol)
	switch {
	case live.Changelog:
		return live
	case changelog && (wantsTable || p.Job.Streaming && !p.Unbounded):
		return render.NewCollapse(out)
	case p.Unbounded:
		live.Changelog = changelog
		return live
	}
	return out
}
