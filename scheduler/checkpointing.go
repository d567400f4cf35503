package scheduler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/state"
)

// Checkpointing says where and how often a run takes checkpoints.
type Checkpointing struct {
	Store *checkpoint.Store
	// Interval between two starts; default 10 s.
	Interval time.Duration
	// Retained is how many complete checkpoints are kept; default 1.
	Retained int
	// Timeout is how long one may take before it is given up; default 10 minutes.
	Timeout time.Duration
	// MinPause is how long after one, complete or given up, the next starts at the earliest.
	MinPause time.Duration
	// Tolerable is how many may fail in a row without failing the job.
	Tolerable int
	// Completed, if set, is told of each checkpoint that is durable and committed.
	Completed func(Completed)
}

// Completed is a checkpoint that has been taken.
type Completed struct {
	Epoch dataflow.Epoch
	Took  time.Duration // from asking the sources until its output was visible
	Bytes int64         // of its snapshots
}

const (
	defaultInterval = 10 * time.Second
	defaultTimeout  = 10 * time.Minute
)

// ErrStopped says that the job ended because it was asked to, after a last checkpoint.
var ErrStopped = errors.New("stopped after a checkpoint")

// Digest names the graph of a job, so that a checkpoint is not restored into another one.
func Digest(job *graph.Job) (string, error) {
	text, err := json.Marshal(job.Nodes)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// ownerOf names a node of the job for those who leave things behind in the world: the same after
// a restart from a checkpoint, another for each run without checkpoints.
func (x *execution) ownerOf(uid string) string {
	sum := sha256.Sum256([]byte(x.job.Name + "\x00" + uid + "\x00" + x.salt))
	return hex.EncodeToString(sum[:4])
}

// restored reports whether all tasks of the node had ended in the checkpoint.
func (o *Options) restored(uid string) bool { return o.Restore != nil && o.Restore.AllFinished(uid) }

// unreadSplits are the splits of a source that no reader had taken.
func unreadSplits(s *checkpoint.Snapshot, uid string) ([]splitState, error) {
	var list []splitState
	text, ok := s.Splits[uid]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("checkpoint %d: splits of %s: %w", s.Epoch, uid, err)
	}
	return list, nil
}

// checkpointer carries out what the coordinator decides. Tasks hand it their snapshots; all else
// happens in the goroutine of run.
type checkpointer struct {
	x     *execution
	index map[*task]int

	mu     sync.Mutex
	inbox  []message
	stats  CheckpointStats
	notify chan struct{}

	coordinator *checkpoint.Coordinator
	stopping    bool
	err         error
	// Of the epoch in progress:
	snapshots   []state.Blob        // by task; nil: not acknowledged
	follows     [][]checkpoint.File // by task: what the snapshot in progress refers to
	files       [][]checkpoint.File // by task: of its last durable snapshot
	splits      map[string]json.RawMessage
	seen        map[string][]string
	committable []dataflow.Committable
	later       []dataflow.Committable // final output of tasks that ended after their snapshot
	finished    []bool
	digest      string
	// why the last epoch failed, if it was given up.
	why error

	timeout, pause <-chan time.Time
	stopTimers     []func()
	begun          clock.Stopwatch // the start of the epoch in progress
	since          clock.Stopwatch // the end of the last epoch
	paused         bool            // an epoch has ended, so that since counts
}

// message is a task's news: a snapshot, or without one that it has ended.
type message struct {
	task     *task
	snapshot *taskSnapshot
}

func newCheckpointer(x *execution) *checkpointer {
	return &checkpointer{x: x, notify: make(chan struct{}, 1)}
}

// acknowledge takes a task's snapshot; the task's goroutine calls it.
func (c *checkpointer) acknowledge(t *task, s *taskSnapshot) { c.post(message{t, s}) }

// finish notes that a task has ended well; the task's goroutine calls it.
func (c *checkpointer) finish(t *task) { c.post(message{task: t}) }

// figures may be asked for by any goroutine.
func (c *checkpointer) figures() CheckpointStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

