package jobmanager

import (
	"slices"
	"time"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// enumerator hands the splits of one source out to its tasks. Its snapshot comes before the triggers of
// the epoch, and a task gets triggers and splits in the order they were sent in: a split that no task had
// in the snapshot is read behind that barrier, so it is in the snapshot of exactly one of them.
//
// Splits that are read one after the other go to whoever asks; those that are read side by side are
// dealt out evenly.
type enumerator struct {
	uid     string
	attempt rpc.Attempt
	first   int // number of the task of subtask 0
	tasks   int
	even    bool // deal
	splits  []waiting
	dealt   int          // splits so far
	asking  map[int]bool // subtasks that want a split

	every time.Duration    // between two looks for further splits; 0: there will be none
	known []dataflow.Split // ever seen, if there may be more

	// Of a source that watches:
	seen    map[string]bool          // by name, what it has listed; nil of other sources
	reading map[string]dataflow.Time // watermarks of the splits being read, by id
	high    dataflow.Time            // the largest of all
	raised  dataflow.Time            // what all tasks have been told
}

// waiting is a split that no task has taken.
type waiting struct {
	rpc.Split
	sub int // to which it is dealt
}

func newEnumerator(a rpc.Attempt, s *SourceSplits, first, tasks int) *enumerator {
	e := &enumerator{uid: s.UID, attempt: a, first: first, tasks: tasks, even: s.Even, every: s.Every, asking: map[int]bool{}}
	if s.Seen != nil {
		e.seen, e.reading, e.high, e.raised = s.Seen, map[string]dataflow.Time{}, dataflow.MinTime, dataflow.MinTime
	}
	for _, split := range s.Splits {
		e.put(split)
		if e.every > 0 && e.seen == nil {
			e.known = append(e.known, split.Split)
		}
	}
	return e
}

func (e *enumerator) put(s rpc.Split) {
	e.splits = append(e.splits, waiting{s, e.dealt % e.tasks})
	e.dealt++
}

// add takes splits that have come while the job runs, and names by which they are seen, and returns what
// to tell tasks.
func (e *enumerator) add(list []dataflow.Split, names []string) []rpc.ToTask {
	for _, n := range names {
		e.seen[n] = true
	}
	for _, s := range list {
		e.put(rpc.Split{Split: s, High: dataflow.MinTime})
	}
	if e.seen == nil {
		e.known = append(e.known, list...)
	}
	var told []rpc.ToTask
	for sub := range e.tasks {
		if e.asking[sub] && e.find(sub) >= 0 {
			told = append(told, e.serve(sub)...)
		}
	}
	return told
}

// request notes that a task wants a split and returns what to tell tasks.
func (e *enumerator) request(sub int) []rpc.ToTask {
	e.asking[sub] = true
	return e.serve(sub)
}

// find is the place of the split that goes to a task; -1 if there is none.
func (e *enumerator) find(sub int) int {
	for i, s := range e.splits {
		if !e.even || s.sub == sub {
			return i
		}
	}
	return -1
}

// serve answers a task that asks. One for which there is nothing now gets a split when there is.
func (e *enumerator) serve(sub int) []rpc.ToTask {
	answer := &rpc.Assign{Attempt: e.attempt, Task: e.first + sub}
	at := e.find(sub)
	switch {
	case at < 0 && e.every > 0:
		answer.Wait = true
		return []rpc.ToTask{answer}
	case at < 0:
		delete(e.asking, sub)
		return []rpc.ToTask{answer}
	}
	delete(e.asking, sub)
	split := e.splits[at].Split
	answer.Split = &split
	if at == 0 {
		e.splits = e.splits[1:] // of many files the others do not move
	} else {
		e.splits = slices.Delete(e.splits, at, at+1)
	}
	if e.seen != nil {
		e.reading[answer.Split.ID] = answer.Split.High
	}
	answer.Remaining = e.find(sub) >= 0
	told := []rpc.ToTask{answer}
	if e.even || len(e.splits) > 0 {
		return told
	}
	for other := range e.tasks {
		if other != sub {
			told = append(told, &rpc.Taken{Attempt: e.attempt, Task: e.first + other})
		}
	}
	return told
}

// mark notes how far a split of a source that watches is read and returns what to tell tasks.
func (e *enumerator) mark(m *rpc.Mark) []rpc.ToTask {
	if _, ok := e.reading[m.Split]; !ok {
		return nil
	}
	e.high = max(e.high, m.High)
	if e.reading[m.Split] = m.High; m.Ended {
		delete(e.reading, m.Split)
	}
	low := e.high
	for _, mark := range e.reading {
		low = min(low, mark)
	}
	if low <= e.raised || len(e.splits) > 0 { // their rows may be older
		return nil
	}
	e.raised = low
	var told []rpc.ToTask
	for sub := range e.tasks {
		told = append(told, &rpc.Raise{Attempt: e.attempt, Task: e.first + sub, Watermark: low})
	}
	return told
}

// snapshot copies the splits no task has taken.
func (e *enumerator) snapshot() []rpc.Split {
	list := []rpc.Split{}
	for _, s := range e.splits {
		list = append(list, s.Split)
	}
	return list
}
