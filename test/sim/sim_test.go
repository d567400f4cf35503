//go:build unix

package sim

import (
	"container/heap"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/scheduler/jobmanager"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/scheduler/task"
	"github.com/anabranch/anabranch/scheduler/taskmanager"
	"github.com/anabranch/anabranch/shuffle"
)

var (
	seed  = flag.Int64("seed", -1, "run this seed only, and tell what happens")
	seeds = flag.Int("seeds", 300, "how many seeds to run")
)

// stepsMax is far above the steps any job takes.
const stepsMax = 400_000

// world is a cluster with all that is around it.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	now   time.Duration
	queue queue
	order int
	trace bool

	machine  *jobmanager.Machine
	backing  *jobmanager.Backing
	work     []jobmanager.Action // for the world outside, in order
	managers map[string]*node
	started  int // TaskManagers ever
	exchange *shuffle.Exchange
	store    *checkpoint.Store
	bindings *binding.Set
	arrives  map[[2]string]time.Duration // the last message from one to another
	slots    int                         // of each TaskManager
	ended    *jobmanager.End

	faultsUntil time.Duration
	checkpoints bool
	endless     bool    // the job ends when it is stopped
	stopped     bool    // it was
	expected    []int64 // ids
	number      int     // of the next output
	open        map[int]bool
	committed   map[int][]int64
	beside      map[int][]int64 // what besideOperators had seen when they ended, by subtask; nil: there are none
	durable     map[string]bool // data that a durable checkpoint lists
	acked       map[[3]uint64]bool
	finished    map[[2]uint64]bool
	stats       map[string]int
}

// node is a TaskManager with its tasks.
type node struct {
	w     *world
	name  string
	tm    *taskmanager.TaskManager
	dead  bool
	until time.Duration // it stands still until then
	inbox []rpc.Message
	live  map[*task.Task]bool
}

// happening is a step of the simulation.
type happening struct {
	at    time.Duration
	order int
	do    func()
}

type queue []happening

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, k int) bool {
	return q[i].at < q[k].at || q[i].at == q[k].at && q[i].order < q[k].order
}
func (q queue) Swap(i, k int) { q[i], q[k] = q[k], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(happening)) }
func (q *queue) Pop() any {
	old := *q
	h := old[len(old)-1]
	*q = old[:len(old)-1]
	return h
}

// after lets something happen after a while.
func (w *world) after(d time.Duration, do func()) {
	w.order++
	heap.Push(&w.queue, happening{w.now + d, w.order, do})
}

// between is a time by chance.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rng.Int64N(int64(high-low)))
}

// fault says once in n times that something fails, until the faults are over.
func (w *world) fault(n int) bool {
	if w.now > w.faultsUntil || w.rng.IntN(n) > 0 {
		return false
	}
	w.stats["faults"]++
	return true
}

func (w *world) violated(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("at %s: %s", w.now, fmt.Sprintf(format, args...))
}

func (w *world) log(format string, args ...any) {
	if w.trace {
		w.t.Logf("%12s %s", w.now, fmt.Sprintf(format, args...))
	}
}

// send carries a message as bytes; those of a pair keep their order, those of others overtake.
func (w *world) send(from, to string, m rpc.Message, deliver func(rpc.Message)) {
	b, err := rpc.Encode(nil, m)
	if err != nil {
		w.violated("%v", err)
		return
	}
	pair := [2]string{from, to}
	at := w.now + w.between(10*time.Microsecond, 3*time.Millisecond)
	if w.rng.IntN(20) == 0 {
		at += w.between(0, 50*time.Millisecond)
	}
	at = max(at, w.arrives[pair])
	w.arrives[pair] = at
	w.after(at-w.now, func() {
		m, err := rpc.Decode(b)
		if err != nil {
			w.violated("%v", err)
			return
		}
		w.log("%s -> %s: %T %s", from, to, m, clip(b))
		deliver(m)
	})
}

func clip(b []byte) string {
	return strings.ToValidUTF8(string(b[2:min(len(b), 120)]), "?")
}

// start adds a TaskManager.
func (w *world) start() {
	w.started++
	n := &node{w: w, name: fmt.Sprintf("tm-%d", w.started), live: map[*task.Task]bool{}}
	n.tm = taskmanager.New(taskmanager.Options{
		Name: n.name, Slots: w.slots, Bindings: w.bindings, Budget: mem.NewBudget(0), Exchange: w.exchange, Causes: w.backing.Causes,
		Load: checkpoint.Read, Runner: n, Create: w.create, Send: func(m rpc.Message) {
			if !n.dead {
				w.send(n.name, "jm", m, func(m rpc.Message) { w.heard(n.name, m) })
			}
		},
	})
	w.managers[n.name] = n
	n.tm.Offer()
}

