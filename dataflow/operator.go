package dataflow

import (
	"context"
	"errors"
	"math"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/state/spill"
)

// Port is the number of an operator's input, from 0.
type Port int

// Status is what a call of an operator leaves behind.
type Status uint8

// Done: the operator waits for input. More: it has more to emit; call Resume.
const (
	Done Status = iota
	More
)

// Time is an event time in microseconds since 1970. The smallest and the largest value are
// reserved.
type Time int64

// MinTime is the watermark before any row; MaxTime the one after the last.
const (
	MinTime Time = math.MinInt64
	MaxTime Time = math.MaxInt64
)

// Epoch is the number of a checkpoint, from 1.
type Epoch uint64

// Output takes what an operator emits.
type Output interface {
	// Emit passes a batch on. It never blocks; the batch is borrowed until it returns, unless it
	// was marked as owned.
	Emit(b *columnar.Batch) error
	// Room reports whether the receivers are ready for more. An operator asks after each Emit of
	// a long series and returns More when there is none.
	Room() bool
	// Done reports that nobody wants further rows, so that sources can stop early.
	Done() bool
}

// Operator turns input batches into output batches. Further abilities are the optional
// interfaces below, asked for once when the task starts.
type Operator interface {
	// Process takes a batch in. After More the operator owns no part of b.
	Process(in Port, b *columnar.Batch, out Output) (Status, error)
	// Close gives everything back; it is called once, also after errors.
	Close() error
}

// Opener is an Operator that needs its surroundings before the first call.
type Opener interface {
	Open(ctx *Context) error
}

// Resumer is an Operator that may return More.
type Resumer interface {
	Resume(out Output) (Status, error)
}

// LookAhead is an Operator whose state may lie on disk. Before it takes the batches that wait at an input, one by
// one, it is shown all of them, so that it can read what it has of their keys together. It changes nothing that
// a snapshot would tell, and a batch that is taken need not have been shown.
type LookAhead interface {
	Ahead(in Port, waiting []*columnar.Batch) error
}

// Watermarker is an Operator that acts on event time. t is the smallest watermark over all
// inputs, and it rose. The task passes t on when the operator is Done.
type Watermarker interface {
	Watermark(t Time, out Output) (Status, error)
}

// InputWatermarker is an Operator that is told when the watermark of one of its inputs rises, also
// where that of another holds the smallest back. A Watermark may follow.
type InputWatermarker interface {
	InputWatermark(in Port, t Time)
}

// WatermarkHolder is an Operator whose output lags its input: the task passes OutputWatermark(t)
// on instead of t.
type WatermarkHolder interface {
	OutputWatermark(t Time) Time
}

// WatermarkMaker is an Operator that knows the event time of its rows: after each batch the task
// passes MadeWatermark on where it rose. It is a WatermarkHolder too, for marks from before it.
type WatermarkMaker interface {
	WatermarkHolder
	MadeWatermark() Time
}

// Alarmer is an Operator that acts on the wall clock: the task calls Ring once the time of NextAlarm has
// come, before it takes further input in. Times are microseconds since 1970 by the clock of Context.Env.
type Alarmer interface {
	// NextAlarm is when Ring is wanted; set is false if it is not.
	NextAlarm() (at int64, set bool)
	Ring(now int64, out Output) (Status, error)
}

// InputEnder is an Operator that acts on the end of an input. After the last one ends the
// operator emits what is left.
type InputEnder interface {
	EndInput(in Port, out Output) (Status, error)
}

// InputSelector is an Operator that reads one input before others, such as a join its build
// side. The task does not poll a port while Wants is false.
type InputSelector interface {
	Wants(in Port) bool
}

// Stopper is an Operator that may need no further input, such as LIMIT once it has its rows.
type Stopper interface {
	Stopped() bool
}

// Snapshotter is an Operator with state that outlives a failure.
type Snapshotter interface {
	// Snapshot writes all state down as it is at the barrier of the epoch.
	Snapshot(epoch Epoch, w *state.Writer) error
	// Restore takes state in after Open, before the first batch.
	Restore(r *state.Reader) error
}

// Incremental is a Snapshotter that can write down what has changed since its last snapshot, bit by
// bit while it goes on working. The task calls Freeze instead of Snapshot.
type Incremental interface {
	Snapshotter
	// Freeze begins the snapshot of the barrier: of everything, if full, or of what has changed since
	// the last Freeze. What follows goes into w, also from within other calls; a snapshot that was in
	// progress is given up.
	Freeze(epoch Epoch, full bool, w *state.Writer) error
	// Copy writes about n further rows and reports whether all is written.
	Copy(n int) (done bool, err error)
}

// Committing is a sink whose output becomes visible only when a checkpoint is complete. What
// the operator prepares for an epoch is part of the checkpoint; once that is durable the
// committer, which needs nothing of the operator, makes it visible.
type Committing interface {
	// Prepare finishes what was written since the last epoch and describes it. final says that the
	// input has ended.
	Prepare(epoch Epoch, final bool) ([]Committable, error)
}

// Committable describes output that waits for its epoch; Data is the sink's own.
type Committable struct {
	UID  string `json:"uid"` // of the sink's node
	Data []byte `json:"data"`
	// Last says that it is to be made visible behind all others of its epoch that are not.
	Last bool `json:"last,omitempty"`
}

// Committer makes prepared output visible. Both methods are idempotent.
type Committer interface {
	Commit(ctx context.Context, data []byte) error
	// Recover removes what the sink's owner (see Context) had prepared and no checkpoint knows; keep
	// lists what one does.
	Recover(ctx context.Context, owner string, keep [][]byte) error
}

// Measurer is an Operator with state whose size is shown to the user.
type Measurer interface {
	StateBytes() int64
}

// Counter is an Operator or a Reader that counts rows it had to leave out, by reason.
type Counter interface {
	Counts() map[string]int64
}

// Context is what an operator may know of its task.
type Context struct {
	Name        string // of the operator, for errors
	Owner       string // names the job and the node, the same after a restart
	Subtask     int
	Parallelism int
	Streaming   bool
	Checkpoints bool // the job takes checkpoints
	Inputs      []*columnar.Schema
	Output      *columnar.Schema
	Budget      *mem.Budget
	State       *state.Backend // where state goes that memory has no room for; nil: nowhere
	Spill       *spill.Area    // where a batch operator puts rows aside; nil: nowhere
	Env         *expr.Env
	// Canceled, if set, reports that the job is about to end without its result. An operator that works
	// for long in one call asks it and returns ErrCanceled.
	Canceled func() bool
}

// ErrCanceled is what an operator returns that was interrupted because the job is canceled.
var ErrCanceled = errors.New("canceled")
