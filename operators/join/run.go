package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
)

// run walks over a batch of one side of a symmetric join: runs of rows of one sign, and in each
// over the pairs with stored rows of the other side.
type run struct {
	port  dataflow.Port
	batch *columnar.Batch
	kept  *columnar.Batch // batch, if it is an own one
	next  int             // first live row behind the run

	open    bool // the run has pairs to look at
	kind    columnar.RowKind
	lives   []int32  // live indexes of the run's rows that can have a match
	rows    []int32  // their positions in the batch
	heads   []uint32 // first stored row of each one's key
	matches []uint64 // how many pairs each had so far
	ids     []uint32 // stored rows of the run itself

	slice int     // of the other side, the next to be looked into
	times []int64 // of the rows, if there are slices
	near  []int32 // rows whose times a slice may match
	known []int32 // of these: their keys are there

	row   int    // cursor: row of the run
	chain uint32 // cursor: next stored row of it, NoRow before its first

	found []uint32 // the current pairs: stored rows
	at    []int32  // and the rows of the run, by their place in it
	pos   []int32
	kinds []columnar.RowKind
}

func (r *run) start(port dataflow.Port, b *columnar.Batch) {
	r.port, r.batch, r.next, r.open = port, b, 0, false
}

// nextRun moves on to the following rows of one sign.
func (r *run) nextRun() bool {
	if r.next == r.batch.Live() {
		return false
	}
	first := r.next
	r.kind, r.next = held.SignRun(r.batch, first)
	r.lives, r.open = r.lives[:0], true
	for l := first; l < r.next; l++ {
		r.lives = append(r.lives, int32(l))
	}
	r.row, r.chain = 0, hashtable.NoRow
	return true
}

// split keeps the rows of the run that are null in none of cols and returns the positions of the
// others.
func (r *run) split(cols []*columnar.Vector) (never []int32) {
	r.rows = r.rows[:0]
	kept := 0
	for _, l := range r.lives {
		i := r.batch.Row(int(l))
		null := false
		for _, v := range cols {
			null = null || v.Valid != nil && v.IsNull(i)
		}
		if null {
			never = append(never, int32(i))
			continue
		}
		r.lives[kept] = l
		r.rows = append(r.rows, int32(i))
		kept++
	}
	r.lives = r.lives[:kept]
	if r.rows == nil {
		r.rows = []int32{}
	}
	return never
}

// within are the positions of the rows with times from one on and before another.
func (r *run) within(from, to int64) []int32 {
	r.near = r.near[:0]
	for k, t := range r.times {
		if from <= t && t < to {
			r.near = append(r.near, r.rows[k])
		}
	}
	return r.near
}

// lookAt begins to walk over the stored rows of one table: heads are the first ones of the rows at sel.
func (r *run) lookAt(sel []int32, heads []uint32) {
	r.row, r.chain, r.heads = 0, hashtable.NoRow, r.heads[:0]
	at := 0
	for _, i := range r.rows {
		head := hashtable.NoRow
		if at < len(sel) && sel[at] == i {
			head = heads[at]
			at++
		}
		r.heads = append(r.heads, head)
	}
}

// pairs collects up to a batch of further pairs and reports whether there are any.
func (r *run) pairs(other *hashtable.Rows) bool {
	r.found, r.at = r.found[:0], r.at[:0]
	for r.row < len(r.rows) && len(r.found) < columnar.BatchRows {
		if r.chain == hashtable.NoRow {
			if r.chain = r.heads[r.row]; r.chain == hashtable.NoRow {
				r.row++
				continue
			}
		}
		for r.chain != hashtable.NoRow && len(r.found) < columnar.BatchRows {
			r.found = append(r.found, r.chain)
			r.at = append(r.at, int32(r.row))
			r.chain = other.Next(r.chain)
		}
		if r.chain == hashtable.NoRow {
			r.row++
		}
	}
	return len(r.found) > 0
}

// positions are those of the current pairs' rows in the batch.
func (r *run) positions() []int32 {
	r.pos = r.pos[:0]
	for _, k := range r.at {
		r.pos = append(r.pos, r.rows[k])
	}
	return r.pos
}

// kindsOf are the kinds of rows of the batch, given by their positions; nil if all are inserts.
func (r *run) kindsOf(rows []int32) []columnar.RowKind {
	if r.batch.Kinds == nil {
		return nil
	}
	r.kinds = r.kinds[:0]
	for _, i := range rows {
		r.kinds = append(r.kinds, r.batch.Kinds[i])
	}
	return r.kinds
}

// where are the positions of the run's rows with (or without) a match.
func (r *run) where(matched bool) []int32 {
	r.pos = r.pos[:0]
	for k, n := range r.matches {
		if (n > 0) == matched {
			r.pos = append(r.pos, r.rows[k])
		}
	}
	return r.pos
}

// keep makes the batch an own one, so that the walk can go on later. The copy may be compact: live
// indexes stay, positions follow from them.
func (r *run) keep() {
	if r.kept != nil {
		return
	}
	r.batch = r.batch.Keep()
	r.kept = r.batch
	for k, l := range r.lives {
		r.rows[k] = int32(r.batch.Row(int(l)))
	}
}

// drop ends the walk.
func (r *run) drop() {
	if r.kept != nil {
		r.kept.Release()
	}
	r.kept, r.batch = nil, nil
}
