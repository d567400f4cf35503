package stream

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler"
)

// Env is where the streams of one job are put together. One goroutine uses it.
type Env struct {
	name        string
	parallelism int
	memoryBytes int64
	dir         string
	interval    time.Duration
	restart     scheduler.RestartStrategy
	note        func(string)
	batchRows   int // largest batch of a source; 0 leaves it to them

	outside *Graft // one of the parts that are made elsewhere, all of which need the same; nil: there are none

	nodes  []*node
	codecs map[codecKey]*govalue.Codec
	errs   []error // of putting the job together; Execute reports them
}

type codecKey struct {
	t   reflect.Type
	key bool
}

// node is an operator of the job to be.
type node struct {
	env      *Env
	id       int
	kind     graph.Kind
	what     string // the transformation, for those without a name
	name     string // given by the user
	stateful bool
	sole     bool // one subtask, whatever the parallelism of the job
	schema   *columnar.Schema
	inputs   []input
	source   dataflow.Source
	operator func() dataflow.Operator
	spec     any // of an operator of the engine's own; nil for functions
	sides    []AnySide
	late     AnySide // of sides, for late rows
	lateness time.Duration
	frame    *frame // of an operator with sides
	graft    *Graft // nil for all but parts that are made elsewhere
	// unbounded grafts have sources of their own that do not end.
	unbounded bool
}

type input struct {
	from *node
	keys int // of the leading columns; 0 is no hash exchange
}

// EnvOption changes a new Env.
type EnvOption func(*Env)

// WithName names the job; its checkpoints are kept under that name. The default is "job".
func WithName(name string) EnvOption { return func(e *Env) { e.name = name } }

// WithParallelism sets the number of subtasks of each operator; the default is 1. Sources read
// in one.
func WithParallelism(n int) EnvOption { return func(e *Env) { e.parallelism = n } }

// WithMemory limits the memory for state, in bytes; the default is no limit.
func WithMemory(limitBytes int64) EnvOption { return func(e *Env) { e.memoryBytes = limitBytes } }

// WithCheckpoints takes a checkpoint of all state below dir at every interval. Execute goes on
// from the newest one if an earlier run under the same name left any; a run that reaches its end
// removes them.
func WithCheckpoints(dir string, interval time.Duration) EnvOption {
	return func(e *Env) { e.dir, e.interval = dir, interval }
}

// WithRestart starts a job again that fails while Execute runs it, from its newest checkpoint if it takes
// some. The settings are those of SQL jobs, which are Flink's, such as restart-strategy.type and
// restart-strategy.fixed-delay.attempts; with none of them the delay grows with each failure and there is no
// limit. Without this option a job that fails has ended.
func WithRestart(settings map[string]string) EnvOption {
	return func(e *Env) {
		s, err := scheduler.RestartOf(settings)
		if err != nil {
			e.fail(err)
		}
		e.restart = s
	}
}

// WithNote takes what the engine tells beside results, such as why a job starts again.
func WithNote(note func(text string)) EnvOption { return func(e *Env) { e.note = note } }

// NewEnv makes an empty job.
func NewEnv(opts ...EnvOption) *Env {
	e := &Env{name: "job", parallelism: 1, restart: scheduler.RestartStrategy{Kind: scheduler.NoRestart}, codecs: map[codecKey]*govalue.Codec{}}
	for _, o := range opts {
		o(e)
	}
	if e.parallelism < 1 {
		e.fail(fmt.Errorf("parallelism is %d; it is at least 1", e.parallelism))
	}
	if e.dir != "" && e.interval <= 0 {
		e.fail(fmt.Errorf("checkpoint interval is %s; it is above 0", e.interval))
	}
	if e.dir != "" && (!filepath.IsLocal(e.name) || filepath.Base(e.name) != e.name || e.name == ".") {
		e.fail(fmt.Errorf("the job's name %q is not the name of a folder", e.name))
	}
	return e
}

// Execute runs the job with all its sinks and returns when it has ended; see WithRestart for one that fails.
func (e *Env) Execute(ctx context.Context) error {
	var sinks []*node
	for _, n := range e.nodes {
		if n.schema == nil {
			sinks = append(sinks, n)
		}
	}
	if len(sinks) == 0 {
		return fmt.Errorf("job %s: %w", e.name, errors.Join(append(slices.Clone(e.errs), errors.New("the job has no sink"))...))
	}
	return e.run(ctx, sinks, e.restart)
}

func (e *Env) fail(err error) { e.errs = append(e.errs, err) }

// Option changes one operator.
type Option func(*node)

// Named names an operator: in errors, and its state in checkpoints. Names are unique in a job;
// operators with state must have one.
func Named(name string) Option { return func(n *node) { n.name = name } }

func (e *Env) add(n *node, opts []Option) *node {
	n.env, n.id = e, len(e.nodes)
	for _, in := range n.inputs {
		if in.from.env != e {
			e.fail(fmt.Errorf("%s: its inputs are of two environments", n.what))
		}
	}
	for _, o := range opts {
		o(n)
	}
	e.nodes = append(e.nodes, n)
	return n
}

// codecOf makes the codec of T once; what is wrong with T is reported for the operator what.
func codecOf[T any](e *Env, what string) *govalue.Codec {
	return e.codec(reflect.TypeFor[T](), what, false)
}

// keyCodecOf is codecOf for a key.
func keyCodecOf[K comparable](e *Env, what string) *govalue.Codec {
	return e.codec(reflect.TypeFor[K](), what, true)
}

