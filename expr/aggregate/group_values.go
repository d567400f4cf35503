package aggregate

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// groupValues are the values that rows of groups have had, each once a group, with words of the owner.
type groupValues struct {
	values *hashtable.Rows // group, value
	batch  columnar.Batch  // group, value
	ids    []uint32
}

func newGroupValues(t columnar.Type, words int) (groupValues, error) {
	group := columnar.TypeBigInt.Required()
	values, err := hashtable.NewRows([]columnar.Type{group, t}, []int{0, 1}, words, nil)
	if err != nil {
		return groupValues{}, err
	}
	v := groupValues{values: values}
	v.batch.Cols = []*columnar.Vector{columnar.NewVector(group), nil}
	return v, nil
}

// enter finds or adds the values of the rows that are not null: their positions, the groups by position, and
// the entry of each, valid until the next call.
func (v *groupValues) enter(rows Rows, arg *columnar.Vector) (sel []int32, groups []int64, ids []uint32, err error) {
	group := v.batch.Cols[0]
	group.Reset(rows.Len)
	sel = make([]int32, 0, rows.Len)
	groups = columnar.Values[int64](group)
	rows.each(arg, func(i int, g uint32, _ int64) {
		groups[i] = int64(g)
		sel = append(sel, int32(i))
	})
	v.batch.Cols[1], v.batch.Sel = arg, sel
	v.batch.SetLen(rows.Len)
	v.ids, err = v.values.Upsert(v.ids[:0], &v.batch)
	v.batch.Cols[1] = nil
	return sel, groups, v.ids, err
}

func (v *groupValues) release() {
	v.values.Release()
	v.batch.Cols[0].Release()
}
