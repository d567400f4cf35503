package aggregate

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/expr"
)

// userAcc is an aggregate function of a Go program. A group has one word, the number of its state.
type userAcc struct {
	call    *expr.Aggregate
	kernel  expr.AggregateKernel
	made    int // states
	strict  []bool
	args    []*columnar.Vector
	flat    []*columnar.Vector // scratch: arguments that were not flat, of several the ROW of them last
	rows    []int32
	slots   []uint32
	retract []bool
	states  []*columnar.Vector
	result  *columnar.Vector
}

func newUserAcc(a *expr.Aggregate, env *expr.Env) (Accumulator, error) {
	u := env.Aggregate(a.Name)
	if u == nil {
		return nil, fmt.Errorf("no aggregate function %s is registered in this process", a.Name)
	}
	x := &userAcc{
		call: a, kernel: u.New(), args: make([]*columnar.Vector, len(u.Args)), flat: make([]*columnar.Vector, len(u.Args)+1),
		result: columnar.NewVector(a.Type),
	}
	for _, t := range u.Args {
		x.strict = append(x.strict, t.NotNull)
	}
	for _, t := range u.State {
		x.states = append(x.states, columnar.NewVector(t))
	}
	return x, nil
}

func (x *userAcc) Words() int                  { return 1 }
func (x *userAcc) StateTypes() []columnar.Type { return x.call.User.State }
func (x *userAcc) SizeBytes() int64            { return x.kernel.SizeBytes() }

func (x *userAcc) Release() {
	for _, v := range x.flat {
		if v != nil {
			v.Release()
		}
	}
	for _, v := range x.states {
		v.Release()
	}
	x.result.Release()
}

// guarded calls the kernel.
func (x *userAcc) guarded(f func() error) error {
	return expr.Guard(x.call.Name, x.call.Place, false, f)
}

// flatten gives v's values one a row: v itself if it is flat, or scratch i.
func (x *userAcc) flatten(i int, v *columnar.Vector) *columnar.Vector {
	if v.Enc == columnar.Flat {
		return v
	}
	if x.flat[i] == nil {
		x.flat[i] = columnar.NewVector(v.Type)
	}
	x.flat[i].Flatten(v)
	return x.flat[i]
}

func (x *userAcc) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	arg = x.flatten(len(x.args), arg)
	if len(x.args) == 1 {
		x.args[0] = arg
	} else {
		for i, c := range arg.Children {
			x.args[i] = x.flatten(i, c)
		}
	}
	x.rows, x.slots, x.retract = x.rows[:0], x.slots[:0], x.retract[:0]
	retracted := false
	rows.each(nil, func(i int, g uint32, sign int64) {
		for k, v := range x.args {
			if x.strict[k] && v.IsNull(i) {
				return
			}
		}
		retracted = retracted || sign < 0
		slot, _ := x.slot(cells.At(g))
		x.rows, x.slots, x.retract = append(x.rows, int32(i)), append(x.slots, slot), append(x.retract, sign < 0)
	})
	if retracted && !x.call.User.Retracts {
		return errRetract
	}
	return x.guarded(func() error {
		x.kernel.Grow(x.made)
		return x.kernel.Update(x.args, x.rows, x.slots, x.retract)
	})
}

// slot is the state of a group, a new one where it has none.
func (x *userAcc) slot(word *uint64) (slot uint32, fresh bool) {
	if *word == 0 {
		x.made++
		*word, fresh = uint64(x.made), true
	}
	return uint32(*word), fresh
}

// slotsOf are the states of the groups ids, 0 for those that have none.
func (x *userAcc) slotsOf(cells hashtable.Cells, ids []uint32) []uint32 {
	x.slots = x.slots[:0]
	for _, id := range ids {
		x.slots = append(x.slots, uint32(*cells.At(id)))
	}
	return x.slots
}

func (x *userAcc) State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector) {
	for _, v := range x.states {
		v.Reset(len(ids))
	}
	x.kernel.Store(x.slotsOf(cells, ids), x.states)
	for i, v := range x.states {
		out[i].AppendRange(v, 0, len(ids))
	}
}

// Merge loads the states of groups that have none and merges the others, which a function that cannot is
// not asked to: it has its groups in one place.
func (x *userAcc) Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error {
	var loads, merges struct {
		rows  []int32
		slots []uint32
	}
	rows.each(nil, func(i int, g uint32, _ int64) {
		to := &merges
		slot, fresh := x.slot(cells.At(g))
		if fresh {
			to = &loads
		}
		to.rows, to.slots = append(to.rows, int32(i)), append(to.slots, slot)
	})
	x.kernel.Grow(x.made)
	x.kernel.Load(state, loads.rows, loads.slots)
	if len(merges.rows) == 0 {
		return nil
	}
	if !x.call.User.Merges {
		return fmt.Errorf("function %s: two states of a group and no Merge", x.call.Name)
	}
	return x.guarded(func() error { return x.kernel.Merge(state, merges.rows, merges.slots) })
}

func (x *userAcc) Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error {
	x.result.Reset(len(ids))
	err := x.guarded(func() error { return x.kernel.Result(x.slotsOf(cells, ids), x.result) })
	if err == nil {
		out.AppendRange(x.result, 0, len(ids))
	}
	return err
}