func (e *Env) codec(t reflect.Type, what string, key bool) *govalue.Codec {
	at := codecKey{t, key}
	if c, ok := e.codecs[at]; ok {
		return c
	}
	compile := govalue.Of
	if key {
		compile = govalue.OfKey
	}
	c, err := compile(t)
	if err != nil {
		e.fail(fmt.Errorf("%s: %w", what, err))
		c = &govalue.Codec{}
	}
	e.codecs[at] = c
	return c
}

// plan is a job with the functions of its nodes.
type plan struct {
	job      *graph.Job
	bindings scheduler.Bindings
	sources  scheduler.SourceBindings
}

// plan makes the job of the nodes that the targets need.
func (e *Env) plan(targets []*node) (*plan, error) {
	p := &plan{
		job: &graph.Job{Name: e.name, Streaming: true}, bindings: scheduler.Bindings{}, sources: scheduler.SourceBindings{},
	}
	errs := slices.Clone(e.errs)
	needed, foreign := map[*node]bool{}, false
	var mark func(n *node)
	mark = func(n *node) {
		if needed[n] {
			return
		}
		needed[n], foreign = true, foreign || n.env != e
		for _, in := range n.inputs {
			mark(in.from)
		}
	}
	for _, n := range targets {
		mark(n)
	}
	if foreign {
		return nil, errors.Join(errs...) // nodes of another job have no place in this one
	}
	placed, uids := map[*node]*graph.Node{}, map[string]bool{}
	for _, n := range e.nodes {
		if !needed[n] {
			continue
		}
		g := p.place(n, placed)
		placed[n] = g
		if n.stateful && n.name == "" {
			errs = append(errs, fmt.Errorf("operator %d (%s) has state and no name: give it one with Named", n.id, n.what))
		}
		if uids[g.UID] {
			errs = append(errs, fmt.Errorf("two operators are called %q", g.UID))
		}
		uids[g.UID] = true
	}
	return p, errors.Join(errs...)
}

// place adds n to the job, its inputs being there.
func (p *plan) place(n *node, placed map[*node]*graph.Node) *graph.Node {
	if n.graft != nil {
		return p.placeGraft(n, placed)
	}
	var edges []graph.Edge
	for _, in := range n.inputs {
		edge := graph.Edge{From: placed[in.from].ID, Partition: graph.Partitioning{Scheme: graph.Forward}}
		switch {
		case in.keys > 0:
			edge.Partition.Scheme = graph.Hash
			for k := range in.keys {
				edge.Partition.Keys = append(edge.Partition.Keys, k)
			}
		case n.sole && !in.from.sole:
			edge.Partition.Scheme = graph.Single
		case in.from.sole && !n.sole:
			// At parallelism 1 too, so that the graph is the same at any.
			edge.Partition.Scheme = graph.Rebalance
		}
		edges = append(edges, edge)
	}
	name, schema := n.name, n.schema
	if name == "" {
		name = n.what
	}
	if schema == nil {
		schema = placed[n.inputs[0].from].Schema
	}
	spec := n.spec
	if spec == nil {
		spec = operators.FunctionSpec{}
	}
	g := p.job.Add(n.kind, name, spec, schema, edges...)
	if n.name != "" {
		g.UID = n.name
	}
	if n.sole {
		g.Parallelism = 1
	}
	if n.source != nil {
		p.sources[g.UID] = n.source
	}
	if n.operator != nil {
		p.bindings[g.UID] = n.operator
	}
	return g
}

// run executes what the targets need.
func (e *Env) run(ctx context.Context, targets []*node, restart scheduler.RestartStrategy) (err error) {
	p, err := e.plan(targets)
	if err != nil {
		return fmt.Errorf("job %s: %w", e.name, err)
	}
	opts := scheduler.Options{
		Parallelism: e.parallelism, Bindings: p.bindings, Sources: p.sources,
		Budget: mem.NewBudget(e.memoryBytes), Tick: clock.Tick, BatchRows: e.batchRows, Note: e.note,
	}
	if e.outside != nil {
		opts.Connectors, opts.Env = e.outside.Connectors, e.outside.Env
	}
	if e.dir != "" {
		store, openErr := checkpoint.Open(e.dir, e.name)
		if openErr != nil {
			return fmt.Errorf("job %s: %w", e.name, openErr)
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		opts.Checkpoint = &scheduler.Checkpointing{Store: store, Interval: e.interval}
		if opts.Restore, err = newest(store, p.job); err != nil {
			return fmt.Errorf("job %s: %w", e.name, err)
		}
	}
	if err := scheduler.RunRestarting(ctx, p.job, opts, restart); err != nil {
		return fmt.Errorf("job %s: %w", e.name, err)
	}
	return nil
}

// newest is the checkpoint to go on from, nil if there is none.
func newest(store *checkpoint.Store, job *graph.Job) (*checkpoint.Snapshot, error) {
	epoch, err := store.Newest()
	if err != nil || epoch == 0 {
		return nil, err
	}
	snap, err := store.Read(epoch)
	if err != nil {
		return nil, err
	}
	if snap.Ended {
		return nil, store.Clear() // of a run that has ended; this is a new one
	}
	digest, err := scheduler.Digest(job)
	if err == nil && digest != snap.Digest {
		err = fmt.Errorf("checkpoint %d in %s is of another job or of an earlier shape of this one: remove it to start afresh", epoch, store.Dir())
	}
	return snap, err
}