// Go lets f happen after a while.
func (n *node) Go(f func()) { n.awake(n.w.between(0, 5*time.Millisecond), f) }

// awake lets something happen in the node, unless it is dead, and later if it stands still.
func (n *node) awake(d time.Duration, f func()) {
	n.w.after(d, func() {
		switch {
		case n.dead:
		case n.w.now < n.until:
			n.awake(n.until-n.w.now, f)
		default:
			f()
		}
	})
}

// receive takes a message in, in order also when the node stands still.
func (n *node) receive(m rpc.Message) {
	n.inbox = append(n.inbox, m)
	n.awake(0, func() {
		first := n.inbox[0]
		n.inbox = n.inbox[1:]
		n.tm.Receive(first)
	})
}

// late is a context whose end is noticed late, as by an operator that works for long in one call.
type late struct {
	context.Context
	w    *world
	from time.Duration // when it is noticed; 0: it has not ended
}

func (l *late) Err() error {
	err := l.Context.Err()
	if err != nil && l.from == 0 {
		l.from = l.w.now + l.w.between(0, 20*time.Millisecond)
	}
	if l.w.now < l.from {
		return nil
	}
	return err
}

// Run steps a task now and then.
func (n *node) Run(ctx context.Context, t *task.Task, ended func(error)) {
	ctx = &late{Context: ctx, w: n.w}
	n.live[t] = true
	var step func()
	step = func() {
		result, err := t.Advance(ctx)
		switch {
		case err != nil || result == task.Done:
			delete(n.live, t)
			n.w.log("%s: task %d has ended: %v", n.name, t.Number(), err)
			ended(err)
		case result == task.Blocked:
			n.awake(n.w.between(200*time.Microsecond, 2*time.Millisecond), step)
		default:
			n.awake(n.w.between(10*time.Microsecond, 500*time.Microsecond), step)
		}
	}
	n.awake(0, step)
}

// crash ends a TaskManager without a word; some time after its last message the JobManager knows.
func (w *world) crash(n *node) {
	w.log("%s crashes", n.name)
	w.stats["crashes"]++
	n.dead = true
	delete(w.managers, n.name)
	for t := range n.live {
		if err := t.Close(true); err != nil {
			w.violated("close: %v", err)
		}
	}
	at := max(w.arrives[[2]string{n.name, "jm"}], w.now) + w.between(0, 100*time.Millisecond)
	w.after(at-w.now, func() { w.step(jobmanager.Lost{Manager: n.name}) })
	w.after(w.between(0, 300*time.Millisecond), w.start)
}

// heard notes what the checks need of a message and gives it to the machine.
func (w *world) heard(name string, m rpc.Message) {
	switch m := m.(type) {
	case *rpc.Acknowledge:
		w.acked[[3]uint64{uint64(m.Attempt), uint64(m.Task), uint64(m.Epoch)}] = true
	case *rpc.Finished:
		w.finished[[2]uint64{uint64(m.Attempt), uint64(m.Task)}] = true
	}
	w.step(jobmanager.From{Manager: name, Message: m})
}

func (w *world) step(e jobmanager.Event) {
	if w.ended == nil {
		w.act(w.machine.Step(w.now, e))
	}
}

// act does what the machine says.
func (w *world) act(list []jobmanager.Action) {
	for _, a := range list {
		switch a := a.(type) {
		case jobmanager.Send:
			if n := w.managers[a.Manager]; n != nil {
				w.send("jm", n.name, a.Message, n.receive)
			}
		case jobmanager.SetTimer:
			w.after(a.After, func() { w.step(jobmanager.Fired{Timer: a.Timer}) })
		case jobmanager.Note:
			w.log("note: %s", a.Text)
			w.stats["restarts"]++
		case jobmanager.Tell:
			w.stats["checkpoints"]++
		case jobmanager.End:
			w.log("ended: %+v", a.Failures)
			w.ended = &a
		case jobmanager.StopTimer, jobmanager.Report:
		default:
			if w.work = append(w.work, a); len(w.work) == 1 {
				w.outside()
			}
		}
	}
}

// outside does the oldest action of the world outside, after a while, and answers after another.
func (w *world) outside() {
	w.after(w.between(0, 10*time.Millisecond), func() {
		a := w.work[0]
		w.log("%T", a)
		e := w.done(a)
		w.after(w.between(0, 5*time.Millisecond), func() {
			if e != nil {
				w.step(e)
			}
			if w.work = w.work[1:]; len(w.work) > 0 {
				w.outside()
			}
		})
	})
}

