package order

import (
	"errors"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
)

// Sort orders all rows of its input by normalized keys and emits them when the input ends. With
// a limit it keeps only the rows that can still be among the first. What memory has no room for goes
// to disk in sorted runs, which are merged at the end.
type Sort struct {
	spec    SortSpec
	ctx     *dataflow.Context
	rows    *columnar.Batch
	order   []int32
	next    int
	skip    int64 // rows left to leave out
	left    int64 // rows left to emit, -1: all
	keyer   *columnar.SortKeyer
	out     *columnar.Batch
	account *mem.Account
	runs    sortRuns
	merge   *sortMerge // nil unless there are runs and the input has ended
}

var (
	_ dataflow.Operator   = (*Sort)(nil)
	_ dataflow.Resumer    = (*Sort)(nil)
	_ dataflow.InputEnder = (*Sort)(nil)
)

// NewSort makes the operator of spec.
func NewSort(spec SortSpec) *Sort { return &Sort{spec: spec} }

// Open prepares the row store.
func (s *Sort) Open(ctx *dataflow.Context) error {
	s.ctx = ctx
	s.rows, s.out = columnar.NewBatch(ctx.Output), columnar.NewBatch(ctx.Output)
	var err error
	if s.account, err = held.OpenAccount(ctx); err != nil {
		return err
	}
	columns := make([]columnar.SortColumn, len(s.spec.Keys))
	for i, k := range s.spec.Keys {
		columns[i] = columnar.SortColumn{Index: k.Column, Desc: k.Desc, NullsFirst: k.NullsFirst}
	}
	if s.spec.Limit != nil {
		// Which rows a limit keeps must not depend on arrival: ties go by the whole row.
		for i, f := range ctx.Output.Fields {
			if !f.Type.IsNested() {
				columns = append(columns, columnar.SortColumn{Index: i, NullsFirst: true})
			}
		}
	}
	if s.keyer, err = columnar.NewSortKeyer(ctx.Output, columns); err == nil {
		s.keyer.Stop = ctx.Canceled
	}
	return err
}

// keep is how many rows a limit lets through; less than 0 means all.
func (s *Sort) keep() int64 {
	if s.spec.Limit == nil {
		return -1
	}
	return *s.spec.Limit + s.spec.Offset
}

// topFactor is how many times more rows than the limit a top-N gathers before it cuts.
const topFactor = 4

// Process stores rows; a top-N cuts them back from time to time.
func (s *Sort) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	s.rows.AppendSel(b, b.Sel)
	if n := s.keep(); n >= 0 && int64(s.rows.Len()-columnar.BatchRows)/topFactor > n {
		if err := s.cut(int(n)); err != nil {
			return dataflow.Done, err
		}
	}
	canSpill := s.ctx.Spill != nil
	err := held.Reserve(s.ctx, s.account, s.neededBytes(), canSpill)
	if canSpill && held.Full(err) {
		err = s.spill()
	}
	return dataflow.Done, err
}

// neededBytes is the memory of the stored rows and of sorting them.
func (s *Sort) neededBytes() int64 {
	return int64(s.rows.HeldBytes()) + s.keyer.ScratchBytes(s.rows) + int64(4*s.rows.Len())
}

// sort orders the stored rows.
func (s *Sort) sort() error {
	if s.order = s.keyer.Sort(s.rows, s.order); s.order == nil && s.rows.Len() > 0 {
		return dataflow.ErrCanceled
	}
	return nil
}

// cut keeps the first n rows.
func (s *Sort) cut(n int) error {
	if err := s.sort(); err != nil {
		return err
	}
	kept := columnar.NewBatch(s.ctx.Output)
	kept.AppendSel(s.rows, s.order[:min(n, len(s.order))])
	s.rows.Release()
	s.rows = kept
	return nil
}

// EndInput sorts and emits.
func (s *Sort) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	s.skip, s.left = s.spec.Offset, -1
	if s.spec.Limit != nil {
		s.left = *s.spec.Limit
	}
	if err := s.end(); err != nil {
		return dataflow.Done, err
	}
	return s.Resume(out)
}

// end sorts what is stored, or begins to merge it with what is on disk.
func (s *Sort) end() error {
	if len(s.runs.runs) == 0 {
		if err := s.sort(); err != nil {
			return err
		}
		return s.account.Resize(int64(s.rows.HeldBytes() + 4*cap(s.order)))
	}
	if err := s.spill(); err != nil {
		return err
	}
	var err error
	s.merge, err = s.mergeRuns()
	return err
}

// Resume emits in order until there is no room.
func (s *Sort) Resume(out dataflow.Output) (dataflow.Status, error) {
	for {
		if s.next == len(s.order) && s.merge != nil && s.left != 0 {
			if err := s.merge.step(); err != nil {
				return dataflow.Done, err
			}
			s.rows, s.order, s.next = s.merge.window, s.merge.order, 0
		}
		skipped := int(min(s.skip, int64(len(s.order)-s.next)))
		s.next, s.skip = s.next+skipped, s.skip-int64(skipped)
		if s.next == len(s.order) && skipped > 0 && s.merge != nil {
			continue
		}
		rows := s.order[s.next:min(s.next+columnar.BatchRows, len(s.order))]
		if s.left >= 0 {
			rows = rows[:min(int64(len(rows)), s.left)]
			s.left -= int64(len(rows))
		}
		if len(rows) == 0 {
			return dataflow.Done, s.free()
		}
		s.next += len(rows)
		for c, v := range s.out.Cols {
			v.Gather(s.rows.Cols[c], rows)
		}
		s.out.SetLen(len(rows))
		if err := out.Emit(s.out); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			return dataflow.More, nil
		}
	}
}

// free gives back what was stored.
func (s *Sort) free() error {
	s.order = slices.Clip(s.order[:0])
	s.rows.Release()
	s.merge.release()
	s.merge = nil
	return errors.Join(s.runs.close(), s.account.Resize(0))
}

// StateBytes is the size of the stored rows, in memory and on disk.
func (s *Sort) StateBytes() int64 { return s.account.Used() + s.runs.file.SizeBytes() }

// Close frees the stored rows.
func (s *Sort) Close() error {
	if s.rows == nil {
		return nil
	}
	s.rows.Release()
	s.merge.release()
	s.out.Release()
	s.account.Close()
	return s.runs.close()
}
