package scheduler

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/windowing"
)

// channelBatches is the capacity of a channel: enough to keep both sides busy, little enough
// that rows in flight stay few.
const channelBatches = 4

// execution is a job cut into tasks.
type execution struct {
	complete atomic.Uint64 // the newest epoch that is durable
	job      *graph.Job
	opts     Options
	consumer [][]int // nodes that read each node
	tasks    []*task
	byNode   [][]*task // of each node, by subtask; nodes of one chain share tasks
	sources  []*enumerator
	// committers make the output of sinks visible, by uid.
	committers map[string]dataflow.Committer
	checkpoint *checkpointer
	salt       string // tells runs without checkpoints apart
}

// build makes all tasks of the job and connects them. Operators are made but not opened.
func build(ctx context.Context, job *graph.Job, opts Options) (*execution, error) {
	if err := job.Validate(); err != nil {
		return nil, err
	}
	x := &execution{
		job: job, opts: opts, consumer: make([][]int, len(job.Nodes)), byNode: make([][]*task, len(job.Nodes)),
		committers: map[string]dataflow.Committer{},
	}
	x.checkpoint = newCheckpointer(x)
	if opts.Checkpoint == nil {
		x.salt = rand.Text()
	}
	for _, n := range job.Nodes {
		for _, e := range n.Inputs {
			x.consumer[e.From] = append(x.consumer[e.From], n.ID)
		}
	}
	// Chains are built from their last node, so that each operator knows what follows it.
	for i := len(job.Nodes) - 1; i >= 0; i-- {
		if n := job.Nodes[i]; !x.fused(n) {
			if err := x.buildChain(ctx, n); err != nil {
				return x, fmt.Errorf("%s: %w", n.Name, err)
			}
		}
	}
	for _, n := range job.Nodes {
		if err := x.connect(n); err != nil {
			return x, err
		}
	}
	for _, t := range x.tasks {
		t.noteBuilding()
	}
	return x, nil
}

// parallelism is the number of subtasks of a node.
func (x *execution) parallelism(n *graph.Node) int {
	if n.Parallelism > 0 {
		return n.Parallelism
	}
	return x.opts.Parallelism
}

// fused reports whether a node runs in the same task as the one that reads it: the last node of
// a chain is the one that is not.
func (x *execution) fused(n *graph.Node) bool {
	if len(x.consumer[n.ID]) != 1 {
		return false
	}
	c := x.job.Nodes[x.consumer[n.ID][0]]
	return len(c.Inputs) == 1 && c.Inputs[0].Partition.Scheme == graph.Forward && !c.Inputs[0].Blocking && x.parallelism(c) == x.parallelism(n)
}

// buildChain makes the tasks of the chain that ends with last.
func (x *execution) buildChain(ctx context.Context, last *graph.Node) error {
	chain := []*graph.Node{last}
	for len(chain[0].Inputs) == 1 && x.fused(x.job.Nodes[chain[0].Inputs[0].From]) {
		chain = append([]*graph.Node{x.job.Nodes[chain[0].Inputs[0].From]}, chain...)
	}
	p := x.parallelism(last)
	var splits *enumerator
	var source dataflow.Source
	if len(chain[0].Inputs) == 0 {
		var err error
		if source, err = x.openSource(chain[0]); err != nil {
			return err
		}
		if splits, err = x.enumerate(ctx, chain[0], source, p); err != nil {
			return err
		}
	}
	for sub := range p {
		t := &task{name: fmt.Sprintf("%s (%d/%d)", last.Name, sub+1, p), mark: dataflow.MinTime, wake: make(chan struct{}, 1), tail: &tail{mark: dataflow.MinTime}, sub: sub}
		t.lineage.complete = &x.complete
		t.tail.acknowledge = func(s *taskSnapshot) { x.checkpoint.acknowledge(t, s) }
		t.stats.watermark.Store(int64(dataflow.MinTime))
		t.head = t.tail
		for i := len(chain) - 1; i >= 0; i-- {
			if err := x.addNode(t, chain[i], sub, p, source, splits); err != nil {
				return err
			}
		}
		t.startAfter(x.opts.Restore)
		t.skip = true
		for _, n := range chain {
			t.uids = append(t.uids, n.UID)
			x.byNode[n.ID] = append(x.byNode[n.ID], t)
			t.skip = t.skip && x.opts.restored(n.UID)
		}
		x.tasks = append(x.tasks, t)
	}
	return nil
}

