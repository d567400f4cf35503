package order

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/state/spill"
)

// Rank numbers the rows of each partition in an order, from one, and passes on those whose number
// lies in a range. Rows that are equal in the order are told apart by their other columns.
//
// Of an input that ends it emits the rows then; if memory has no room for them, they are divided by hash
// of their partitions into parts on disk that are numbered one after the other. Of any other input it
// emits after each batch how the range has changed in the partitions that the batch touched. A WindowRank
// uses one for each window, which ends for it like an input.
type Rank struct {
	spec   RankSpec
	ctx    *dataflow.Context
	keyer  *columnar.SortKeyer
	nested []int            // columns the keyer does not take
	parts  *hashtable.Table // of partitions, whose row id is their place in lists
	rows   *hashtable.Rows  // the input's columns and the normalized key
	lists  []rankList
	key    *columnar.Vector // normalized keys of a batch
	wide   columnar.Batch   // a batch and its keys
	sel    []int32
	ids    []uint32
	places []uint32

	touched []uint32
	changes rankChanges
	dropped []uint32     // rows to remove once the changes are emitted
	delta   *state.Delta // nil if the job takes no checkpoints, or with tiers
	tiers   *held.Rows   // rows is its table in use, and its keys are parts; nil: all rows are in memory
	store   *state.Store // of tiers
	listed  *state.Lists // whose rows are in lists
	next    int          // of lists, to emit at the end
	ended   bool
	window  *windowPart // nil unless it is of a WindowRank

	account *mem.Account       // of one that spills
	level   int                // of partitions on disk, below a Rank that has put its rows aside
	inner   bool               // the account is that of another
	aside   *spill.Partitions  // nil while the rows are in memory
	rest    *held.PartitionRun // numbers what was put aside; nil before the input has ended
}

// rankList has the rows of one partition.
type rankList struct {
	ids    []uint32
	worst  uint64   // of a full list: how the key of its last row begins
	before []uint32 // ids as they were before the batch
	loose  bool     // ids are in no order
	hit    bool     // the batch touched it
}

var (
	_ dataflow.Operator    = (*Rank)(nil)
	_ dataflow.Resumer     = (*Rank)(nil)
	_ dataflow.InputEnder  = (*Rank)(nil)
	_ dataflow.Incremental = (*Rank)(nil)
	_ dataflow.LookAhead   = (*Rank)(nil)
)

// NewRank makes the operator of spec.
func NewRank(spec RankSpec) *Rank { return &Rank{spec: spec} }

