package operators

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Sort orders all rows of its input by normalized keys and emits them when the input ends. With
// a limit it keeps only the rows that can still be among the first.
type Sort struct {
	spec    SortSpec
	ctx     *dataflow.Context
	rows    *columnar.Batch
	order   []int32
	next    int
	ended   bool
	keyer   *columnar.SortKeyer
	out     *columnar.Batch
	account *columnar.Account
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
	s.account = ctx.Budget.Account(ctx.Name)
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
	var err error
	if s.keyer, err = columnar.NewSortKeyer(ctx.Output, columns); err == nil {
		s.keyer.Stop = ctx.Canceled
	}
	return err
}

// keep is how many rows a limit lets through; -1 means all.
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
	if n := s.keep(); n >= 0 && int64(s.rows.Len()) > n*topFactor+columnar.BatchRows {
		if err := s.cut(int(n)); err != nil {
			return dataflow.Done, err
		}
	}
	if err := s.account.Resize(int64(s.rows.SizeBytes())); err != nil {
		return dataflow.Done, err
	}
	return dataflow.Done, nil
}

// sort orders the stored rows.
func (s *Sort) sort() error {
	if err := s.account.Resize(int64(s.rows.SizeBytes()) + s.keyer.ScratchBytes(s.rows)); err != nil {
		return err
	}
	if s.order = s.keyer.Sort(s.rows, s.order); s.order == nil && s.rows.Len() > 0 {
		return dataflow.ErrCanceled
	}
	return s.account.Resize(int64(s.rows.SizeBytes()) + int64(4*cap(s.order)))
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
	if err := s.sort(); err != nil {
		return dataflow.Done, err
	}
	if n := s.keep(); n >= 0 {
		s.order = s.order[:min(int64(len(s.order)), n)]
	}
	s.next = int(min(s.spec.Offset, int64(len(s.order))))
	s.ended = true
	return s.Resume(out)
}

// Resume emits in order until there is no room.
func (s *Sort) Resume(out dataflow.Output) (dataflow.Status, error) {
	for s.next < len(s.order) {
		rows := s.order[s.next:min(s.next+columnar.BatchRows, len(s.order))]
		s.next += len(rows)
		for c, v := range s.out.Cols {
			v.Gather(s.rows.Cols[c], rows)
		}
		s.out.SetLen(len(rows))
		if err := out.Emit(s.out); err != nil {
			return dataflow.Done, err
		}
		if s.next < len(s.order) && !out.Room() {
			return dataflow.More, nil
		}
	}
	s.order = slices.Clip(s.order[:0])
	s.rows.Release()
	return dataflow.Done, nil
}

// StateBytes is the size of the stored rows.
func (s *Sort) StateBytes() int64 { return s.account.Used() }

// Close frees the stored rows.
func (s *Sort) Close() error {
	if s.rows != nil {
		s.rows.Release()
		s.out.Release()
		s.account.Close()
	}
	return nil
}
