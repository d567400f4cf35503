package aggregate

import (
	"bytes"
	"container/heap"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// retractExtreme is MIN and MAX of rows that may be taken back: it keeps how often each value is
// there, and for each group a heap of its values. A value that is gone stays in the heap until it
// comes up or most of the heap is gone. A group has one word, the number of its heap plus one.
type retractExtreme struct {
	groupValues // the words are how often and whether it is in the heap
	max         bool
	typ         columnar.Type
	heaps       []valueHeap

	tops []uint32
	out  *columnar.Vector
}

// valueHeap has the values of one group, by their rows, the extreme first.
type valueHeap struct {
	x    *retractExtreme
	ids  []uint32
	gone int // of ids, those that are not there any more
}

func (h *valueHeap) Len() int           { return len(h.ids) }
func (h *valueHeap) Less(i, j int) bool { return h.x.before(h.ids[i], h.ids[j]) }
func (h *valueHeap) Swap(i, j int)      { h.ids[i], h.ids[j] = h.ids[j], h.ids[i] }
func (h *valueHeap) Push(id any)        { h.ids = append(h.ids, id.(uint32)) }
func (h *valueHeap) Pop() any {
	last := h.ids[len(h.ids)-1]
	h.ids = h.ids[:len(h.ids)-1]
	return last
}

func newRetractExtreme(greatest bool, t columnar.Type) (*retractExtreme, error) {
	values, err := newGroupValues(t, 2)
	if err != nil {
		return nil, err
	}
	return &retractExtreme{groupValues: values, max: greatest, typ: t, out: columnar.NewVector(t)}, nil
}

func (x *retractExtreme) Words() int                  { return 1 }
func (x *retractExtreme) StateTypes() []columnar.Type { return nil }

// SizeBytes counts the values and their places in heaps.
func (x *retractExtreme) SizeBytes() int64 {
	return x.values.SizeBytes() + int64(4*x.values.Live()) + int64(48*cap(x.heaps))
}

func (x *retractExtreme) Release() {
	x.release()
	x.out.Release()
	x.heaps = nil
}

// before orders two values, the extreme first.
func (x *retractExtreme) before(a, b uint32) bool {
	if x.max {
		a, b = b, a
	}
	switch {
	case x.typ.Physical() == columnar.PhysView:
		return bytes.Compare(x.values.Bytes(a, 1), x.values.Bytes(b, 1)) < 0
	case x.typ.IsFloat():
		return columnar.OrderedFloat(x.values.Float(a, 1)) < columnar.OrderedFloat(x.values.Float(b, 1))
	}
	return x.values.Value(a, 1).Cmp(x.values.Value(b, 1)) < 0
}

func (x *retractExtreme) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	kinds := rows.Kinds
	return x.take(cells, rows, arg, func(i int) int64 {
		if kinds != nil && kinds[i].Retracts() {
			return -1
		}
		return 1
	})
}

// take adds times(i) to how often the value of row i is there.
func (x *retractExtreme) take(cells hashtable.Cells, rows Rows, arg *columnar.Vector, times func(i int) int64) error {
	sel, groups, ids, err := x.enter(rows, arg)
	if err != nil {
		return err
	}
	for k, id := range ids {
		i := int(sel[k])
		x.count(x.heapOf(cells.At(uint32(groups[i]))), id, times(i))
	}
	for _, i := range sel {
		if h := x.heapOf(cells.At(uint32(groups[i]))); h.gone > 16 && 2*h.gone > len(h.ids) {
			x.rebuild(h)
		}
	}
	return nil
}

func (x *retractExtreme) heapOf(word *uint64) *valueHeap {
	if *word == 0 {
		x.heaps = append(x.heaps, valueHeap{x: x})
		*word = uint64(len(x.heaps))
	}
	return &x.heaps[*word-1]
}

func (x *retractExtreme) count(h *valueHeap, id uint32, n int64) {
	words := x.values.Extra(id)
	was := int64(words[0]) > 0
	words[0] += uint64(n)
	is := int64(words[0]) > 0
	switch {
	case is && words[1] == 0:
		words[1] = 1
		heap.Push(h, id)
	case is && !was:
		h.gone--
	case was && !is:
		h.gone++
	}
}

// rebuild makes a heap of those of its values that are there.
func (x *retractExtreme) rebuild(h *valueHeap) {
	var gone []uint32
	h.ids = slices.DeleteFunc(h.ids, func(id uint32) bool {
		if int64(x.values.Extra(id)[0]) > 0 {
			return false
		}
		gone = append(gone, id)
		return true
	})
	h.gone = 0
	heap.Init(h)
	x.values.RemoveIDs(gone)
}

// top is the extreme of a group, NoRow if it has no values.
func (x *retractExtreme) top(h *valueHeap) uint32 {
	for len(h.ids) > 0 {
		id := h.ids[0]
		if int64(x.values.Extra(id)[0]) > 0 {
			return id
		}
		heap.Pop(h)
		h.gone--
		x.values.RemoveIDs([]uint32{id})
	}
	return hashtable.NoRow
}

func (x *retractExtreme) State(hashtable.Cells, []uint32, []*columnar.Vector) {}

func (x *retractExtreme) Merge(hashtable.Cells, Rows, []*columnar.Vector) error { return nil }

func (x *retractExtreme) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	x.tops = x.tops[:0]
	for _, group := range ids {
		id := hashtable.NoRow
		if w := *cells.At(group); w != 0 {
			id = x.top(&x.heaps[w-1])
		}
		x.tops = append(x.tops, id)
	}
	x.values.Gather(x.out, 1, x.tops)
	out.AppendRange(x.out, 0, len(ids))
	return nil
}

// each calls f with the groups of a run of values and what fills in the values and how often each is
// there.
func (x *retractExtreme) each(f func(groups []uint32, fill func(value, count *columnar.Vector))) {
	group := columnar.NewVector(columnar.TypeBigInt.Required())
	defer group.Release()
	_ = x.values.Each(func(ids []uint32) error { // never fails
		ids = slices.DeleteFunc(ids, func(id uint32) bool { return int64(x.values.Extra(id)[0]) <= 0 })
		x.values.Gather(group, 0, ids)
		groups := make([]uint32, len(ids))
		for k, g := range columnar.Values[int64](group)[:len(ids)] {
			groups[k] = uint32(g)
		}
		f(groups, func(value, count *columnar.Vector) {
			x.values.Gather(value, 1, ids)
			count.Reset(len(ids))
			for k, id := range ids {
				columnar.Values[int64](count)[k] = int64(x.values.Extra(id)[0])
			}
		})
		return nil
	})
}
