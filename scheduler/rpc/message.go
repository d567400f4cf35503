package rpc

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
)

// Message is one of the types below, as a pointer.
type Message interface{ kind() Kind }

// Attempt numbers the executions of a job from 1. Almost every message names the one it belongs to, so
// that what is left of an old one changes nothing in a new one.
type Attempt uint64

// Submit asks a JobManager to run a job.
type Submit struct {
	Job      *graph.Job `json:"job"`
	Settings Settings   `json:"settings"`
}

// Settings are what a run needs beside the job.
type Settings struct {
	Parallelism int `json:"parallelism"` // of nodes that name none
	// Salt tells runs without checkpoints apart in the names of what sinks prepare.
	Salt string `json:"salt,omitempty"`
	// Checkpoint says how often to take checkpoints; nil takes none.
	Checkpoint *Checkpointing `json:"checkpoint,omitempty"`
	// Restore names the checkpoint to go on from.
	Restore string          `json:"restore,omitempty"`
	Restart RestartStrategy `json:"restart"`
	Seed    uint64          `json:"seed"` // of the jitter of restarts
	// EncodeExchanges makes rows travel between all tasks as bytes.
	EncodeExchanges bool `json:"encodeExchanges,omitempty"`
	BatchRows       int  `json:"batchRows,omitempty"`
	// IdleAfter is how long a split is silent before it is idle; 0 is never.
	IdleAfter time.Duration `json:"idleAfter,omitempty"`
	// HeartbeatEvery and HeartbeatTimeout find lost TaskManagers; 0 leaves that to the transport.
	HeartbeatEvery   time.Duration `json:"heartbeatEvery,omitempty"`
	HeartbeatTimeout time.Duration `json:"heartbeatTimeout,omitempty"`
	// SlotTimeout is how long an attempt waits for slots; 0 is forever.
	SlotTimeout time.Duration `json:"slotTimeout,omitempty"`
}

// Checkpointing says how often checkpoints are taken and when they fail.
type Checkpointing struct {
	// Dir is the folder of the job's checkpoints, and Run what tells the files of this run from those
	// of others.
	Dir string `json:"dir"`
	Run string `json:"run"`

	Timeout   time.Duration `json:"timeout"`
	MinPause  time.Duration `json:"minPause,omitempty"`
	Tolerable int           `json:"tolerable,omitempty"`
	Retained  int           `json:"retained"`
}

// Offer tells a JobManager of a TaskManager's slots. A slot takes one subtask of every vertex.
type Offer struct {
	Slots int `json:"slots"`
}

// Ended tells the client how its job has ended: well if there is no failure.
type Ended struct {
	Failures []Failure `json:"failures,omitempty"`
}

// Deploy makes a TaskManager build and start its tasks of an attempt.
type Deploy struct {
	Attempt  Attempt    `json:"attempt"`
	Job      *graph.Job `json:"job"`
	Settings Settings   `json:"settings"`
	// Slots names the TaskManager of each: slot i has subtask i of every vertex that has one.
	Slots []string `json:"slots"`
}

// Trigger makes the task of a source start an epoch.
type Trigger struct {
	Attempt Attempt        `json:"attempt"`
	Task    int            `json:"task"`
	Epoch   dataflow.Epoch `json:"epoch"`
}

// Assign answers a task that needs a split. Without one, Wait tells whether there may be one later,
// which is then sent unasked.
type Assign struct {
	Attempt Attempt `json:"attempt"`
	Task    int     `json:"task"`
	Split   *Split  `json:"split,omitempty"`
	Wait    bool    `json:"wait,omitempty"`
	// Remaining says that further splits wait that this task may get.
	Remaining bool `json:"remaining,omitempty"`
}

// Split is a split with how far it was read.
type Split struct {
	dataflow.Split
	// Rows were delivered since the split's Position; a reader without positions starts over and
	// leaves them out.
	Rows int64         `json:"rows,omitempty"`
	High dataflow.Time `json:"high"`
}

// Taken tells a task that the last split has gone to another one.
type Taken struct {
	Attempt Attempt `json:"attempt"`
	Task    int     `json:"task"`
}

// Raise tells a task the watermark that all tasks of its source share.
type Raise struct {
	Attempt   Attempt       `json:"attempt"`
	Task      int           `json:"task"`
	Watermark dataflow.Time `json:"watermark"`
}

