package table

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/io/memory"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/runner"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/stream"
)

// Env has the tables, settings and functions of one program. One goroutine uses it.
type Env struct {
	session *session.Session
	runner  *runner.Runner
	env     *expr.Env                   // of jobs of streams; nil until there is one
	streams map[string]stream.AnyStream // given to FromStream, by the names of their nodes
}

type options struct {
	connectors *catalog.Registry
	runner     runner.Options
}

// EnvOption changes a new Env.
type EnvOption func(*options)

// WithConnectors says what tables may name in 'connector'; builtin.Connectors() has all that come with the
// engine. The default is memory only.
func WithConnectors(r *catalog.Registry) EnvOption { return func(o *options) { o.connectors = r } }

// WithName names the jobs where pipeline.name is not set; their checkpoints are kept under that name. The
// default is "job".
func WithName(name string) EnvOption { return func(o *options) { o.runner.Name = name } }

// WithParallelism sets the number of subtasks of each operator where parallelism.default is not set; the
// default is 1.
func WithParallelism(n int) EnvOption { return func(o *options) { o.runner.Parallelism = n } }

// WithMemory limits the memory of operators, in bytes; the default is no limit.
func WithMemory(limitBytes int64) EnvOption {
	return func(o *options) { o.runner.Budget = mem.NewBudget(limitBytes) }
}

// WithNote takes what the engine tells beside results, such as why a job starts again.
func WithNote(note func(text string)) EnvOption { return func(o *options) { o.runner.Note = note } }

// NewEnv makes an Env without tables. A job that takes checkpoints goes on from the newest of an earlier
// run of its name that has not ended.
func NewEnv(opts ...EnvOption) *Env {
	o := options{runner: runner.Options{Name: "job", Recovery: runner.Recovery{Unended: true}}}
	for _, opt := range opts {
		opt(&o)
	}
	if o.connectors == nil {
		o.connectors = catalog.NewRegistry(memory.New())
	}
	if o.runner.Budget == nil {
		o.runner.Budget = mem.NewBudget(0)
	}
	s := session.New(o.connectors)
	s.Functions = &expr.Functions{}
	return &Env{session: s, runner: runner.New(s, o.runner)}
}

// Register gives SQL functions. A name that is taken, or a function whose types SQL has not, is refused.
func (e *Env) Register(functions ...Function) error {
	return Register(e.session.Functions, functions...)
}

// Register is Env.Register for those who have a session of their own.
func Register(to *expr.Functions, functions ...Function) error {
	for _, f := range functions {
		if err := f.add(to); err != nil {
			return fmt.Errorf("register: %w", err)
		}
	}
	return nil
}

// Exec runs the statements of a script to their end, one after the other; the first that fails ends it.
// Queries are refused, as nobody reads what they give: see Collect and ForEach.
func (e *Env) Exec(ctx context.Context, script string) error {
	r := parser.NewReader(script)
	for {
		statement, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if q, ok := statement.(*ast.Query); ok {
			return ast.Errorf(q, ast.ClassSemantic, "Exec runs no queries; read them with Collect or ForEach").Locate(script)
		}
		if err := e.execute(ctx, statement, script); err != nil {
			return err
		}
	}
}

func (e *Env) execute(ctx context.Context, statement ast.Statement, script string) error {
	if !session.Runs(statement) {
		_, err := e.session.Apply(statement, script)
		return err
	}
	planned, err := e.session.Plan(statement, script)
	if err == nil {
		err = withoutStreams(planned)
	}
	if err != nil {
		return err
	}
	return e.runner.Run(ctx, planned, nil, nil)
}

// Show runs a statement that starts no job and returns its rows, such as those of SHOW TABLES, DESCRIBE
// and EXPLAIN.
func (e *Env) Show(statement string) ([][]string, error) {
	statements, err := parser.Parse(statement)
	if err != nil {
		return nil, err
	}
	if len(statements) != 1 || session.Runs(statements[0]) {
		return nil, errors.New("Show takes one statement that starts no job")
	}
	r, err := e.session.Apply(statements[0], statement)
	if err != nil {
		return nil, err
	}
	return r.Rows, nil
}

// withoutStreams refuses to run a statement that only the job of a stream can.
func withoutStreams(p *session.Planned) error {
	for _, n := range p.Job.Nodes {
		if n.Kind == operators.KindExternal {
			return fmt.Errorf("%s is of another job: add the statement to it with ToStream or Insert", n.Name)
		}
	}
	return nil
}

// plan plans a text that is one query.
func (e *Env) plan(query string) (*session.Planned, error) {
	statements, err := parser.Parse(query)
	if err != nil {
		return nil, err
	}
	if len(statements) != 1 {
		return nil, fmt.Errorf("the text has %d statements, not one query", len(statements))
	}
	q, ok := statements[0].(*ast.Query)
	if !ok {
		return nil, ast.Errorf(statements[0], ast.ClassSemantic, "this is no query; run it with Exec").Locate(query)
	}
	return e.session.Plan(q, query)
}
