package spill

import (
	"github.com/anabranch/anabranch/columnar"
)

// Fan is into how many partitions rows are divided at each level.
const Fan = 1 << fanBits

const fanBits = 4

// LevelMax is the last level: what is of one partition there has the same hash, nearly.
const LevelMax = 8

// frameBytes is about the size of the frames that are written, which is what a reader needs at least.
const frameBytes = 64 << 10

// Partitions divides rows by the lowest bits of a hash that no level above has used.
type Partitions struct {
	file  *File
	level int
	parts [Fan]partition
	bytes int64 // of rows that are not written yet
}

type partition struct {
	pending *columnar.Batch
	frames  []Frame
	sel     []int32
}

// NewPartitions makes empty partitions at a level from 0.
func (a *Area) NewPartitions(schema *columnar.Schema, level int) (*Partitions, error) {
	f, err := a.Create(schema)
	if err != nil {
		return nil, err
	}
	p := &Partitions{file: f, level: level}
	for i := range p.parts {
		p.parts[i].pending = columnar.NewBatch(schema)
	}
	return p, nil
}

// Add divides the rows sel of b (nil: all), whose hashes are given in the order of sel.
func (p *Partitions) Add(b *columnar.Batch, hashes []uint64, sel []int32) error {
	for i := range p.parts {
		p.parts[i].sel = p.parts[i].sel[:0]
	}
	shift := uint(fanBits * p.level)
	for k, h := range hashes {
		row := int32(k)
		if sel != nil {
			row = sel[k]
		}
		part := &p.parts[h>>(shift&63)&(Fan-1)]
		part.sel = append(part.sel, row)
	}
	for i := range p.parts {
		part := &p.parts[i]
		if len(part.sel) == 0 {
			continue
		}
		p.bytes -= int64(part.pending.SizeBytes())
		part.pending.AppendSel(b, part.sel)
		if part.pending.SizeBytes() >= frameBytes || part.pending.Len() >= columnar.BatchRows {
			if err := p.flush(part); err != nil {
				return err
			}
		}
		p.bytes += int64(part.pending.SizeBytes())
	}
	return nil
}

func (p *Partitions) flush(part *partition) error {
	if part.pending.Len() == 0 {
		return nil
	}
	at, err := p.file.Append(part.pending)
	if err != nil {
		return err
	}
	part.frames = append(part.frames, at)
	part.pending.Reset(0)
	return nil
}

// Flush writes what is not written yet; Add is not called afterwards.
func (p *Partitions) Flush() error {
	for i := range p.parts {
		if err := p.flush(&p.parts[i]); err != nil {
			return err
		}
		p.parts[i].pending.Release()
	}
	p.bytes = 0
	return nil
}

// PendingBytes is the memory of the rows that are not written yet.
func (p *Partitions) PendingBytes() int64 {
	if p == nil {
		return 0
	}
	return p.bytes
}

// Frames are those of a partition.
func (p *Partitions) Frames(i int) []Frame { return p.parts[i].frames }

// File is where the frames lie.
func (p *Partitions) File() *File { return p.file }

// Close removes the file. Close of nil does nothing.
func (p *Partitions) Close() error {
	if p == nil {
		return nil
	}
	for i := range p.parts {
		p.parts[i].pending.Release()
	}
	return p.file.Close()
}
