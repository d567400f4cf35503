package aggregate

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// countAcc is COUNT: one word.
type countAcc struct{}

func (countAcc) Words() int                  { return 1 }
func (countAcc) SizeBytes() int64            { return 0 }
func (countAcc) Release()                    {}
func (countAcc) StateTypes() []columnar.Type { return []columnar.Type{columnar.TypeBigInt.Required()} }

func (countAcc) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	switch {
	case rows.Kinds != nil || arg != nil && arg.Valid != nil:
		rows.each(arg, func(_ int, g uint32, sign int64) { *cells.At(g) += uint64(sign) })
	case rows.Group == nil:
		*cells.At(0) += uint64(rows.live())
	case rows.Sel == nil:
		for _, g := range rows.Group[:rows.Len] {
			*cells.At(g)++
		}
	default:
		for _, i := range rows.Sel {
			*cells.At(rows.Group[i])++
		}
	}
	return nil
}

func (countAcc) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	appendWords(out[0], cells, ids)
}

// appendWords appends the first word of groups to an int64 vector.
func appendWords(out *columnar.Vector, cells hashtable.Cells, ids []uint32) {
	dst := columnar.Grow[int64](out, len(ids))
	for k, id := range ids {
		dst[k] = int64(*cells.At(id))
	}
}

func (countAcc) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	if state[0].Enc == columnar.Flat && rows.Group != nil && rows.Sel == nil {
		counts := columnar.Values[int64](state[0])[:rows.Len]
		for i, g := range rows.Group[:rows.Len] {
			*cells.At(g) += uint64(counts[i])
		}
		return nil
	}
	counts := columnar.Reader{Vector: state[0]}
	rows.each(nil, func(i int, g uint32, _ int64) { *cells.At(g) += uint64(counts.Int(i)) })
	return nil
}

func (c countAcc) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	appendWords(out, cells, ids)
	return nil
}
