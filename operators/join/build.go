package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/operators/held"
)

// build is the right side: its rows, and a table from key to the chain of its rows.
type build struct {
	rows    *columnar.Batch
	table   *hashtable.Table // payload: first row of the chain plus one
	next    []int32          // following row of the same key plus one
	unique  bool             // every row is the table's row of the same id; there are no chains yet
	matched columnar.Bitmap
	account *mem.Account
	ids     []uint32
}

func (s *build) add(b *columnar.Batch, keys []int, keepsNull bool) error {
	cols, sel := held.KeyColumns(nil, b, keys), b.Sel
	valid := withoutNulls(cols, sel, b.Len())
	if !keepsNull {
		sel = valid
	}
	first := s.rows.Len()
	s.rows.AppendSel(b, sel)
	for keepsNull && len(s.matched) < columnar.BitmapWords(s.rows.Len()) {
		s.matched = append(s.matched, 0)
	}
	var err error
	if s.ids, err = s.table.UpsertRows(s.ids, cols, valid, b.Len()); err != nil {
		return err
	}
	if s.unique && s.table.Rows() != s.rows.Len() {
		s.chainFirst(first)
	}
	if !s.unique {
		s.chain(sel, valid, first)
	}
	return nil
}

// chainRows makes the chains of a unique build side.
func (s *build) chainRows() { s.chainFirst(s.rows.Len()) }

// chainFirst makes the chains of the first n rows, which are those of the table.
func (s *build) chainFirst(n int) {
	s.unique = false
	s.next = make([]int32, n, s.rows.Len())
	head := s.table.Cells(0)
	for row := range n {
		*head.At(uint32(row)) = uint64(row + 1)
	}
}

// chain enters the rows from first on, which are the rows sel of a batch, into chains; those of valid
// have a key, in the table's rows s.ids.
func (s *build) chain(sel, valid []int32, first int) {
	s.next = append(s.next, make([]int32, s.rows.Len()-first)...)
	head := s.table.Cells(0)
	at := 0
	for row := first; row < s.rows.Len(); row++ {
		i := row - first
		if sel != nil {
			i = int(sel[i])
		}
		// With keepsNull the rows with a null key are stored but in no chain.
		if at < len(s.ids) && (valid == nil || int(valid[at]) == i) {
			cell := head.At(s.ids[at])
			s.next[row] = int32(*cell)
			*cell = uint64(row + 1)
			at++
		}
	}
}

func (s *build) release() {
	s.rows.Release()
	s.table.Release()
	s.next, s.matched = nil, nil
}

func (s *build) heldBytes() int64 {
	return int64(s.rows.HeldBytes()) + s.table.SizeBytes() + int64(4*cap(s.next))
}

// withoutNulls narrows sel to the rows none of whose keys is null.
func withoutNulls(cols []*columnar.Vector, sel []int32, n int) []int32 {
	for _, v := range cols {
		if v.Valid != nil {
			sel = columnar.SelectWhere(make([]int32, n), sel, n, func(i int) bool { return !v.IsNull(i) })
		}
	}
	return sel
}
