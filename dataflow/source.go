package dataflow

import (
	"context"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// Split is a part of a source that one task reads: a file or a range of its row groups, a
// partition of a topic, a generator's share. It encodes as JSON.
type Split struct {
	ID string `json:"id"`
	// Data is the source's own description of the split.
	Data []byte `json:"data,omitempty"`
	// Position is where to go on; empty means from the start.
	Position []byte `json:"position,omitempty"`
}

// ReadRequest says what of a table a reader has to deliver.
type ReadRequest struct {
	// Columns are the positions of the wanted columns in the table's physical schema, in order of
	// the batches to be made.
	Columns []int `json:"columns"`
	// Filter is a conjunction over the table's physical columns that every wanted row satisfies.
	// A reader may use it to leave out what cannot match; the rows it delivers are filtered again.
	Filter []*expr.Expr `json:"filter,omitempty"`
	// BatchRows is the largest wanted batch; 0 means columnar.BatchRows.
	BatchRows int `json:"batchRows,omitempty"`
	// Bad, if set, is given the rows that a reader leaves out because it cannot make sense of them.
	Bad func(BadRow) error `json:"-"`
	// Rejects, if set, is what the source has made to stand behind the reader, in its task.
	Rejects Rejects `json:"-"`
}

// BadRow is a row that cannot be read. Its text is borrowed.
type BadRow struct {
	Source   string // a file, or a topic and a partition
	Position int64  // a line, or an offset
	Text     []byte // as it was found
	Err      string
}

// Source is something to read from. Its methods may be called from any goroutine.
type Source interface {
	// Bounded reports whether the splits and each of them end.
	Bounded() bool
	// Splits lists the splits for about that many readers; there may be more or fewer.
	Splits(ctx context.Context, parallelism int) ([]Split, error)
	// Open starts reading a split at its position.
	Open(ctx context.Context, split Split, req ReadRequest) (Reader, error)
}

// Reader reads one split; one goroutine uses it.
type Reader interface {
	// Next returns the next batch, borrowed until the following call; io.EOF ends the split. A
	// nil batch without error means that nothing is there now: wait (see Waiter).
	Next() (*columnar.Batch, error)
	// Position is where to go on after the last batch.
	Position() []byte
	Close() error
}

// Waiter is a Reader whose Next may have nothing now. It calls wake when Next may have more; wake does
// not block and may be called from any goroutine, also after Close.
type Waiter interface {
	Notify(wake func())
}

// Parallel is a Source of splits that end which a task reads side by side, as it does with endless ones:
// their rows come while others are read.
type Parallel interface {
	SideBySide()
}

// Narrower is a Source that can leave splits out in which no row is wanted.
type Narrower interface {
	// Narrow is the source for readers that want the rows that satisfy filter, a conjunction over the
	// table's physical columns. Whoever reads asks for it first, also without a filter: env is what
	// expressions of the table depend on.
	Narrow(filter []*expr.Expr, env *expr.Env) (Source, error)
}

// Grower is a Source whose splits become more while it is read.
type Grower interface {
	// NewSplits lists the splits that have come since known were listed.
	NewSplits(ctx context.Context, known []Split) ([]Split, error)
	// Every is how often to look for them while the job runs; 0 is never.
	Every() time.Duration
}

// Watcher is a Source without end whose splits each end while others come, such as the files of a
// directory. They are read one after the other, in the order in which they are listed.
type Watcher interface {
	// Discover lists the splits of what has a name that is not in seen, and those names: from then on
	// they are, also in checkpoints. It does not change seen.
	Discover(ctx context.Context, seen map[string]bool) (splits []Split, names []string, err error)
	// Every is how often to look while the job runs.
	Every() time.Duration
}

// Rejecter is a Source that may keep the bad rows that its readers leave out.
type Rejecter interface {
	// Rejects makes what keeps those that one task reads, and what makes them visible; nil if none are
	// kept.
	Rejects() (Rejects, Committer)
}

// Rejects keeps bad rows, as a sink does. It is an operator right behind the source, in its task, and
// passes good rows on.
type Rejects interface {
	Operator
	Committing
	Reject(row BadRow) error
}

// Idler is a Source some of whose splits may be silent for long.
type Idler interface {
	// IdleAfter is how long a split has to be silent in order not to hold the watermark back; 0 leaves
	// that to the job.
	IdleAfter() time.Duration
}
