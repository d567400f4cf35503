package jobmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/state"
)

// Store keeps the checkpoints of the job.
type Store interface {
	Write(m *checkpoint.Metadata) error
	Retain(newest dataflow.Epoch, n int) error
	Newest() (dataflow.Epoch, error)
	Sweep() error
	// Name is that by which everybody loads a checkpoint.
	Name(e dataflow.Epoch) string
}

// Backing does what the machine wants of the world outside the cluster: sources, committers and
// checkpoints. What Do is given first, it does first; List may be done at any time.
type Backing struct {
	Submit   *rpc.Submit
	Bindings *binding.Set
	Store    Store // nil: no checkpoints are taken
	Load     func(name string) (*checkpoint.Snapshot, error)
	Causes   *rpc.Causes

	committers map[string]dataflow.Committer
	owners     []string // uids of committers, in the order of nodes
	sources    map[string]dataflow.Source
}

// cleanMax is how long servers may take to remove what sinks of a canceled job have prepared.
const cleanMax = 40 * time.Millisecond

// Do does an action that has an answer, or Retain.
func (b *Backing) Do(ctx context.Context, a Action) (Event, error) {
	switch a := a.(type) {
	case Prepare:
		e, err := b.prepare(ctx, a)
		e.Attempt, e.Failure = a.Attempt, b.failure(err)
		return e, nil
	case List:
		return b.list(ctx, a), nil
	case Persist:
		return Stored{a.Attempt, a.Metadata, b.failure(b.Store.Write(a.Metadata))}, nil
	case Commit:
		return Committed{a.Attempt, a.Epoch, b.failure(b.commit(ctx, a))}, nil
	case Clean:
		// The job's own context may be what ended it. Then somebody waits, and what servers do not answer soon
		// is left to them.
		wait, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() {
			_ = clock.Pause(wait, cleanMax) // ends early when all is removed
			cancel()
		})()
		return Cleaned{a.Attempt, b.failure(b.clean(wait))}, nil
	case Retain:
		return nil, b.Store.Retain(a.Epoch, a.Number)
	}
	return nil, fmt.Errorf("action %T is not one for the world outside", a)
}

// list looks for splits that have come.
func (b *Backing) list(ctx context.Context, a List) Listed {
	e := Listed{Attempt: a.Attempt, Source: a.Source}
	var err error
	if w := binding.Watches(b.sources[a.UID]); w != nil {
		e.Splits, e.Names, err = w.Discover(ctx, a.Seen)
	} else if g, ok := b.sources[a.UID].(dataflow.Grower); ok {
		e.Splits, err = g.NewSplits(ctx, a.Known)
	}
	e.Failure = b.failure(err)
	return e
}

func (b *Backing) failure(err error) *rpc.Failure {
	if err == nil {
		return nil
	}
	f := b.Causes.Failure(rpc.Transient, err)
	return &f
}

func (b *Backing) commit(ctx context.Context, a Commit) error {
	list := slices.Clone(a.List)
	slices.SortStableFunc(list, func(p, q dataflow.Committable) int {
		switch {
		case p.Last == q.Last:
			return 0
		case q.Last:
			return -1
		}
		return 1
	})
	for _, p := range list {
		c, ok := b.committers[p.UID]
		if !ok {
			return fmt.Errorf("commit of epoch %d: nothing commits the output of %s in this process", a.Epoch, p.UID)
		}
		if err := c.Commit(ctx, p.Data); err != nil {
			return fmt.Errorf("commit of epoch %d: %w", a.Epoch, err)
		}
	}
	return nil
}

// Discard removes what sinks have prepared of a job that has ended.
func (b *Backing) Discard(ctx context.Context) error {
	if err := b.open(); err != nil {
		return err
	}
	return b.clean(ctx)
}

// clean removes what sinks have prepared.
func (b *Backing) clean(ctx context.Context) error {
	var errs []error
	for _, uid := range b.owners {
		errs = append(errs, b.committers[uid].Recover(ctx, b.Submit.Settings.Owner(b.Submit.Job.Name, uid), nil))
	}
	return errors.Join(errs...)
}

// prepare does what precedes the deployment of an attempt.
func (b *Backing) prepare(ctx context.Context, a Prepare) (e Prepared, err error) {
	e.Restore, e.Epoch = a.Restore, a.Epoch
	if err := b.newest(&e, a); err != nil {
		return e, err
	}
	var restore *checkpoint.Snapshot
	if e.Restore != "" {
		if restore, err = b.Load(e.Restore); err != nil {
			return e, err
		}
		e.Epoch = restore.Epoch
	}
	if err := b.open(); err != nil {
		return e, err
	}
	if err := b.recover(ctx, restore); err != nil {
		return e, err
	}
	for _, v := range b.Submit.Job.Vertices(b.Submit.Settings.Parallelism) {
		if n := v.Source(); n != nil {
			s, err := b.splits(ctx, n, restore, v.Parallelism)
			if err != nil {
				return e, fmt.Errorf("%s: %w", v.Name(), err)
			}
			e.Sources = append(e.Sources, s)
		}
	}
	return e, nil
}

