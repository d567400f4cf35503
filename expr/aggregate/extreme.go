package aggregate

import (
	"bytes"
	"errors"
	"math"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

var errRetract = errors.New("this aggregate cannot take rows back from a changing input")

// extreme is MIN and MAX of fixed-width values: the value (two words if wide) and a flag that
// there is one.
type extreme struct {
	max bool
	typ columnar.Type
}

func (x *extreme) Words() int       { return 3 }
func (x *extreme) SizeBytes() int64 { return 0 }
func (*extreme) Release()           {}

func (x *extreme) StateTypes() []columnar.Type { return []columnar.Type{x.typ.Nullable()} }

// ordered is row i as a 128-bit integer of the same order.
func (x *extreme) ordered(v columnar.Reader, i int) columnar.Int128 {
	switch {
	case x.typ.IsFloat():
		return columnar.Int128Of(columnar.OrderedFloat(v.Float(i)))
	case x.typ.Kind == columnar.Boolean:
		if v.Bool(i) {
			return columnar.Int128Of(1)
		}
		return columnar.Int128{}
	}
	return v.Wide(i)
}

func (x *extreme) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	if rows.Kinds == nil && arg.Phys == columnar.PhysInt64 && arg.Enc == columnar.Flat && arg.Valid == nil && rows.Group != nil {
		x.updateInt64(cells, rows, columnar.Values[int64](arg))
		return nil
	}
	v, retracted := columnar.Reader{Vector: arg}, false
	rows.each(arg, func(i int, g uint32, sign int64) {
		retracted = retracted || sign < 0
		x.take(cells.Span(g, 3), x.ordered(v, i))
	})
	if retracted {
		return errRetract
	}
	return nil
}

func (x *extreme) updateInt64(cells hashtable.Cells, rows Rows, vals []int64) {
	flip := int64(0)
	if x.max {
		flip = -1
	}
	one := func(i int32) {
		w, y := cells.Span(rows.Group[i], 3), vals[i]
		// With flip, ^y < ^x just where y > x.
		if w[2] == 0 || y^flip < int64(w[0])^flip {
			w[0], w[1], w[2] = uint64(y), uint64(y>>63), 1
		}
	}
	if rows.Sel == nil {
		for i := range int32(rows.Len) {
			one(i)
		}
		return
	}
	for _, i := range rows.Sel {
		one(i)
	}
}

func (x *extreme) take(w []uint64, y columnar.Int128) {
	cmp := y.Cmp(columnar.Int128{Lo: w[0], Hi: int64(w[1])})
	if w[2] == 0 || x.max && cmp > 0 || !x.max && cmp < 0 {
		w[0], w[1], w[2] = y.Lo, uint64(y.Hi), 1
	}
}

func (x *extreme) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	for _, id := range ids {
		w := cells.Span(id, 3)
		out[0].AppendNull()
		if w[2] != 0 {
			at := out[0].Len() - 1
			out[0].Valid.Set(at)
			x.store(out[0], at, columnar.Int128{Lo: w[0], Hi: int64(w[1])})
		}
	}
}

func (x *extreme) store(out *columnar.Vector, i int, y columnar.Int128) {
	switch out.Phys {
	case columnar.PhysBits:
		out.Bits().SetTo(i, y.Lo != 0)
	case columnar.PhysInt8:
		columnar.Values[int8](out)[i] = int8(y.Lo)
	case columnar.PhysInt16:
		columnar.Values[int16](out)[i] = int16(y.Lo)
	case columnar.PhysInt32:
		columnar.Values[int32](out)[i] = int32(y.Lo)
	case columnar.PhysInt64:
		columnar.Values[int64](out)[i] = int64(y.Lo)
	case columnar.PhysInt128:
		columnar.Values[columnar.Int128](out)[i] = y
	case columnar.PhysFloat32:
		columnar.Values[float32](out)[i] = float32(unorderFloat(int64(y.Lo)))
	default:
		columnar.Values[float64](out)[i] = unorderFloat(int64(y.Lo))
	}
}

// unorderFloat is the inverse of columnar.OrderedFloat.
func unorderFloat(k int64) float64 {
	if k == math.MaxInt64 {
		return math.NaN()
	}
	return math.Float64frombits(uint64(k ^ int64(uint64(k>>63)>>1)))
}

func (x *extreme) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	return x.Update(cells, rows, state[0])
}

func (x *extreme) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	x.State(cells, ids, []*columnar.Vector{out})
	return nil
}

// stringExtreme is MIN and MAX of strings: one word, the position plus one in heap.
type stringExtreme struct {
	max  bool
	typ  columnar.Type
	heap *columnar.Vector
}

func (x *stringExtreme) Words() int                  { return 1 }
func (x *stringExtreme) SizeBytes() int64            { return int64(x.heap.SizeBytes()) }
func (x *stringExtreme) Release()                    { x.heap.Release() }
func (x *stringExtreme) StateTypes() []columnar.Type { return []columnar.Type{x.typ.Nullable()} }

func (x *stringExtreme) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	retracted := false
	rows.each(arg, func(i int, g uint32, sign int64) {
		retracted = retracted || sign < 0
		w, s := cells.At(g), arg.Bytes(i)
		if *w == 0 {
			x.heap.AppendNull()
			*w = uint64(x.heap.Len())
		} else if cmp := bytes.Compare(s, x.heap.Bytes(int(*w-1))); x.max && cmp <= 0 || !x.max && cmp >= 0 {
			return
		}
		x.heap.SetBytes(int(*w-1), s)
	})
	if retracted {
		return errRetract
	}
	return nil
}

func (x *stringExtreme) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	appendTexts(cells, ids, out[0], x.heap.Bytes)
}

// appendTexts appends the texts of groups whose word is the position of theirs plus one.
func appendTexts(cells hashtable.Cells, ids []uint32, out *columnar.Vector, text func(at int) []byte) {
	for _, id := range ids {
		w := *cells.At(id)
		out.AppendNull()
		if w != 0 {
			at := out.Len() - 1
			out.Valid.Set(at)
			out.SetBytes(at, text(int(w-1)))
		}
	}
}

func (x *stringExtreme) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	return x.Update(cells, rows, state[0])
}

func (x *stringExtreme) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	x.State(cells, ids, []*columnar.Vector{out})
	return nil
}
