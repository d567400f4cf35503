package jobmanager

import (
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// Event is something that has happened: one of the types below.
type Event interface{ event() }

// From is a message of a TaskManager.
type From struct {
	Manager string
	Message rpc.Message
}

// Lost says that no message of a TaskManager will come any more.
type Lost struct{ Manager string }

// Fired says that a timer has run down.
type Fired struct{ Timer int }

// Due says that the interval between two checkpoints has passed.
type Due struct{}

// Show asks for the figures of the job.
type Show struct{}

// Stop asks the job to end after one more checkpoint.
type Stop struct{}

// Cancel asks the job to end now.
type Cancel struct{ Failure rpc.Failure }

// Prepared answers Prepare.
type Prepared struct {
	Attempt rpc.Attempt
	Failure *rpc.Failure
	Restore string         // the checkpoint that was read; "" is none
	Epoch   dataflow.Epoch // of it
	Sources []SourceSplits // by vertex that reads, producers first
}

// SourceSplits are the splits of a source.
type SourceSplits struct {
	UID    string
	Splits []rpc.Split
	Even   bool            // splits are read side by side
	Every  time.Duration   // between two looks for further splits; 0: there will be none
	Seen   map[string]bool // of one that watches: what it has listed, by name
}

// Listed answers List.
type Listed struct {
	Attempt rpc.Attempt
	Source  int
	Splits  []dataflow.Split
	Names   []string // by which they are seen, of a source that watches
	Failure *rpc.Failure
}

// Stored answers Persist.
type Stored struct {
	Attempt  rpc.Attempt
	Metadata *checkpoint.Metadata
	Failure  *rpc.Failure
}

// Committed answers Commit.
type Committed struct {
	Attempt rpc.Attempt
	Epoch   dataflow.Epoch
	Failure *rpc.Failure
}

// Cleaned answers Clean.
type Cleaned struct {
	Attempt rpc.Attempt
	Failure *rpc.Failure
}

func (From) event()      {}
func (Lost) event()      {}
func (Fired) event()     {}
func (Due) event()       {}
func (Show) event()      {}
func (Stop) event()      {}
func (Cancel) event()    {}
func (Prepared) event()  {}
func (Listed) event()    {}
func (Stored) event()    {}
func (Committed) event() {}
func (Cleaned) event()   {}

// Action is something to do: one of the types below. Prepare, Persist, Commit, Retain and Clean are done
// one after the other, in order; List waits for nobody.
type Action interface{ action() }

// Send sends a message to a TaskManager.
type Send struct {
	Manager string
	Message rpc.Message
}

// SetTimer makes Fired come after a time.
type SetTimer struct {
	Timer int
	After time.Duration
}

// StopTimer keeps Fired from coming; it may come all the same.
type StopTimer struct{ Timer int }

// Prepare does what precedes the deployment of an attempt: it reads the checkpoint, commits what that
// lists, removes what sinks have prepared beside it, and lists the splits.
type Prepare struct {
	Attempt rpc.Attempt
	Restore string         // the checkpoint; "" is none
	Epoch   dataflow.Epoch // of it
	Newest  bool           // take a newer one of this job, if there is one
}

// List looks for further splits of a source.
type List struct {
	Attempt rpc.Attempt
	Source  int
	UID     string
	Known   []dataflow.Split
	Seen    map[string]bool // of one that watches; it does not change before the answer
}

// Persist makes an epoch durable whose snapshots are.
type Persist struct {
	Attempt  rpc.Attempt
	Metadata *checkpoint.Metadata
}

// Commit makes visible what sinks have prepared for an epoch that is durable.
type Commit struct {
	Attempt rpc.Attempt
	Epoch   dataflow.Epoch
	List    []dataflow.Committable
}

// Retain deletes older checkpoints than the newest, but for so many.
type Retain struct {
	Epoch  dataflow.Epoch
	Number int
}

// Clean removes what sinks have prepared.
type Clean struct{ Attempt rpc.Attempt }

// Tell tells of a checkpoint that is durable and committed.
type Tell struct{ Completed Completed }

// Report tells how far the job has come.
type Report struct{ Progress Progress }

// Note tells what the job goes on in spite of.
type Note struct{ Text string }

// End is the last action: the job has ended, well if there is no failure.
type End struct{ Failures []rpc.Failure }

func (Send) action()      {}
func (SetTimer) action()  {}
func (StopTimer) action() {}
func (Prepare) action()   {}
func (List) action()      {}
func (Persist) action()   {}
func (Commit) action()    {}
func (Retain) action()    {}
func (Clean) action()     {}
func (Tell) action()      {}
func (Report) action()    {}
func (Note) action()      {}
func (End) action()       {}
