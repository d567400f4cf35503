package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/state/spill"
)

// channelBatches is the capacity of a channel: enough to keep both sides busy, little enough
// that rows in flight stay few.
const channelBatches = 4

// Environment is what tasks find in their process.
type Environment struct {
	Name     string // of the TaskManager, as in the deployment's slots
	Bindings *binding.Set
	Budget   *mem.Budget
	State    *state.Backend       // nil: state is in memory
	Spill    *spill.Area          // nil: batch operators put nothing aside
	Exchange *shuffle.Exchange    // with other TaskManagers
	Restore  *checkpoint.Snapshot // that the deployment names; nil: none
	// Send sends a message of a task to the JobManager. Any goroutine may call it.
	Send func(rpc.Message)
	// Store makes a snapshot durable and then sends its acknowledgement. It does not wait; the messages
	// of a task keep their order.
	Store func(*rpc.Acknowledge, state.Blob)
	// Append has a piece of a task's snapshot of an epoch written and calls written when it is. Pieces
	// come in order, and Store with the last of them.
	Append func(task int, epoch dataflow.Epoch, b state.Blob, written func())
}

// builder makes the tasks of a deployment that are placed here.
type builder struct {
	*rpc.Deploy
	Environment
	vertices []*graph.Vertex
	tasks    []*Task
	byNode   [][]*Task // of each node, by subtask; nil where they are placed elsewhere
	exits    map[exitOf]*exit
}

// exitOf is where the rows of a node leave a task.
type exitOf struct {
	task *Task
	node int
}

// Build makes the tasks that a deployment places here and connects them. Their operators are open and
// restored. After an error nothing is left.
func Build(d *rpc.Deploy, env Environment) (tasks []*Task, err error) {
	b := &builder{Deploy: d, Environment: env, byNode: make([][]*Task, len(d.Job.Nodes)), exits: map[exitOf]*exit{}}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("start of the job: panic: %v\n%s", r, debug.Stack())
		}
		if err != nil {
			tasks = nil
			for _, t := range b.tasks {
				err = errors.Join(err, t.Close(true))
			}
		}
	}()
	if err := d.Job.Validate(); err != nil {
		return nil, err
	}
	b.vertices = d.Job.Vertices(d.Settings.Parallelism)
	for _, v := range b.vertices {
		if v.Parallelism > len(d.Slots) {
			return nil, fmt.Errorf("%s: %d subtasks do not fit into %d slots", v.Name(), v.Parallelism, len(d.Slots))
		}
		if err := b.vertex(v); err != nil {
			return nil, err
		}
	}
	for _, n := range d.Job.Nodes {
		if err := b.connect(n); err != nil {
			return nil, err
		}
	}
	for _, t := range b.tasks {
		t.building = t.waitsForInput()
	}
	return b.tasks, nil
}

// Building reports whether the task reads one input before another; it tells when it no longer does. It
// is asked for before the task starts.
func (t *Task) Building() bool { return t.building }

// Number is that of the task among all of its job.
func (t *Task) Number() int { return t.number }

// vertex makes the tasks of a vertex.
func (b *builder) vertex(v *graph.Vertex) error {
	var source *sourceOf
	for sub := range v.Parallelism {
		if b.Slots[sub] != b.Name {
			b.place(v, nil)
			continue
		}
		if n := v.Source(); n != nil && source == nil {
			var err error
			if source, err = b.source(n); err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
		}
		t := &Task{
			name: fmt.Sprintf("%s (%d/%d)", v.Name(), sub+1, v.Parallelism), last: v.Name(), attempt: b.Attempt, number: v.First + sub,
			send: b.Send, store: b.Store, append: b.Append, mark: dataflow.MinTime, wake: make(chan struct{}, 1), tail: &tail{}, uids: v.UIDs(), skip: true,
		}
		t.stats.watermark.Store(int64(dataflow.MinTime))
		b.tasks = append(b.tasks, t)
		if err := b.fill(t, v, sub, source); err != nil {
			return err
		}
		t.startAfter(b.Restore)
		for _, uid := range t.uids {
			t.skip = t.skip && b.Restore != nil && b.Restore.AllFinished(uid)
		}
		b.place(v, t)
	}
	return nil
}