// newest makes the newest checkpoint the one to restore if it is wanted, and removes what those that were
// given up have left.
func (b *Backing) newest(e *Prepared, a Prepare) error {
	if b.Store == nil {
		return nil
	}
	newest, err := b.Store.Newest()
	if err != nil {
		return err
	}
	if a.Newest && newest > a.Epoch {
		e.Restore = b.Store.Name(newest)
	}
	return b.Store.Sweep()
}

// open makes the sources and committers, once.
func (b *Backing) open() error {
	if b.sources != nil {
		return nil
	}
	b.committers, b.owners = map[string]dataflow.Committer{}, nil
	sources := map[string]dataflow.Source{}
	for _, n := range b.Submit.Job.Nodes {
		if len(n.Inputs) == 0 {
			s, err := b.Bindings.Source(n)
			if err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
			sources[n.UID] = s
		}
		c, err := b.Bindings.Committer(n, sources[n.UID])
		if err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
		if c != nil {
			b.committers[n.UID] = c
			b.owners = append(b.owners, n.UID)
		}
	}
	b.sources = sources
	return nil
}

// recover commits what the restored checkpoint has prepared and removes what it does not know.
func (b *Backing) recover(ctx context.Context, s *checkpoint.Snapshot) error {
	keep := map[string][][]byte{}
	if s != nil {
		for _, p := range s.Committable {
			c, ok := b.committers[p.UID]
			if !ok {
				return fmt.Errorf("checkpoint %d has output of %s, which the job does not have", s.Epoch, p.UID)
			}
			if err := c.Commit(ctx, p.Data); err != nil {
				return fmt.Errorf("checkpoint %d: %w", s.Epoch, err)
			}
			keep[p.UID] = append(keep[p.UID], p.Data)
		}
	}
	if b.Submit.Settings.Checkpoint == nil {
		return nil
	}
	for _, uid := range b.owners {
		if err := b.committers[uid].Recover(ctx, b.Submit.Settings.Owner(b.Submit.Job.Name, uid), keep[uid]); err != nil {
			return err
		}
	}
	return nil
}

// splits lists the splits of a source: all of them, or those its checkpoint has left and those that
// have come since.
func (b *Backing) splits(ctx context.Context, n *graph.Node, restore *checkpoint.Snapshot, p int) (SourceSplits, error) {
	source := b.sources[n.UID]
	s := SourceSplits{UID: n.UID, Even: binding.SideBySide(source)}
	if w := binding.Watches(source); w != nil {
		return b.watched(ctx, n, w, restore)
	}
	g, grows := source.(dataflow.Grower)
	if grows && !source.Bounded() {
		s.Every = max(g.Every(), 0)
	}
	var list []dataflow.Split
	var err error
	if restore == nil {
		list, err = source.Splits(ctx, p)
	} else {
		if s.Splits, err = restored(restore, n.UID); err != nil {
			return s, err
		}
		if grows {
			var known []dataflow.Split
			for _, k := range s.Splits {
				known = append(known, k.Split)
			}
			list, err = g.NewSplits(ctx, known)
		}
	}
	for _, split := range list {
		s.Splits = append(s.Splits, rpc.Split{Split: split, High: dataflow.MinTime})
	}
	return s, err
}

// watched are the splits of a source that watches: those its checkpoint has left and those of what it has
// not seen.
func (b *Backing) watched(ctx context.Context, n *graph.Node, w dataflow.Watcher, restore *checkpoint.Snapshot) (s SourceSplits, err error) {
	s = SourceSplits{UID: n.UID, Every: w.Every(), Seen: map[string]bool{}}
	if restore != nil {
		if s.Splits, err = restored(restore, n.UID); err != nil {
			return s, err
		}
		for _, name := range restore.Seen[n.UID] {
			s.Seen[name] = true
		}
	}
	list, names, err := w.Discover(ctx, s.Seen)
	for _, split := range list {
		s.Splits = append(s.Splits, rpc.Split{Split: split, High: dataflow.MinTime})
	}
	for _, name := range names {
		s.Seen[name] = true
	}
	return s, err
}

// restored are the splits of a source that a checkpoint has left: as far as they were read, and those that
// no reader had taken.
func restored(s *checkpoint.Snapshot, uid string) ([]rpc.Split, error) {
	list, err := state.Values[rpc.Split](s.Reader(uid, 0, 1), "split")
	if err != nil {
		return nil, err
	}
	left, err := unreadSplits(s, uid)
	return append(list, left...), err
}

// unreadSplits are the splits of a source that no reader had taken.
func unreadSplits(s *checkpoint.Snapshot, uid string) ([]rpc.Split, error) {
	var list []rpc.Split
	text, ok := s.Splits[uid]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("checkpoint %d: splits of %s: %w", s.Epoch, uid, err)
	}
	return list, nil
}
