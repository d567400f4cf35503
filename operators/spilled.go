package operators

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state/spill"
)

// openAccount opens the account of an operator: with a floor if it can put aside what it holds.
func openAccount(ctx *dataflow.Context) (*columnar.Account, error) {
	if ctx.Spill == nil {
		return ctx.Budget.Account(ctx.Name), nil
	}
	return ctx.Budget.Floored(ctx.Name)
}

// reserve makes the account hold n bytes. canSpill says that the operator can put aside what it holds.
func reserve(ctx *dataflow.Context, account *columnar.Account, n int64, canSpill bool) error {
	if err := account.Resize(n); err != nil {
		return err
	}
	if canSpill && ctx.Spill.Pressed() {
		return &columnar.MemoryError{Owner: ctx.Name, Want: n}
	}
	return nil
}

// full reports that err says that memory has no room.
func full(err error) bool {
	var m *columnar.MemoryError
	return errors.As(err, &m)
}

// nested is an operator that works on one partition of what another has put aside.
type nested interface {
	dataflow.Operator
	dataflow.Resumer
	dataflow.InputEnder
}

// partitionFeed is what an operator over a partition is given: rows that were put aside.
type partitionFeed struct {
	parts *spill.Partitions
	take  func(op nested, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error)
	end   func(op nested, out dataflow.Output) (dataflow.Status, error) // nil: nothing
}

// inputFeed gives rows of an input.
func inputFeed(in dataflow.Port, parts *spill.Partitions) partitionFeed {
	return partitionFeed{
		parts: parts,
		take: func(op nested, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
			return op.Process(in, b, out)
		},
		end: func(op nested, out dataflow.Output) (dataflow.Status, error) { return op.EndInput(in, out) },
	}
}

// partitionRun runs operators over partitions on disk, one after the other: each is given the rows of
// the feeds in their order, and what it emits is emitted.
type partitionRun struct {
	ctx   *dataflow.Context
	feeds []partitionFeed
	make  func() (nested, error)

	next int    // partition
	op   nested // of the partition; nil between two
	more bool   // it has more to emit
	feed int
	at   int // frame of the feed
	rows []*columnar.Batch
}

func newPartitionRun(ctx *dataflow.Context, feeds []partitionFeed, mk func() (nested, error)) (*partitionRun, error) {
	p := &partitionRun{ctx: ctx, feeds: feeds, make: mk}
	for _, f := range feeds {
		if err := f.parts.Flush(); err != nil {
			return nil, err
		}
		p.rows = append(p.rows, columnar.NewBatch(f.parts.File().Schema()))
	}
	return p, nil
}

// resume goes on until there is no room or nothing is left.
func (p *partitionRun) resume(out dataflow.Output) (dataflow.Status, error) {
	for {
		if p.op == nil && !p.begin() {
			return dataflow.Done, nil
		}
		if p.op == nil {
			var err error
			if p.op, err = p.make(); err != nil {
				return dataflow.Done, err
			}
		}
		if p.ctx.Canceled != nil && p.ctx.Canceled() {
			return dataflow.Done, dataflow.ErrCanceled
		}
		if err := p.step(out); err != nil {
			return dataflow.Done, err
		}
		if p.more || !out.Room() {
			return dataflow.More, nil
		}
	}
}

// begin moves on to the next partition that has rows; false if there is none.
func (p *partitionRun) begin() bool {
	for ; p.next < spill.Fan; p.next++ {
		for _, f := range p.feeds {
			if len(f.parts.Frames(p.next)) > 0 {
				p.feed, p.at = 0, 0
				return true
			}
		}
	}
	return false
}

// step does the next thing there is to do for the partition.
func (p *partitionRun) step(out dataflow.Output) (err error) {
	status := dataflow.Done
	switch {
	case p.more:
		status, err = p.op.Resume(out)
	case p.feed == len(p.feeds):
		err = p.op.Close()
		p.op = nil
		p.next++
	case p.at == len(p.feeds[p.feed].parts.Frames(p.next)):
		if end := p.feeds[p.feed].end; end != nil {
			status, err = end(p.op, out)
		}
		p.feed, p.at = p.feed+1, 0
	default:
		f, rows := p.feeds[p.feed], p.rows[p.feed]
		rows.Reset(0)
		if err = f.parts.File().Read(f.parts.Frames(p.next)[p.at], rows); err != nil {
			return err
		}
		p.at++
		status, err = f.take(p.op, rows, out)
	}
	p.more = status == dataflow.More
	return err
}

// close frees what is held. close of nil does nothing.
func (p *partitionRun) close() error {
	if p == nil {
		return nil
	}
	for _, b := range p.rows {
		b.Release()
	}
	if p.op == nil {
		return nil
	}
	return p.op.Close()
}

// partitionBytes is what partitions take on disk.
func partitionBytes(list ...*spill.Partitions) int64 {
	n := int64(0)
	for _, p := range list {
		if p != nil {
			n += p.File().SizeBytes()
		}
	}
	return n
}
