package held

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state/spill"
)

// Nested is an operator that works on one partition of what another has put aside.
type Nested interface {
	dataflow.Operator
	dataflow.Resumer
	dataflow.InputEnder
}

// Feed is what an operator over a partition is given: rows that were put aside.
type Feed struct {
	Parts *spill.Partitions
	Take  func(op Nested, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error)
	End   func(op Nested, out dataflow.Output) (dataflow.Status, error) // nil: nothing
}

// InputFeed gives rows of an input.
func InputFeed(in dataflow.Port, parts *spill.Partitions) Feed {
	return Feed{
		Parts: parts,
		Take: func(op Nested, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
			return op.Process(in, b, out)
		},
		End: func(op Nested, out dataflow.Output) (dataflow.Status, error) { return op.EndInput(in, out) },
	}
}

// PartitionRun runs operators over partitions on disk, one after the other: each is given the rows of
// the feeds in their order, and what it emits is emitted.
type PartitionRun struct {
	ctx   *dataflow.Context
	feeds []Feed
	make  func() (Nested, error)

	next int    // partition
	op   Nested // of the partition; nil between two
	more bool   // it has more to emit
	feed int
	at   int // frame of the feed
	rows []*columnar.Batch
}

// NewPartitionRun makes a run whose operators mk makes, one for each partition that has rows.
func NewPartitionRun(ctx *dataflow.Context, feeds []Feed, mk func() (Nested, error)) (*PartitionRun, error) {
	p := &PartitionRun{ctx: ctx, feeds: feeds, make: mk}
	for _, f := range feeds {
		if err := f.Parts.Flush(); err != nil {
			return nil, err
		}
		p.rows = append(p.rows, columnar.NewBatch(f.Parts.File().Schema()))
	}
	return p, nil
}

// Resume goes on until there is no room or nothing is left.
func (p *PartitionRun) Resume(out dataflow.Output) (dataflow.Status, error) {
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
func (p *PartitionRun) begin() bool {
	for ; p.next < spill.Fan; p.next++ {
		for _, f := range p.feeds {
			if len(f.Parts.Frames(p.next)) > 0 {
				p.feed, p.at = 0, 0
				return true
			}
		}
	}
	return false
}

// step does the next thing there is to do for the partition.
func (p *PartitionRun) step(out dataflow.Output) (err error) {
	status := dataflow.Done
	switch {
	case p.more:
		status, err = p.op.Resume(out)
	case p.feed == len(p.feeds):
		err = p.op.Close()
		p.op = nil
		p.next++
	case p.at == len(p.feeds[p.feed].Parts.Frames(p.next)):
		if end := p.feeds[p.feed].End; end != nil {
			status, err = end(p.op, out)
		}
		p.feed, p.at = p.feed+1, 0
	default:
		f, rows := p.feeds[p.feed], p.rows[p.feed]
		rows.Reset(0)
		if err = f.Parts.File().Read(f.Parts.Frames(p.next)[p.at], rows); err != nil {
			return err
		}
		p.at++
		status, err = f.Take(p.op, rows, out)
	}
	p.more = status == dataflow.More
	return err
}

// Close frees what is held. Close of nil does nothing.
func (p *PartitionRun) Close() error {
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

// PartitionBytes is what partitions take on disk.
func PartitionBytes(list ...*spill.Partitions) int64 {
	n := int64(0)
	for _, p := range list {
		if p != nil {
			n += p.File().SizeBytes()
		}
	}
	return n
}