// enumerate lists the splits of a source: all of them, or those its checkpoint has left.
func (x *execution) enumerate(ctx context.Context, n *graph.Node, source dataflow.Source, p int) (*enumerator, error) {
	e := &enumerator{uid: n.UID}
	x.sources = append(x.sources, e)
	if snap := x.opts.Restore; snap != nil {
		var err error
		if e.splits, err = state.Values[splitState](snap.Reader(n.UID, 0, 1), "split"); err != nil {
			return nil, err
		}
		left, err := unreadSplits(snap, n.UID)
		e.splits = append(e.splits, left...)
		if err != nil {
			return nil, err
		}
	}
	if w, ok := source.(dataflow.Watcher); ok && !source.Bounded() {
		return e, x.resume(ctx, e, w)
	}
	list, err := x.newSplits(ctx, source, e.splits, p)
	for _, s := range list {
		e.splits = append(e.splits, splitState{Split: s, High: dataflow.MinTime})
	}
	if _, parallel := source.(dataflow.Parallel); parallel || !source.Bounded() {
		e.deal(p)
	}
	if g, ok := source.(dataflow.Grower); ok && !source.Bounded() && g.Every() > 0 {
		e.grower = g
		for _, s := range e.splits {
			e.known = append(e.known, s.Split)
		}
	}
	return e, err
}

// resume lists the splits that have come since a watcher was restored, if it was, and has it go on.
func (x *execution) resume(ctx context.Context, e *enumerator, w dataflow.Watcher) error {
	e.watcher, e.seen, e.reading, e.high = w, map[string]bool{}, map[string]dataflow.Time{}, dataflow.MinTime
	if x.opts.Restore != nil {
		for _, name := range x.opts.Restore.Seen[e.uid] {
			e.seen[name] = true
		}
	}
	list, names, err := e.discover(ctx)
	e.add(list, names)
	return err
}

// newSplits lists the splits that the restored ones do not have.
func (x *execution) newSplits(ctx context.Context, source dataflow.Source, restored []splitState, p int) ([]dataflow.Split, error) {
	if x.opts.Restore == nil {
		return source.Splits(ctx, p)
	}
	g, ok := source.(dataflow.Grower)
	if !ok {
		return nil, nil
	}
	var known []dataflow.Split
	for _, s := range restored {
		known = append(known, s.Split)
	}
	return g.NewSplits(ctx, known)
}

// openSource makes the source of a node without inputs.
func (x *execution) openSource(n *graph.Node) (dataflow.Source, error) {
	switch n.Kind {
	case operators.KindFunctionSource:
		s, ok := x.opts.Sources[n.UID]
		if !ok {
			return nil, fmt.Errorf("no source is bound to %s in this process", n.UID)
		}
		return s, nil
	case operators.KindValues:
		var spec operators.ValuesSpec
		if err := json.Unmarshal(n.Spec, &spec); err != nil {
			return nil, err
		}
		return operators.NewValues(spec, n.Schema, x.opts.Env), nil
	}
	var spec operators.SourceSpec
	if err := json.Unmarshal(n.Spec, &spec); err != nil {
		return nil, err
	}
	s, err := x.opts.Connectors.Source(spec.Table)
	if n, ok := s.(dataflow.Narrower); ok && err == nil {
		return n.Narrow(spec.Request.Filter, x.opts.Env)
	}
	return s, err
}