func (w *world) done(a jobmanager.Action) jobmanager.Event {
	p, writes := a.(jobmanager.Persist)
	failed := jobmanager.Stored{Failure: &rpc.Failure{Text: "the disk is full"}}
	if writes {
		w.whole(p)
		failed.Attempt, failed.Metadata = p.Attempt, p.Metadata
		if w.fault(10) {
			return failed
		}
		for _, c := range p.Metadata.Committable {
			w.durable[string(c.Data)] = true
		}
	}
	e, err := w.backing.Do(context.Background(), a)
	if err != nil {
		w.violated("%T: %v", a, err)
	}
	if writes && w.fault(20) {
		return failed // though it is written
	}
	return e
}

// create begins a snapshot, which may fail when it begins or when it is to be durable.
func (w *world) create(dir string, epoch dataflow.Epoch, name string) (taskmanager.Snapshot, error) {
	if w.fault(100) {
		return nil, fmt.Errorf("snapshot: %w", errFault)
	}
	p, err := checkpoint.NewPending(dir, epoch, name)
	return faultySnapshot{p, w}, err
}

type faultySnapshot struct {
	*checkpoint.Pending
	w *world
}

func (s faultySnapshot) Commit() (checkpoint.File, error) {
	if s.w.fault(100) {
		return checkpoint.File{}, errors.Join(fmt.Errorf("snapshot: %w", errFault), s.Abort())
	}
	return s.Pending.Commit()
}

// whole checks that a checkpoint has of every task what it needs.
func (w *world) whole(p jobmanager.Persist) {
	for i, t := range p.Metadata.Tasks {
		acked := w.acked[[3]uint64{uint64(p.Attempt), uint64(i), uint64(p.Metadata.Epoch)}]
		if ended := w.finished[[2]uint64{uint64(p.Attempt), uint64(i)}]; t.Finished && !ended || !t.Finished && !acked {
			w.violated("checkpoint %d of attempt %d: task %d: finished %t, acknowledged %t, ended %t", p.Metadata.Epoch, p.Attempt, i, t.Finished, acked, ended)
		}
	}
}

// newWorld makes all that a seed says.
func newWorld(t *testing.T, seed int64) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(uint64(seed), 1)), managers: map[string]*node{}, exchange: shuffle.NewExchange(),
		arrives: map[[2]string]time.Duration{}, open: map[int]bool{}, committed: map[int][]int64{}, durable: map[string]bool{},
		acked: map[[3]uint64]bool{}, finished: map[[2]uint64]bool{}, stats: map[string]int{},
	}
	w.checkpoints = w.rng.IntN(8) > 0
	w.faultsUntil = w.between(0, 1500*time.Millisecond)
	dir := t.TempDir()
	submit := &rpc.Submit{Job: w.job(), Settings: rpc.Settings{
		Parallelism: 1 + w.rng.IntN(3), HeartbeatEvery: 100 * time.Millisecond, HeartbeatTimeout: 350 * time.Millisecond,
		Seed: uint64(seed), EncodeExchanges: w.rng.IntN(2) == 0,
	}}
	if w.checkpoints {
		submit.Settings.Checkpoint = &rpc.Checkpointing{Dir: filepath.Join(dir, "job"), Run: "run", Timeout: w.between(20*time.Millisecond, 200*time.Millisecond), Tolerable: w.rng.IntN(20), Retained: 1 + w.rng.IntN(2)}
		submit.Settings.Restart = rpc.RestartStrategy{Kind: rpc.FixedDelay, Attempts: 1000, Delay: w.between(0, 50*time.Millisecond)}
		if w.rng.IntN(5) == 0 {
			submit.Settings.Restart.Attempts = w.rng.IntN(3)
		}
	} else {
		submit.Settings.Salt = "salt"
	}
	var err error
	if w.store, err = checkpoint.Open(dir, "job"); err != nil {
		t.Fatal(err)
	}
	w.backing = &jobmanager.Backing{Submit: submit, Bindings: w.bindings, Load: checkpoint.Read, Causes: rpc.NewCauses()}
	if w.checkpoints {
		w.backing.Store = w.store
	}
	if w.machine, err = jobmanager.NewMachine(submit); err != nil {
		t.Fatal(err)
	}
	w.slots = 1 + w.rng.IntN(3)
	return w
}

// disturb lets TaskManagers crash or stand still until the faults are over.
func (w *world) disturb() {
	w.after(w.between(20*time.Millisecond, 300*time.Millisecond), func() {
		if w.now > w.faultsUntil || w.ended != nil {
			return
		}
		if names := slices.Sorted(maps.Keys(w.managers)); len(names) > 0 {
			n := w.managers[names[w.rng.IntN(len(names))]]
			if w.rng.IntN(2) == 0 {
				w.crash(n)
			} else {
				n.until = w.now + w.between(0, time.Second)
				w.stats["stops"]++
				w.log("%s stands still until %s", n.name, n.until)
			}
		}
		w.disturb()
	})
}

// due asks for a checkpoint now and then.
func (w *world) due() {
	w.after(w.between(5*time.Millisecond, 80*time.Millisecond), func() {
		if w.ended == nil {
			w.step(jobmanager.Due{})
			w.due()
		}
	})
}

