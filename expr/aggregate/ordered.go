package aggregate

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// firstLast is FIRST_VALUE and LAST_VALUE: the value that came first or last and is not null. A group
// has one word, its place plus one.
type firstLast struct {
	last   bool
	typ    columnar.Type
	values *columnar.Vector
	places []uint32 // where in values that of a place is
	rows   []int32
}

// looseValues is how many overwritten values are kept at most beside as many live ones.
const looseValues = 1024

func newFirstLast(last bool, t columnar.Type) *firstLast {
	return &firstLast{last: last, typ: t, values: columnar.NewVector(t.Nullable())}
}

func (x *firstLast) Words() int                  { return 1 }
func (x *firstLast) StateTypes() []columnar.Type { return []columnar.Type{x.typ.Nullable()} }
func (x *firstLast) Release()                    { x.values.Release() }
func (x *firstLast) SizeBytes() int64            { return int64(x.values.SizeBytes()) + int64(4*cap(x.places)) }

func (x *firstLast) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	base, retracted := uint32(x.values.Len()), false
	x.rows = x.rows[:0]
	rows.each(arg, func(i int, g uint32, sign int64) {
		retracted = retracted || sign < 0
		switch w := cells.At(g); {
		case *w == 0:
			x.places = append(x.places, base+uint32(len(x.rows)))
			*w = uint64(len(x.places))
		case !x.last:
			return
		case x.places[*w-1] >= base: // the second in this batch
			x.rows[x.places[*w-1]-base] = int32(i)
			return
		default:
			x.places[*w-1] = base + uint32(len(x.rows))
		}
		x.rows = append(x.rows, int32(i))
	})
	x.values.AppendRows(arg, x.rows)
	if x.values.Len() > 2*len(x.places)+looseValues {
		x.compact()
	}
	if retracted {
		return errRetract
	}
	return nil
}

// compact drops overwritten values.
func (x *firstLast) compact() {
	x.rows = x.rows[:0]
	for p, at := range x.places {
		x.rows = append(x.rows, int32(at))
		x.places[p] = uint32(p)
	}
	kept := columnar.NewVector(x.typ.Nullable())
	kept.AppendRows(x.values, x.rows)
	x.values.Release()
	x.values = kept
}

func (x *firstLast) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	x.rows = x.rows[:0]
	for _, id := range ids {
		if w := *cells.At(id); w != 0 {
			x.rows = append(x.rows, int32(x.places[w-1]))
			continue
		}
		out[0].AppendRows(x.values, x.rows)
		x.rows = x.rows[:0]
		out[0].AppendNull()
	}
	out[0].AppendRows(x.values, x.rows)
}

func (x *firstLast) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	return x.Update(cells, rows, state[0])
}

func (x *firstLast) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	x.State(cells, ids, []*columnar.Vector{out})
	return nil
}

// listText is LISTAGG: the strings that are not null in the order they came, with a separator between
// two. A group has one word, the position of its text plus one.
type listText struct {
	separator string
	texts     [][]byte
	bytes     int64 // capacity of texts
}

func (x *listText) Words() int                  { return 1 }
func (x *listText) StateTypes() []columnar.Type { return []columnar.Type{columnar.TypeString} }
func (x *listText) Release()                    { x.texts, x.bytes = nil, 0 }
func (x *listText) SizeBytes() int64            { return x.bytes + int64(24*cap(x.texts)) }

func (x *listText) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	retracted := false
	rows.each(arg, func(i int, g uint32, sign int64) {
		retracted = retracted || sign < 0
		w := cells.At(g)
		if *w == 0 {
			x.texts = append(x.texts, nil)
			*w = uint64(len(x.texts))
			x.add(int(*w-1), "", arg.Bytes(i))
			return
		}
		x.add(int(*w-1), x.separator, arg.Bytes(i))
	})
	if retracted {
		return errRetract
	}
	return nil
}

func (x *listText) add(at int, separator string, s []byte) {
	before := cap(x.texts[at])
	x.texts[at] = append(append(x.texts[at], separator...), s...)
	x.bytes += int64(cap(x.texts[at]) - before)
}

func (x *listText) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	appendTexts(cells, ids, out[0], func(at int) []byte { return x.texts[at] })
}

func (x *listText) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	return x.Update(cells, rows, state[0])
}

func (x *listText) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	x.State(cells, ids, []*columnar.Vector{out})
	return nil
}