// Complete tells that an epoch is durable.
type Complete struct {
	Attempt Attempt        `json:"attempt"`
	Epoch   dataflow.Epoch `json:"epoch"`
}

// Cancel ends an attempt.
type Cancel struct {
	Attempt Attempt `json:"attempt"`
}

// Ask wants the figures of an attempt's tasks. It is the heartbeat too: also of attempt 0, which is
// none, and a TaskManager without the attempt answers it with no figures.
type Ask struct {
	Attempt Attempt `json:"attempt"`
}

// Forgotten tells a TaskManager that it was taken for lost: it ends what it runs and offers its slots
// anew.
type Forgotten struct{}

// Deployed tells that a TaskManager's tasks are built. Building are those that read one input before
// another; each tells when it no longer does.
type Deployed struct {
	Attempt  Attempt `json:"attempt"`
	Building []int   `json:"building,omitempty"`
}

// Built tells that a task reads all its inputs from now on.
type Built struct {
	Attempt Attempt `json:"attempt"`
	Task    int     `json:"task"`
}

// Request asks for a split.
type Request struct {
	Attempt Attempt `json:"attempt"`
	Task    int     `json:"task"`
}

// Mark tells how far a split is read of a source whose tasks share one watermark, or that it has ended.
type Mark struct {
	Attempt Attempt       `json:"attempt"`
	Task    int           `json:"task"`
	Split   string        `json:"split"`
	High    dataflow.Time `json:"high"`
	Ended   bool          `json:"ended,omitempty"`
}

// Acknowledge tells of a task's snapshot of an epoch, which its TaskManager has made durable.
type Acknowledge struct {
	Attempt Attempt        `json:"attempt"`
	Task    int            `json:"task"`
	Epoch   dataflow.Epoch `json:"epoch"`
	// Follows says that the snapshot is of what has changed since the task's one before.
	Follows     bool                   `json:"follows,omitempty"`
	Committable []dataflow.Committable `json:"committable,omitempty"`
	// File has the snapshot, unless it could not be written.
	File    *checkpoint.File `json:"file,omitempty"`
	Failure *Failure         `json:"failure,omitempty"`
}

// Finished tells that a task has ended well, after its last snapshot.
type Finished struct {
	Attempt     Attempt                `json:"attempt"`
	Task        int                    `json:"task"`
	Committable []dataflow.Committable `json:"committable,omitempty"`
}

// Failed tells why an attempt has ended in a TaskManager, which has canceled its part of it.
type Failed struct {
	Attempt Attempt `json:"attempt"`
	Failure Failure `json:"failure"`
}

// Stopped tells that nothing of an attempt is left in a TaskManager. It is the last message of it.
type Stopped struct {
	Attempt Attempt       `json:"attempt"`
	Tasks   []TaskFigures `json:"tasks,omitempty"`
}

// Figures answers Ask.
type Figures struct {
	Attempt Attempt       `json:"attempt"`
	Tasks   []TaskFigures `json:"tasks,omitempty"`
}

// TaskFigures are how far a task has come.
type TaskFigures struct {
	Task       int              `json:"task"`
	RowsIn     int64            `json:"rowsIn,omitempty"`
	StateBytes int64            `json:"stateBytes,omitempty"`
	Watermark  dataflow.Time    `json:"watermark"`
	Skipped    map[string]int64 `json:"skipped,omitempty"` // rows left out, by reason
}

// ToTask is a message that goes on to one task of a TaskManager.
type ToTask interface {
	Message
	To() (Attempt, int)
}

// To names the task.
func (m *Trigger) To() (Attempt, int) { return m.Attempt, m.Task }

// To names the task.
func (m *Assign) To() (Attempt, int) { return m.Attempt, m.Task }

// To names the task.
func (m *Raise) To() (Attempt, int) { return m.Attempt, m.Task }

// To names the task.
func (m *Taken) To() (Attempt, int) { return m.Attempt, m.Task }

// Owner names a node of a job for those who leave things behind in the world: the same after a restart
// from a checkpoint, another for each run without checkpoints.
func (s *Settings) Owner(job, uid string) string {
	sum := sha256.Sum256([]byte(job + "\x00" + uid + "\x00" + s.Salt))
	return hex.EncodeToString(sum[:4])
}