// stop stops a job without end once all its rows are committed, and some others at any time.
func (w *world) stop() {
	early := time.Duration(1 << 62)
	if w.checkpoints && w.rng.IntN(6) == 0 {
		early = w.between(0, 500*time.Millisecond)
		w.stats["early"]++
	}
	var look func()
	look = func() {
		n := 0
		for _, list := range w.committed {
			n += len(list)
		}
		if w.now >= early || w.endless && n == len(w.expected) && w.now > w.faultsUntil {
			w.log("stop")
			w.stopped = true
			w.step(jobmanager.Stop{})
			return
		}
		w.after(10*time.Millisecond, look)
	}
	look()
}

// run lets things happen until the job has ended and nothing is left of it.
func (w *world) run() {
	slots := jobmanager.Slots(w.backing.Submit)
	for range (slots + w.slots - 1) / w.slots {
		w.start()
	}
	w.act(w.machine.Start(w.now))
	w.due()
	w.disturb()
	w.stop()
	for steps := 0; w.ended == nil; steps++ {
		if steps > stepsMax || len(w.queue) == 0 {
			w.t.Fatalf("the job does not end: at %s, %d steps, %+v", w.now, steps, w.stats)
		}
		h := heap.Pop(&w.queue).(happening)
		w.now = h.at
		h.do()
	}
	for _, n := range w.managers {
		n.dead = true
		for t := range n.live {
			if err := t.Close(true); err != nil {
				w.violated("close: %v", err)
			}
		}
	}
}

// check compares what was committed with what was to be read.
func (w *world) check() {
	var got []int64
	for _, list := range w.committed {
		got = append(got, list...)
	}
	slices.Sort(got)
	slices.Sort(w.expected)
	var failure *rpc.Failure
	if len(w.ended.Failures) > 0 {
		failure = &w.ended.Failures[0]
	}
	switch {
	case failure == nil || failure.Class == rpc.Stopping && w.endless && w.stats["early"] == 0:
		if !slices.Equal(got, w.expected) {
			w.violated("committed %v, want %v", got, w.expected)
		}
		if failure == nil && w.beside != nil {
			w.checkBeside()
		}
		// A TaskManager that was lost and goes on may prepare something after all is removed.
		if len(w.open) > 0 && w.stats["stops"] == 0 {
			w.violated("%d outputs are prepared and neither committed nor removed", len(w.open))
		}
		w.stats["well"]++
	case failure.Class == rpc.Stopping:
		w.stats["stopped"]++
		if !w.stopped {
			w.violated("the job was not asked to stop")
		}
	default:
		w.stats["failed"]++
		disturbed := w.stats["faults"]+w.stats["crashes"]+w.stats["stops"] > 0
		if failure.Text == "" || !disturbed && !strings.Contains(failure.Text, "is not complete after") {
			w.violated("the job has failed without a fault: %q", failure.Text)
		}
	}
	if len(slices.Compact(slices.Clone(got))) < len(got) {
		w.violated("a row is committed twice: %v", got)
	}
	for _, id := range got {
		if _, ok := slices.BinarySearch(w.expected, id); !ok {
			w.violated("row %d, which there is not, is committed", id)
		}
	}
}

// checkBeside compares what the operator beside the one with state has seen with what was to be read.
func (w *world) checkBeside() {
	w.stats["beside"]++
	got := slices.Concat(slices.Collect(maps.Values(w.beside))...)
	if slices.Sort(got); !slices.Equal(got, w.expected) {
		w.violated("the operator beside has seen %v, want %v", got, w.expected)
	}
}

// TestSeeds runs a cluster for each seed.
func TestSeeds(t *testing.T) {
	total := map[string]int{}
	first, last := int64(0), int64(*seeds)
	if *seed >= 0 {
		first, last = *seed, *seed+1
	}
	before := mem.AllocatedBytes()
	for s := first; s < last; s++ {
		ok := t.Run(fmt.Sprint(s), func(t *testing.T) {
			w := newWorld(t, s)
			defer func() {
				if t.Failed() {
					t.Logf("go test ./test/sim -seed=%d -v", s)
				}
				_ = w.store.Close() // nothing is written any more
			}()
			w.trace = *seed >= 0
			w.run()
			w.check()
			for what, n := range w.stats {
				total[what] += n
			}
		})
		if !ok && *seed < 0 {
			break
		}
	}
	t.Logf("%v", total)
	if after := mem.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still allocated", after-before)
	}
	for _, what := range []string{"well", "failed", "stopped", "faults", "crashes", "stops", "restarts", "checkpoints", "beside"} {
		if *seed < 0 && total[what] == 0 {
			t.Errorf("no seed had %s", what)
		}
	}
}

var _ dataflow.Committer = (*world)(nil)