func (c *checkpointer) post(m message) {
	c.mu.Lock()
	c.inbox = append(c.inbox, m)
	c.mu.Unlock()
	select {
	case c.notify <- struct{}{}:
	default:
	}
}

// recover commits what the restored checkpoint has prepared and removes what it does not know.
func (c *checkpointer) recover(ctx context.Context) error {
	keep := map[string][][]byte{}
	if s := c.x.opts.Restore; s != nil {
		for _, p := range s.Committable {
			committer, ok := c.x.committers[p.UID]
			if !ok {
				return fmt.Errorf("checkpoint %d has output of %s, which the job does not have", s.Epoch, p.UID)
			}
			if err := committer.Commit(ctx, p.Data); err != nil {
				return fmt.Errorf("checkpoint %d: %w", s.Epoch, err)
			}
			keep[p.UID] = append(keep[p.UID], p.Data)
		}
	}
	if c.x.opts.Checkpoint == nil {
		return nil
	}
	for uid, committer := range c.x.committers {
		if err := committer.Recover(ctx, c.x.ownerOf(uid), keep[uid]); err != nil {
			return err
		}
	}
	return nil
}

// abandon removes what sinks of a job without checkpoints have prepared, when it failed.
func (c *checkpointer) abandon() error {
	if c.x.opts.Checkpoint != nil {
		return nil
	}
	var errs []error
	for uid, committer := range c.x.committers {
		// The run's own context may be what ended it.
		errs = append(errs, committer.Recover(context.Background(), c.x.ownerOf(uid), nil))
	}
	return errors.Join(errs...)
}

// run serves until all tasks have returned, which closes tasks.
func (c *checkpointer) run(ctx context.Context, tasks <-chan struct{}, cancel context.CancelCauseFunc) {
	c.start()
	var tick <-chan time.Time
	if o := c.x.opts.Checkpoint; o != nil && c.x.opts.Tick != nil {
		every := o.Interval
		if every <= 0 {
			every = defaultInterval
		}
		var stop func()
		tick, stop = c.x.opts.Tick(every)
		defer stop()
	}
	defer c.stopAll()
	stop := c.x.opts.Stop
	for c.err == nil {
		select {
		case <-tick:
			c.due(ctx)
		case <-c.pause:
			c.pause = nil
			c.due(ctx)
		case <-c.timeout:
			c.timeout = nil
			c.expire(ctx)
			c.stopIfIdle(cancel)
		case <-stop:
			stop, c.stopping = nil, true
			if c.x.opts.Checkpoint == nil || c.building() {
				cancel(ErrStopped)
				continue
			}
			c.handle(ctx, checkpoint.Event{Kind: checkpoint.Due})
		case <-c.notify:
			c.drain(ctx, cancel)
		case <-tasks:
			c.drain(ctx, cancel)
			return
		}
	}
	cancel(c.err)
	<-tasks
}

func (c *checkpointer) tolerable() int {
	if o := c.x.opts.Checkpoint; o != nil {
		return o.Tolerable
	}
	return 0
}

func (c *checkpointer) start() {
	n := len(c.x.tasks)
	last := dataflow.Epoch(0)
	if s := c.x.opts.Restore; s != nil {
		last = s.Epoch
	}
	c.coordinator = checkpoint.NewCoordinator(n, last, c.tolerable())
	c.index = map[*task]int{}
	for i, t := range c.x.tasks {
		c.index[t] = i
	}
	c.snapshots, c.finished = make([]state.Blob, n), make([]bool, n)
	c.follows, c.files = make([][]checkpoint.File, n), make([][]checkpoint.File, n)
	c.digest, c.err = Digest(c.x.job)
}

// due starts an epoch unless the pause since the last one is too short.
func (c *checkpointer) due(ctx context.Context) {
	if c.building() || c.pause != nil {
		return
	}
	if o := c.x.opts.Checkpoint; c.paused && c.since.Elapsed() < o.MinPause {
		c.pause = c.timer(o.MinPause - c.since.Elapsed())
		return
	}
	c.handle(ctx, checkpoint.Event{Kind: checkpoint.Due})
}

