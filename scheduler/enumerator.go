package scheduler

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/anabranch/anabranch/dataflow"
)

// enumerator hands the splits of one source out to its tasks. Its snapshot comes first: a split
// is handed to a task only after the task has passed the barrier of the newest snapshot, so that
// a split is in the snapshot of exactly one of them.
//
// Splits that are read one after the other go to whoever asks; those that are read side by side are
// dealt out evenly.
type enumerator struct {
	uid    string
	tasks  int  // number of them, over which splits are dealt
	even   bool // deal
	mu     sync.Mutex
	splits []splitState
	epoch  dataflow.Epoch // of the newest snapshot
	dealt  int            // splits so far

	grower dataflow.Grower // finds further splits while the job runs; nil if there is none
	known  []dataflow.Split

	watcher dataflow.Watcher // of a source whose splits end while others come; nil for others
	seen    map[string]bool  // by name, what it has listed; written with mu held, by who discovers
	// Its tasks share one watermark: rows of a split must not be late because another task, of which
	// the rest was idle, has read a later one.
	reading map[string]dataflow.Time // watermarks of the splits being read, by id
	high    dataflow.Time            // the largest of all
}

// splitState is a split with how far it was read.
type splitState struct {
	dataflow.Split
	// Rows were delivered since the split's Position; a reader without positions starts over and
	// leaves them out.
	Rows int64         `json:"rows,omitempty"`
	High dataflow.Time `json:"high"`

	task int // to which it is dealt
}

// deal makes every task the owner of its share.
func (e *enumerator) deal(tasks int) {
	e.even, e.tasks = true, tasks
	for i := range e.splits {
		e.splits[i].task = i % tasks
	}
	e.dealt = len(e.splits)
}

// add hands out splits that have come while the job runs; names are those by which they are seen.
func (e *enumerator) add(list []dataflow.Split, names []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range list {
		e.splits = append(e.splits, splitState{Split: s, High: dataflow.MinTime, task: e.dealt % max(e.tasks, 1)})
		e.dealt++
	}
	for _, n := range names {
		e.seen[n] = true
	}
}

// grows reports whether splits may come while the job runs.
func (e *enumerator) grows() bool { return e.grower != nil || e.watcher != nil }

// every is how often to look for splits that have come.
func (e *enumerator) every() time.Duration {
	if e.watcher != nil {
		return e.watcher.Every()
	}
	return e.grower.Every()
}

// discover lists the splits that have come and the names by which they are seen.
func (e *enumerator) discover(ctx context.Context) (list []dataflow.Split, names []string, err error) {
	if e.watcher != nil {
		return e.watcher.Discover(ctx, e.seen)
	}
	list, err = e.grower.NewSplits(ctx, e.known)
	e.known = append(e.known, list...)
	return list, nil, err
}

// hasNone reports that no split waits for the task.
func (e *enumerator) hasNone(task int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !slices.ContainsFunc(e.splits, func(s splitState) bool { return !e.even || s.task == task })
}

// next takes a split for a task that has passed epoch. Without one, wait tells whether there may
// be one later.
func (e *enumerator) next(task int, epoch dataflow.Epoch) (s splitState, ok, wait bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := 0
	for e.even && at < len(e.splits) && e.splits[at].task != task {
		at++
	}
	if at == len(e.splits) {
		return s, false, e.grows()
	}
	if epoch < e.epoch {
		return s, false, true
	}
	s = e.splits[at]
	if at == 0 {
		e.splits = e.splits[1:] // of many files the others do not move
	} else {
		e.splits = slices.Delete(e.splits, at, at+1)
	}
	if e.watcher != nil {
		e.reading[s.ID] = s.High
	}
	return s, true, false
}

// progress notes how far a split of a watcher is read, or that it has ended, and gives the watermark of
// all its tasks.
func (e *enumerator) progress(s splitState, ended bool) dataflow.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.high = max(e.high, s.High)
	if e.reading[s.ID] = s.High; ended {
		delete(e.reading, s.ID)
	}
	low := e.high
	for _, mark := range e.reading {
		low = min(low, mark)
	}
	if len(e.splits) > 0 {
		return dataflow.MinTime // their rows may be older
	}
	return low
}

func (e *enumerator) empty() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.splits) == 0
}

// snapshot notes the epoch and copies the splits no task has taken and the names that are seen.
func (e *enumerator) snapshot(epoch dataflow.Epoch) (splits []splitState, seen []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.epoch = epoch
	return append([]splitState(nil), e.splits...), slices.Sorted(maps.Keys(e.seen))
}