// Open makes the tables.
func (r *Rank) Open(ctx *dataflow.Context) (err error) {
	r.ctx = ctx
	in := ctx.Inputs[0]
	var columns []columnar.SortColumn
	for _, k := range r.spec.Keys {
		columns = append(columns, columnar.SortColumn{Index: k.Column, Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	for c, f := range in.Fields {
		if f.Type.IsNested() {
			r.nested = append(r.nested, c)
		} else {
			columns = append(columns, columnar.SortColumn{Index: c, NullsFirst: true})
		}
	}
	if r.keyer, err = columnar.NewSortKeyer(in, columns); err != nil {
		return err
	}
	r.key = columnar.NewVector(columnar.TypeBytes)
	r.changes.open(ctx.Output, r.spec.Number, r.spec.From == r.spec.To)
	return r.openRows()
}

// Process takes rows in.
func (r *Rank) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if r.aside != nil {
		return dataflow.Done, r.putAside(b)
	}
	if r.spec.AtEnd {
		if err := r.keep(b); err != nil {
			return dataflow.Done, err
		}
		return dataflow.Done, r.reserve()
	}
	if err := r.take(b); err != nil {
		return dataflow.Done, err
	}
	for _, p := range r.touched {
		l := &r.lists[p]
		r.changes.between(r.rows, r.ranged(l.before), r.ranged(l.ids), r.spec.From)
		l.hit = false
	}
	r.touched = r.touched[:0]
	return r.Resume(out)
}

// keep takes rows in that are emitted at the end.
func (r *Rank) keep(b *columnar.Batch) error {
	if err := r.take(b); err != nil {
		return err
	}
	r.rows.RemoveIDs(r.dropped)
	r.dropped = r.dropped[:0]
	return nil
}

// ranged is the part of a list whose numbers lie in the range.
func (r *Rank) ranged(ids []uint32) []uint32 {
	if to := r.spec.To; to > 0 && to < int64(len(ids)) {
		ids = ids[:to]
	}
	return ids[min(r.spec.From-1, int64(len(ids))):]
}

// take enters the rows of a batch into the lists of their partitions.
func (r *Rank) take(b *columnar.Batch) error {
	if err := r.locate(b); err != nil {
		return err
	}
	r.keys(b)
	if r.sel = r.sel[:0]; r.sel == nil {
		r.sel = []int32{}
	}
	for k := range b.Live() {
		if i := b.Row(k); !b.Kind(i).Retracts() && !r.hopeless(&r.lists[r.places[k]], r.key.Bytes(i)) {
			r.sel = append(r.sel, int32(i))
		}
	}
	r.wide.Cols = append(append(r.wide.Cols[:0], b.Cols...), r.key)
	r.wide.Sel = r.sel
	r.wide.SetLen(b.Len())
	var err error
	if r.ids, err = r.rows.Add(r.ids[:0], &r.wide); err != nil {
		return err
	}
	next := 0
	for k := range b.Live() {
		i := b.Row(k)
		l := &r.lists[r.places[k]]
		if b.Kind(i).Retracts() {
			r.touch(l, r.places[k])
			if !r.remove(l, r.key.Bytes(i)) {
				return fmt.Errorf("the input takes a row back that is not there: %s", held.RowText(b, i, r.ctx.Env))
			}
		} else if next < len(r.sel) && int(r.sel[next]) == i {
			r.touch(l, r.places[k])
			r.insert(l, r.ids[next])
			next++
		}
	}
	return nil
}

// locate finds the list of each live row.
func (r *Rank) locate(b *columnar.Batch) error {
	n := b.Live()
	if len(r.spec.Partition) == 0 {
		if len(r.lists) == 0 {
			r.lists = make([]rankList, 1)
		}
		r.places = append(r.places[:0], make([]uint32, n)...)
		return nil
	}
	if r.tiers != nil {
		return r.enter(b)
	}
	var err error
	r.places, err = r.parts.UpsertRows(r.places, held.KeyColumns(nil, b, r.spec.Partition), b.Sel, b.Len())
	if grown := r.parts.Rows() - len(r.lists); grown > 0 {
		r.lists = append(r.lists, make([]rankList, grown)...)
	}
	return err
}

// keys makes the normalized keys of the live rows.
func (r *Rank) keys(b *columnar.Batch) {
	r.key.Reset(b.Len())
	var key []byte
	for k := range b.Live() {
		i := b.Row(k)
		key = r.keyer.AppendKey(key[:0], b, i)
		for _, c := range r.nested {
			key = hashtable.AppendNested(key, b.Cols[c], i)
		}
		r.key.SetBytes(i, key)
	}
}

func (r *Rank) keyOf(id uint32) []byte { return r.rows.Bytes(id, len(r.ctx.Inputs[0].Fields)) }

// full reports that a list has all rows it can need: what comes behind them never counts, as none of
// them is taken back.
func (r *Rank) full(l *rankList) bool {
	return r.spec.To > 0 && !r.spec.Retract && !l.loose && int64(len(l.ids)) >= r.spec.To
}

// hopeless reports that a row of this key cannot be in the range. Most rows of large partitions cannot, and how their
// keys begin tells it without a look at stored rows.
func (r *Rank) hopeless(l *rankList, key []byte) bool {
	if !r.full(l) {
		return false
	}
	if begin := beginOf(key); begin != l.worst {
		return begin > l.worst
	}
	return bytes.Compare(key, r.keyOf(l.ids[r.spec.To-1])) >= 0
}

// beginOf is how a key begins, as a number in the order of keys: whether its first column is null, which the first
// byte tells by 0, 1 or 2, and all but two bits of the eight bytes behind that.
func beginOf(key []byte) uint64 {
	if len(key) == 0 {
		return 0
	}
	var b [8]byte
	copy(b[:], key[1:])
	return uint64(key[0])<<62 | binary.BigEndian.Uint64(b[:])>>2
}

// touch remembers a list as it is before the batch.
func (r *Rank) touch(l *rankList, place uint32) {
	if l.hit || r.spec.AtEnd {
		return
	}
	l.hit = true
	l.before = append(l.before[:0], l.ids[:r.counted(l.ids)]...)
	r.touched = append(r.touched, place)
}

// counted is how many rows of a list may be in the range.
func (r *Rank) counted(ids []uint32) int64 {
	n := int64(len(ids))
	if r.spec.To > 0 {
		n = min(n, r.spec.To)
	}
	return n
}

// sortedMax is the length up to which lists that are emitted at the end are kept in order.
const sortedMax = 64

// insert enters a stored row into a list. Long lists that are emitted at the end are put in order and
// cut from time to time only.
func (r *Rank) insert(l *rankList, id uint32) {
	if r.spec.AtEnd && (r.spec.To == 0 || r.spec.To > sortedMax) {
		l.ids, l.loose = append(l.ids, id), true
		if r.spec.To > 0 && int64(len(l.ids))/2 >= r.spec.To {
			r.order(l)
			r.cut(l)
		}
		return
	}
	key := r.keyOf(id)
	at := sort.Search(len(l.ids), func(i int) bool { return bytes.Compare(r.keyOf(l.ids[i]), key) > 0 })
	l.ids = slices.Insert(l.ids, at, id)
	r.cut(l)
}

// cut drops the rows behind the range, where none before them can go.
func (r *Rank) cut(l *rankList) {
	if r.full(l) {
		r.dropped = append(r.dropped, l.ids[r.spec.To:]...)
		l.ids = l.ids[:r.spec.To]
		l.worst = beginOf(r.keyOf(l.ids[r.spec.To-1]))
	}
}

// order puts a list in order.
func (r *Rank) order(l *rankList) {
	slices.SortFunc(l.ids, func(a, b uint32) int { return bytes.Compare(r.keyOf(a), r.keyOf(b)) })
	if l.loose = false; r.full(l) {
		l.worst = beginOf(r.keyOf(l.ids[r.spec.To-1]))
	}
}

// remove takes a row with the key out of a list.
func (r *Rank) remove(l *rankList, key []byte) bool {
	at := sort.Search(len(l.ids), func(i int) bool { return bytes.Compare(r.keyOf(l.ids[i]), key) >= 0 })
	if at == len(l.ids) || !bytes.Equal(r.keyOf(l.ids[at]), key) {
		return false
	}
	r.dropped = append(r.dropped, l.ids[at])
	l.ids = slices.Delete(l.ids, at, at+1)
	return true
}

// EndInput emits the rows of an input that has ended.
func (r *Rank) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	r.ended = r.spec.AtEnd
	if r.window != nil {
		r.lists = r.lists[:0] // they are made of all rows again
	}
	if r.aside != nil {
		if err := r.beginRest(); err != nil {
			return dataflow.Done, err
		}
	}
	return r.Resume(out)
}

// Resume emits changes until there is no room.
func (r *Rank) Resume(out dataflow.Output) (dataflow.Status, error) {
	if r.rest != nil {
		return r.rest.Resume(out)
	}
	for {
		for r.changes.more() {
			if err := r.changes.emit(r.rows, out); err != nil {
				return dataflow.Done, err
			}
			if !out.Room() {
				return dataflow.More, nil
			}
		}
		r.rows.RemoveIDs(r.dropped)
		r.dropped = r.dropped[:0]
		if !r.ended {
			return dataflow.Done, nil
		}
		if some, err := r.nextLists(); err != nil || !some {
			return dataflow.Done, err
		}
	}
}

// nextLists makes changes of lists that are to be emitted at the end, a batch or somewhat more; some is false if
// none are left.
func (r *Rank) nextLists() (some bool, err error) {
	if r.window != nil && r.next == len(r.lists) {
		if err := r.scanLists(); err != nil {
			return false, err
		}
	}
	from := r.next
	for ; r.next < len(r.lists) && len(r.changes.come.ids) < columnar.BatchRows; r.next++ {
		l := &r.lists[r.next]
		r.order(l)
		r.changes.between(r.rows, nil, r.ranged(l.ids), r.spec.From)
	}
	return r.next > from, nil
}
