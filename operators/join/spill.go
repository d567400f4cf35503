package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state/spill"
)

// onDisk reports that the rows of both inputs go to disk.
func (j *Hash) onDisk() bool { return j.aside[rightPort] != nil }

// canSpill reports that the rows can go to disk. Those of one key cannot be divided.
func (j *Hash) canSpill() bool {
	return j.ctx.Spill != nil && len(j.spec.RightKeys) > 0 && j.level < spill.LevelMax
}

// spillBuild moves the right rows to disk.
func (j *Hash) spillBuild() (err error) {
	rows := j.build.rows
	j.build.account.Force(j.build.heldBytes())
	for port := range j.aside {
		if j.aside[port], err = j.ctx.Spill.NewPartitions(j.ctx.Inputs[port], j.level); err != nil {
			return err
		}
	}
	for first := 0; first < rows.Len() && err == nil; first += columnar.BatchRows {
		sel := make([]int32, min(columnar.BatchRows, rows.Len()-first))
		for k := range sel {
			sel[k] = int32(first + k)
		}
		err = j.putAside(rightPort, rows.WithSel(sel))
	}
	j.build.release()
	return err
}

// putAside writes rows to the partitions of their keys; those that cannot be in the result are left out.
func (j *Hash) putAside(in dataflow.Port, b *columnar.Batch) error {
	keys, keepsNull := j.spec.RightKeys, j.keepsRight()
	if in == leftPort {
		keys, keepsNull = j.spec.LeftKeys, j.keepsLeft() || j.spec.Type == Anti
	}
	cols, sel := held.KeyColumns(nil, b, keys), b.Sel
	if !keepsNull {
		sel = withoutNulls(cols, sel, b.Len())
	}
	if err := j.aside[in].Add(b, columnar.HashRows(nil, cols, sel, b.Len()), sel); err != nil {
		return err
	}
	j.build.account.Force(j.aside[leftPort].PendingBytes() + j.aside[rightPort].PendingBytes())
	return nil
}

// endAside joins the partitions once both inputs have ended.
func (j *Hash) endAside(in dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	if in == rightPort {
		j.built = true
		return dataflow.Done, nil
	}
	feeds := []held.Feed{held.InputFeed(rightPort, j.aside[rightPort]), held.InputFeed(leftPort, j.aside[leftPort])}
	var err error
	j.rest, err = held.NewPartitionRun(j.ctx, feeds, func() (held.Nested, error) {
		in := NewHash(j.spec)
		in.build.account, in.inner, in.level = j.build.account, true, j.level+1
		return in, in.Open(j.ctx)
	})
	if err != nil {
		return dataflow.Done, err
	}
	j.build.account.Force(0)
	return j.rest.Resume(out)
}