// fill puts the operators of a vertex into a task, each in front of those that read it.
func (b *builder) fill(t *Task, v *graph.Vertex, sub int, source *sourceOf) error {
	heads := map[int]stage{} // of nodes
	for i := len(v.Nodes) - 1; i >= 0; i-- {
		n := v.Nodes[i]
		var after fork
		for _, r := range v.Readers(n) {
			after = append(after, heads[r.ID])
		}
		if slices.Contains(v.Ends, n) {
			x := t.tail.exit()
			b.exits[exitOf{t, n.ID}] = x
			after = append(after, x)
		}
		if t.head = after; len(after) == 1 {
			t.head = after[0]
		}
		if err := b.addNode(t, n, sub, v.Parallelism, source); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
		heads[n.ID] = t.head
	}
	return nil
}

func (b *builder) place(v *graph.Vertex, t *Task) {
	for _, n := range v.Nodes {
		b.byNode[n.ID] = append(b.byNode[n.ID], t)
	}
}

// addNode puts a node's operator in front of what the task has so far.
func (b *builder) addNode(t *Task, n *graph.Node, sub, p int, source *sourceOf) error {
	if len(n.Inputs) == 0 {
		return b.addSource(t, n, sub, p, source)
	}
	op, err := b.Bindings.Operator(n)
	if err != nil {
		return err
	}
	l := newLink(n, op, t.head)
	t.head = l
	t.links = append([]*link{l}, t.links...)
	if env := b.Bindings.Env; env != nil {
		t.alarms.add(l, env.Now)
	}
	if o, ok := op.(dataflow.Opener); ok {
		if err := o.Open(b.context(n, t, sub, p)); err != nil {
			return err
		}
	}
	if b.Restore == nil || l.snapshotter == nil {
		return nil
	}
	if err := l.snapshotter.Restore(b.Restore.Reader(n.UID, sub, p)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// sourceOf is what all tasks here of a node that reads have in common.
type sourceOf struct {
	dataflow.Source
	spec operators.SourceSpec
}

func (b *builder) source(n *graph.Node) (s *sourceOf, err error) {
	s = &sourceOf{}
	if s.Source, err = b.Bindings.Source(n); err == nil && n.Kind == operators.KindSource {
		err = json.Unmarshal(n.Spec, &s.spec)
	}
	return s, err
}

// addSource gives the task what reads for it.
func (b *builder) addSource(t *Task, n *graph.Node, sub, p int, of *sourceOf) error {
	source := of.Source
	d := &sourceDriver{name: n.Name, source: source, spec: of.spec, env: b.Bindings.Env, even: binding.SideBySide(source), shared: binding.Watches(source) != nil, remaining: true}
	if b.Settings.BatchRows > 0 {
		d.spec.Request.BatchRows = b.Settings.BatchRows
	}
	if !source.Bounded() {
		d.idleAfter = b.Settings.IdleAfter
		if i, ok := source.(dataflow.Idler); ok && i.IdleAfter() > 0 {
			d.idleAfter = i.IdleAfter()
		}
	}
	t.source = d
	if r, ok := source.(dataflow.Rejecter); ok {
		if err := b.addRejects(t, n, sub, p, r); err != nil {
			return err
		}
	}
	return d.compile(n.Schema)
}

// addRejects puts what keeps the bad rows of a source, if they are kept, right behind it.
func (b *builder) addRejects(t *Task, n *graph.Node, sub, p int, r dataflow.Rejecter) error {
	rejects, _ := r.Rejects()
	if rejects == nil {
		return nil
	}
	l := newLink(n, rejects, t.head)
	l.open, l.pure = 1, false
	t.head, t.links = l, append([]*link{l}, t.links...)
	t.source.spec.Request.Bad, t.source.spec.Request.Rejects = rejects.Reject, rejects
	if o, ok := rejects.(dataflow.Opener); ok {
		return o.Open(b.context(n, t, sub, p))
	}
	return nil
}

// context is what an operator may know.
func (b *builder) context(n *graph.Node, t *Task, sub, p int) *dataflow.Context {
	c := &dataflow.Context{
		Name: n.Name, Owner: b.Settings.Owner(b.Job.Name, n.UID), Checkpoints: b.Settings.Checkpoint != nil, Subtask: sub, Parallelism: p,
		Streaming: b.Job.Streaming, Output: n.Schema, Budget: b.Budget, State: b.State, Spill: b.spill(), Env: b.Bindings.Env,
		Canceled: func() bool { return t.tail.canceled != nil && t.tail.canceled() },
	}
	for _, e := range n.Inputs {
		c.Inputs = append(c.Inputs, b.Job.Nodes[e.From].Schema)
	}
	return c
}

// spill is where operators put rows aside. Those of a streaming job keep state, which is in snapshots.
func (b *builder) spill() *spill.Area {
	if b.Job.Streaming {
		return nil
	}
	return b.Spill
}

// connect makes the channels of a node's inputs unless they lie within a vertex.
func (b *builder) connect(n *graph.Node) error {
	for _, v := range b.vertices {
		if v.Nodes[0] != n {
			continue
		}
		for port, e := range n.Inputs {
			if err := b.connectEdge(b.Job.Nodes[e.From], n, port, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) connectEdge(from, to *graph.Node, port int, e graph.Edge) error {
	producers, consumers := b.byNode[from.ID], b.byNode[to.ID]
	scheme := e.Partition.Scheme
	if scheme == graph.Forward && len(producers) != len(consumers) {
		return fmt.Errorf("%s to %s: a forward edge from %d to %d subtasks", from.Name, to.Name, len(producers), len(consumers))
	}
	for _, c := range consumers {
		if c != nil {
			c.ports = append(c.ports, &inputPort{mark: dataflow.MinTime})
		}
	}
	for i, p := range producers {
		first, targets := 0, consumers
		switch scheme {
		case graph.Forward:
			first, targets = i, consumers[i:i+1]
		case graph.Single:
			targets = consumers[:1]
		}
		var channels []*shuffle.Channel
		for k, c := range targets {
			if p == nil && c == nil {
				continue
			}
			name := shuffle.ChannelName{Attempt: uint64(b.Attempt), Node: to.ID, Port: port, Producer: i, Consumer: first + k}
			channels = append(channels, b.channel(name, from, e.Blocking, p, c))
		}
		if p != nil {
			x := b.exits[exitOf{p, from.ID}]
			x.writers = append(x.writers, shuffle.NewWriter(e.Partition, channels))
		}
	}
	return nil
}

// channel makes a channel between two tasks, or its end here if one of them, nil, is elsewhere.
func (b *builder) channel(name shuffle.ChannelName, from *graph.Node, blocking bool, producer, consumer *Task) *shuffle.Channel {
	capacity := channelBatches
	if blocking {
		capacity = 0
	}
	var c *shuffle.Channel
	if producer != nil && consumer != nil {
		c = shuffle.NewChannel(capacity)
		if b.Settings.EncodeExchanges {
			c.Encode(from.Schema)
		}
	} else {
		c = b.Exchange.Channel(name, capacity, from.Schema)
	}
	if producer != nil {
		c.OnRoom(producer.signal)
	}
	if consumer != nil {
		c.OnElement(consumer.signal)
		p := consumer.ports[name.Port]
		p.channels = append(p.channels, &inputChannel{Channel: c, mark: dataflow.MinTime})
		p.open++
	}
	return c
}