// expire gives the epoch in progress up.
func (c *checkpointer) expire(ctx context.Context) {
	if epoch := c.coordinator.Epoch(); c.coordinator.Waits(epoch) {
		c.why = fmt.Errorf("checkpoint %d is not complete after %s; see 'execution.checkpointing.timeout'", epoch, c.limit())
		c.handle(ctx, checkpoint.Event{Kind: checkpoint.TimedOut, Epoch: epoch})
	}
}

func (c *checkpointer) limit() time.Duration {
	if o := c.x.opts.Checkpoint; o != nil && o.Timeout > 0 {
		return o.Timeout
	}
	return defaultTimeout
}

// timer delivers once, after d.
func (c *checkpointer) timer(d time.Duration) <-chan time.Time {
	t, stop := clock.After(d)
	c.stopTimers = append(c.stopTimers, stop)
	return t
}

func (c *checkpointer) stopAll() {
	for _, stop := range c.stopTimers {
		stop()
	}
	c.stopTimers = nil
}

// building reports that some task reads one input before another. A barrier would arrive on the
// one and wait for that of the other, which is behind rows nobody reads: no epoch starts before
// all such inputs have ended.
func (c *checkpointer) building() bool {
	for _, t := range c.x.tasks {
		if t.building.Load() {
			return true
		}
	}
	return false
}

// drain handles the tasks' news.
func (c *checkpointer) drain(ctx context.Context, cancel context.CancelCauseFunc) {
	c.mu.Lock()
	news := c.inbox
	c.inbox = nil
	c.mu.Unlock()
	for _, m := range news {
		i := c.index[m.task]
		if m.snapshot == nil {
			c.finished[i] = true
			for _, l := range m.task.links {
				if c.snapshots[i] != nil {
					// Restored from this epoch the task would write that output again.
					c.later = append(c.later, l.finals...)
				} else {
					c.committable = append(c.committable, l.finals...)
				}
			}
			c.handle(ctx, checkpoint.Event{Kind: checkpoint.Finished, Task: i})
			continue
		}
		if c.coordinator.Waits(m.snapshot.epoch) {
			c.snapshots[i], c.follows[i] = m.snapshot.bytes, chain(c.files[i], m.snapshot)
			if c.snapshots[i] == nil {
				c.snapshots[i] = state.Blob{} // a task without state has a snapshot too; nil is none
			}
		}
		// What sinks have prepared for an epoch that was given up goes with the next one.
		c.committable = append(c.committable, m.snapshot.committable...)
		c.handle(ctx, checkpoint.Event{Kind: checkpoint.Acked, Task: i, Epoch: m.snapshot.epoch})
	}
	c.stopIfIdle(cancel)
}

// stopIfIdle ends a job that was asked to stop once no epoch is in progress. It has failed if its last
// checkpoint did.
func (c *checkpointer) stopIfIdle(cancel context.CancelCauseFunc) {
	if !c.stopping || c.err != nil || !c.coordinator.Idle() {
		return
	}
	if c.err = c.why; c.err == nil {
		cancel(ErrStopped)
	}
}

// handle asks the coordinator and does what it says.
func (c *checkpointer) handle(ctx context.Context, e checkpoint.Event) {
	for _, cmd := range c.coordinator.Handle(e) {
		if c.err != nil {
			return
		}
		switch cmd.Kind {
		case checkpoint.Trigger:
			c.trigger(cmd.Epoch)
		case checkpoint.Persist:
			c.store(ctx, cmd.Epoch)
		case checkpoint.Abort:
			c.forget()
		case checkpoint.Fail:
			c.err = c.why
		}
	}
}

