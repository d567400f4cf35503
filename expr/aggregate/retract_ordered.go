package aggregate

import (
	"errors"
	"slices"
	"sort"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/expr"
)

// retractOrdered is FIRST_VALUE, LAST_VALUE and LISTAGG of rows that may be taken back: it keeps the values
// of each group in the order in which they came, each under a number that grows. Of equal values the
// one that came first goes first. With DISTINCT a value counts from when it first came until none of
// its rows is left. A group has one word, its place in groups plus one.
type retractOrdered struct {
	groupValues // the words are those of orderedCount and so on
	call        *expr.Aggregate
	later       [][]uint64 // numbers of a value behind its first one, ascending
	unused      []uint64   // places in later
	groups      []orderedGroup
	next        uint64 // number of the next value

	out  *columnar.Vector
	text []byte
}

// The words of a value: how often it is there, its first number, and the place in later plus one.
const (
	orderedCount = iota
	orderedFirst
	orderedLater
	orderedWords
)

// orderedGroup has the values of a group in order. The first and the last one are there; between them
// some may be gone.
type orderedGroup struct {
	list []orderedValue
	gone int
}

type orderedValue struct {
	number uint64
	id     uint32 // of values; NoRow if it is gone
}

func newRetractOrdered(call *expr.Aggregate) (*retractOrdered, error) {
	t := call.Args[0].Type
	values, err := newGroupValues(t, orderedWords)
	if err != nil {
		return nil, err
	}
	return &retractOrdered{groupValues: values, call: call, next: 1, out: columnar.NewVector(t)}, nil
}

func (x *retractOrdered) Words() int                  { return 1 }
func (x *retractOrdered) StateTypes() []columnar.Type { return nil }

// SizeBytes counts the values and their places in lists.
func (x *retractOrdered) SizeBytes() int64 {
	return x.values.SizeBytes() + int64(16*x.values.Live()) + int64(32*cap(x.groups)+24*cap(x.later))
}

func (x *retractOrdered) Release() {
	x.release()
	x.out.Release()
	x.groups, x.later = nil, nil
}

func (x *retractOrdered) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	kinds, missing := rows.Kinds, false
	err := x.take(cells, rows, arg, func(i int, g *orderedGroup, id uint32) {
		if kinds == nil || !kinds[i].Retracts() {
			x.add(g, id, x.next, 1)
		} else if !x.remove(g, id) {
			missing = true
		}
	})
	if err == nil && missing {
		return errors.New("the input takes a value back that is not there")
	}
	return err
}

// take calls each with every row that is not null, its group and the entry of its value.
func (x *retractOrdered) take(cells hashtable.Cells, rows Rows, arg *columnar.Vector, each func(i int, g *orderedGroup, id uint32)) error {
	sel, groups, ids, err := x.enter(rows, arg)
	if err != nil {
		return err
	}
	for k, id := range ids {
		each(int(sel[k]), x.groupOf(cells.At(uint32(groups[sel[k]]))), id)
	}
	// Only now, as a value that goes and comes again in one batch keeps its entry.
	slices.Sort(ids)
	gone := slices.DeleteFunc(slices.Compact(ids), func(id uint32) bool { return x.values.Extra(id)[orderedCount] > 0 })
	x.values.RemoveIDs(gone)
	return nil
}

func (x *retractOrdered) groupOf(word *uint64) *orderedGroup {
	if *word == 0 {
		x.groups = append(x.groups, orderedGroup{})
		*word = uint64(len(x.groups))
	}
	return &x.groups[*word-1]
}

// add enters a value, count times under one number.
func (x *retractOrdered) add(g *orderedGroup, id uint32, number, count uint64) {
	words := x.values.Extra(id)
	words[orderedCount] += count
	x.next = max(x.next, number+1)
	switch {
	case words[orderedCount] == count:
		words[orderedFirst], words[orderedLater] = number, 0
	case x.call.Distinct:
		return
	default:
		if words[orderedLater] == 0 {
			words[orderedLater] = x.place()
		}
		list := &x.later[words[orderedLater]-1]
		*list = append(*list, number)
	}
	g.list = append(g.list, orderedValue{number, id})
}

// place is a free place in later, plus one.
func (x *retractOrdered) place() uint64 {
	if n := len(x.unused); n > 0 {
		p := x.unused[n-1]
		x.unused = x.unused[:n-1]
		return p
	}
	x.later = append(x.later, nil)
	return uint64(len(x.later))
}