// addNode puts a node's operator in front of what the task has so far.
func (x *execution) addNode(t *task, n *graph.Node, sub, p int, source dataflow.Source, splits *enumerator) error {
	if len(n.Inputs) == 0 {
		d := &sourceDriver{name: n.Name, sub: sub, source: source, splits: splits, env: x.opts.Env}
		if n.Kind == operators.KindSource {
			if err := json.Unmarshal(n.Spec, &d.spec); err != nil {
				return err
			}
		}
		if x.opts.BatchRows > 0 {
			d.spec.Request.BatchRows = x.opts.BatchRows
		}
		if !source.Bounded() {
			d.idleAfter = x.opts.IdleAfter
			if i, ok := source.(dataflow.Idler); ok && i.IdleAfter() > 0 {
				d.idleAfter = i.IdleAfter()
			}
		}
		t.source = d
		if r, ok := source.(dataflow.Rejecter); ok {
			if err := x.addRejects(t, n, sub, p, r); err != nil {
				return err
			}
		}
		return d.compile(n.Schema)
	}
	op, err := x.operator(n)
	if err != nil {
		return err
	}
	l := newLink(n, op, t.head)
	t.head = l
	t.links = append([]*link{l}, t.links...)
	if o, ok := op.(dataflow.Opener); ok {
		if err := o.Open(x.context(n, t, sub, p)); err != nil {
			return err
		}
	}
	if x.opts.Restore == nil || l.snapshotter == nil {
		return nil
	}
	if err := l.snapshotter.Restore(x.opts.Restore.Reader(n.UID, sub, p)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// addRejects puts what keeps the bad rows of a source, if they are kept, right behind it.
func (x *execution) addRejects(t *task, n *graph.Node, sub, p int, r dataflow.Rejecter) error {
	rejects, committer := r.Rejects()
	if rejects == nil {
		return nil
	}
	l := newLink(n, rejects, t.head)
	l.open, l.pure = 1, false
	t.head, t.links = l, append([]*link{l}, t.links...)
	t.source.spec.Request.Bad = rejects.Reject
	x.committers[n.UID] = committer
	if o, ok := rejects.(dataflow.Opener); ok {
		return o.Open(x.context(n, t, sub, p))
	}
	return nil
}

// context is what an operator may know.
func (x *execution) context(n *graph.Node, t *task, sub, p int) *dataflow.Context {
	c := &dataflow.Context{
		Name: n.Name, Owner: x.ownerOf(n.UID), Checkpoints: x.opts.Checkpoint != nil, Subtask: sub, Parallelism: p, Streaming: x.job.Streaming,
		Output: n.Schema, Budget: x.opts.Budget, State: x.opts.State, Env: x.opts.Env,
		Canceled: func() bool { return t.tail.canceled != nil && t.tail.canceled() },
	}
	for _, e := range n.Inputs {
		c.Inputs = append(c.Inputs, x.job.Nodes[e.From].Schema)
	}
	return c
}

// operator makes the operator of a node by its kind.
func (x *execution) operator(n *graph.Node) (dataflow.Operator, error) {
	if op, known, err := operators.New(n); known {
		return op, err
	}
	if op, known, err := windowing.New(n); known {
		return op, err
	}
	switch n.Kind {
	case operators.KindSink:
		var spec operators.SinkSpec
		if err := json.Unmarshal(n.Spec, &spec); err != nil {
			return nil, err
		}
		committer, err := x.opts.Connectors.Committer(spec.Table)
		if err != nil {
			return nil, err
		}
		if committer != nil {
			x.committers[n.UID] = committer
		}
		return x.opts.Connectors.Sink(spec.Table)
	case operators.KindCollect, operators.KindFunction:
		bind, ok := x.opts.Bindings[n.UID]
		if !ok {
			return nil, fmt.Errorf("nothing is bound to %s in this process", n.UID)
		}
		op := bind()
		if c, ok := op.(dataflow.Committer); ok {
			x.committers[n.UID] = c
		}
		return op, nil
	}
	return nil, fmt.Errorf("unknown kind of operator %q", n.Kind)
}

// connect makes the channels of a node's inputs unless they lie within a chain.
func (x *execution) connect(n *graph.Node) error {
	for port, e := range n.Inputs {
		from := x.job.Nodes[e.From]
		if x.fused(from) {
			continue
		}
		if err := x.connectEdge(from, n, port, e); err != nil {
			return err
		}
	}
	return nil
}

func (x *execution) connectEdge(from, to *graph.Node, port int, e graph.Edge) error {
	producers, consumers := x.byNode[from.ID], x.byNode[to.ID]
	scheme := e.Partition.Scheme
	if scheme == graph.Forward && len(producers) != len(consumers) {
		return fmt.Errorf("%s to %s: a forward edge from %d to %d subtasks", from.Name, to.Name, len(producers), len(consumers))
	}
	capacity := channelBatches
	if e.Blocking {
		capacity = 0
	}
	for _, c := range consumers {
		for len(c.ports) <= port {
			c.ports = append(c.ports, &inputPort{mark: dataflow.MinTime})
		}
	}
	for i, p := range producers {
		targets := consumers
		switch scheme {
		case graph.Forward:
			targets = consumers[i : i+1]
		case graph.Single:
			targets = consumers[:1]
		}
		var channels []*shuffle.Channel
		for _, c := range targets {
			ch := shuffle.NewChannel(capacity)
			ch.OnProgress(p.signal, c.signal)
			if x.opts.EncodeExchanges {
				ch.Encode(from.Schema)
			}
			c.ports[port].channels = append(c.ports[port].channels, &inputChannel{Channel: ch, mark: dataflow.MinTime})
			c.ports[port].open++
			channels = append(channels, ch)
		}
		p.tail.writers = append(p.tail.writers, shuffle.NewWriter(e.Partition, channels))
	}
	return nil
}

// SourceBindings give the sources of nodes that live in the submitting process, by uid.
type SourceBindings map[string]dataflow.Source

// Bindings give the operators of nodes that live in the submitting process, by uid.
type Bindings map[string]func() dataflow.Operator

// Collector is the operator of a collect node: it hands each batch, borrowed, to Take.
type Collector struct {
	Take func(b *columnar.Batch) error
}

var _ dataflow.Operator = (*Collector)(nil)

// Process hands b over.
func (c *Collector) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, c.Take(b)
}

// Close does nothing.
func (c *Collector) Close() error { return nil }

// registry is what a job needs of the connectors.
type registry interface {
	Source(spec *catalog.TableSpec) (dataflow.Source, error)
	Sink(spec *catalog.TableSpec) (dataflow.Operator, error)
	Committer(spec *catalog.TableSpec) (dataflow.Committer, error)
}