// store persists an epoch and tells the coordinator.
func (c *checkpointer) store(ctx context.Context, epoch dataflow.Epoch) {
	var failed *storeError
	switch err := c.persist(ctx, epoch); {
	case errors.As(err, &failed):
		c.why = failed
		c.handle(ctx, checkpoint.Event{Kind: checkpoint.StoreFailed, Epoch: epoch})
	case err != nil:
		c.err = err
	default:
		c.why = nil
		c.settle()
		c.handle(ctx, checkpoint.Event{Kind: checkpoint.Stored, Epoch: epoch})
	}
}

// storeError says that an epoch could not be made durable.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// forget drops what was gathered of an epoch that is given up, but for the output, which is committed
// with the next one.
func (c *checkpointer) forget() {
	clear(c.snapshots)
	c.committable, c.later = append(c.committable, c.later...), nil
	c.mu.Lock()
	c.stats.Failed++
	c.mu.Unlock()
	c.settle()
}

// settle notes that an epoch has ended.
func (c *checkpointer) settle() {
	c.timeout, c.paused, c.since = nil, true, clock.Start()
	c.stopAll()
	c.pause = nil
}

// trigger starts an epoch: first the splits nobody has taken, then the sources.
func (c *checkpointer) trigger(epoch dataflow.Epoch) {
	c.begun = clock.Start()
	c.splits, c.seen = map[string]json.RawMessage{}, map[string][]string{}
	for _, e := range c.x.sources {
		splits, seen := e.snapshot(epoch)
		if len(seen) > 0 {
			c.seen[e.uid] = seen
		}
		text, err := json.Marshal(splits)
		if err != nil {
			c.err = err
			return
		}
		c.splits[e.uid] = text
	}
	c.timeout = c.timer(c.limit())
	for _, t := range c.x.tasks {
		if t.source != nil {
			t.trigger.Store(uint64(epoch))
			t.signal()
		}
	}
}

// completed notes the figures of the epoch that has just been committed and tells them.
func (c *checkpointer) completed(epoch dataflow.Epoch) {
	done := Completed{Epoch: epoch, Took: c.begun.Elapsed()}
	for _, b := range c.snapshots {
		done.Bytes += int64(b.Len())
	}
	c.mu.Lock()
	c.stats.Complete++
	c.stats.Newest = done
	c.mu.Unlock()
	if told := c.x.opts.Checkpoint.Completed; told != nil {
		told(done)
	}
}

// persist makes the epoch durable and then its output visible. The last checkpoint of a job that
// has ended stays: a process killed right after may be started again to resume, which must not
// do the work again.
func (c *checkpointer) persist(ctx context.Context, epoch dataflow.Epoch) error {
	list := c.committable
	o := c.x.opts.Checkpoint
	if c.coordinator.Ended() {
		c.begun = clock.Start() // no source was asked: it follows from the end of the tasks
	}
	if o != nil {
		m := &checkpoint.Metadata{Job: c.x.job.Name, Digest: c.digest, Epoch: epoch, Committable: list, Splits: c.splits, Seen: c.seen, Ended: c.coordinator.Ended()}
		for i, t := range c.x.tasks {
			m.Tasks = append(m.Tasks, checkpoint.Task{UIDs: t.uids, Subtask: t.sub, Finished: c.snapshots[i] == nil && c.finished[i], Files: c.follows[i]})
		}
		if err := o.Store.Write(m, c.snapshots); err != nil {
			return &storeError{err}
		}
		for i := range m.Tasks {
			c.files[i] = m.Tasks[i].Files
		}
	}
	c.x.complete.Store(uint64(epoch))
	c.committable, c.later = c.later, nil
	for _, p := range list {
		if err := c.x.committers[p.UID].Commit(ctx, p.Data); err != nil {
			return fmt.Errorf("commit of epoch %d: %w", epoch, err)
		}
	}
	if o == nil {
		clear(c.snapshots)
		return nil
	}
	c.completed(epoch)
	clear(c.snapshots)
	if err := o.Store.Retain(epoch, max(o.Retained, 1)); err != nil {
		// This one stands; the next one tries again.
		c.x.opts.note("older checkpoints than %d cannot be deleted yet: %v", epoch, err)
	}
	return nil
}