// remove takes a value back and reports whether it was there.
func (x *retractOrdered) remove(g *orderedGroup, id uint32) bool {
	words := x.values.Extra(id)
	if words[orderedCount] == 0 {
		return false
	}
	words[orderedCount]--
	if x.call.Distinct && words[orderedCount] > 0 {
		return true
	}
	g.remove(words[orderedFirst])
	if words[orderedCount] == 0 {
		return true
	}
	list := &x.later[words[orderedLater]-1]
	words[orderedFirst], *list = (*list)[0], (*list)[1:]
	if len(*list) == 0 {
		x.unused = append(x.unused, words[orderedLater])
		words[orderedLater], *list = 0, nil
	}
	return true
}

// remove marks a number as gone and drops what is gone at both ends, or everywhere if it is much.
func (g *orderedGroup) remove(number uint64) {
	at := sort.Search(len(g.list), func(i int) bool { return g.list[i].number >= number })
	g.list[at].id = hashtable.NoRow
	g.gone++
	for len(g.list) > 0 && g.list[0].id == hashtable.NoRow {
		g.list = g.list[1:]
		g.gone--
	}
	for len(g.list) > 0 && g.list[len(g.list)-1].id == hashtable.NoRow {
		g.list = g.list[:len(g.list)-1]
		g.gone--
	}
	if g.gone > 16 && 2*g.gone > len(g.list) {
		g.list = slices.DeleteFunc(g.list, func(v orderedValue) bool { return v.id == hashtable.NoRow })
		g.gone = 0
	}
}

func (x *retractOrdered) State(hashtable.Cells, []uint32, []*columnar.Vector) {}

func (x *retractOrdered) Merge(hashtable.Cells, Rows, []*columnar.Vector) error { return nil }

func (x *retractOrdered) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	if x.call.Name == "LISTAGG" {
		x.texts(cells, ids, out)
		return nil
	}
	x.ids = x.ids[:0]
	for _, group := range ids {
		id := hashtable.NoRow
		if w := *cells.At(group); w != 0 {
			if list := x.groups[w-1].list; len(list) > 0 && x.call.Name == "FIRST_VALUE" {
				id = list[0].id
			} else if len(list) > 0 {
				id = list[len(list)-1].id
			}
		}
		x.ids = append(x.ids, id)
	}
	x.values.Gather(x.out, 1, x.ids)
	out.AppendRange(x.out, 0, len(ids))
	return nil
}

// texts appends the joined values of groups.
func (x *retractOrdered) texts(cells hashtable.Cells, ids []uint32, out *columnar.Vector) {
	for _, id := range ids {
		out.AppendNull()
		w := *cells.At(id)
		if w == 0 || len(x.groups[w-1].list) == 0 {
			continue
		}
		x.text = x.text[:0]
		for i, v := range x.groups[w-1].list {
			if v.id == hashtable.NoRow {
				continue
			}
			if i > 0 {
				x.text = append(x.text, x.call.Separator...)
			}
			x.text = append(x.text, x.values.Bytes(v.id, 1)...)
		}
		at := out.Len() - 1
		out.Valid.Set(at)
		out.SetBytes(at, x.text)
	}
}

// each calls f with the groups of a run of values, in order within a group, and what fills in the
// values, how often each is there and its number.
func (x *retractOrdered) each(f func(groups []uint32, fill func(value, count, number *columnar.Vector))) {
	group := columnar.NewVector(columnar.TypeBigInt.Required())
	defer group.Release()
	var run []orderedValue
	flush := func() {
		ids, groups := make([]uint32, len(run)), make([]uint32, len(run))
		for k, v := range run {
			ids[k] = v.id
		}
		x.values.Gather(group, 0, ids)
		for k, g := range columnar.Values[int64](group)[:len(ids)] {
			groups[k] = uint32(g)
		}
		f(groups, func(value, count, number *columnar.Vector) {
			x.values.Gather(value, 1, ids)
			count.Reset(len(run))
			number.Reset(len(run))
			for k, v := range run {
				times := uint64(1)
				if x.call.Distinct {
					times = x.values.Extra(v.id)[orderedCount]
				}
				columnar.Values[int64](count)[k] = int64(times)
				columnar.Values[int64](number)[k] = int64(v.number)
			}
		})
		run = run[:0]
	}
	for i := range x.groups {
		for _, v := range x.groups[i].list {
			if v.id == hashtable.NoRow {
				continue
			}
			if run = append(run, v); len(run) == columnar.BatchRows {
				flush()
			}
		}
	}
	if len(run) > 0 {
		flush()
	}
}
