package expr

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// UserAggregate is an aggregate function of a Go program. Rows with a null where an argument is required
// are not seen.
type UserAggregate struct {
	Name   string
	Args   []columnar.Type
	Result columnar.Type
	State  []columnar.Type // the columns of a state in a checkpoint
	// Retracts says that rows can be taken back, Merges that two states of a group can be made one.
	Retracts, Merges bool
	New              func() AggregateKernel
}

// AggregateKernel holds the states of many groups, numbered from 1; 0 stands for one that has seen
// nothing. Arguments are flat.
type AggregateKernel interface {
	// Grow makes room for states up to n, new ones being empty.
	Grow(n int)
	// Update takes row rows[i] into, or back from, the state slots[i].
	Update(args []*columnar.Vector, rows []int32, slots []uint32, retract []bool) error
	// Load makes row rows[i] of columns of a checkpoint the state slots[i].
	Load(state []*columnar.Vector, rows []int32, slots []uint32)
	// Merge adds the state in row rows[i] to slots[i].
	Merge(state []*columnar.Vector, rows []int32, slots []uint32) error
	// Store fills out, which was Reset, with the states.
	Store(slots []uint32, out []*columnar.Vector)
	// Result fills out, which was Reset, with the results of states.
	Result(slots []uint32, out *columnar.Vector) error
	SizeBytes() int64
}

// AggregateCall is what a call of a Go program's aggregate function knows of it.
type AggregateCall struct {
	Args     []columnar.Type `json:"args"`
	State    []columnar.Type `json:"state"`
	Retracts bool            `json:"retracts,omitempty"`
	Merges   bool            `json:"merges,omitempty"`
}

// AddAggregate adds a function.
func (f *Functions) AddAggregate(a *UserAggregate) error {
	name, err := f.free(a.Name)
	if err != nil {
		return err
	}
	if len(a.Args) == 0 {
		return fmt.Errorf("aggregate function %s has no argument", name)
	}
	if f.aggregates == nil {
		f.aggregates = map[string]*UserAggregate{}
	}
	f.aggregates[name] = a
	return nil
}

// IsAggregate reports whether name is an aggregate function of the registry or of f.
func (f *Functions) IsAggregate(name string) bool {
	return IsAggregate(name) || f != nil && f.aggregates[strings.ToUpper(name)] != nil
}

// NewAggregate is NewAggregate of a function of the registry or of f.
func (f *Functions) NewAggregate(name string, distinct bool, filter *Expr, args ...*Expr) (*Aggregate, error) {
	upper := strings.ToUpper(name)
	if f == nil || f.aggregates[upper] == nil {
		return NewAggregate(name, distinct, filter, args...)
	}
	u := f.aggregates[upper]
	if filter != nil && filter.Type.Kind != columnar.Boolean {
		return nil, fmt.Errorf("%s: FILTER takes a BOOLEAN, not %s", upper, filter.Type.Nullable())
	}
	if distinct && len(args) > 1 {
		return nil, fmt.Errorf("%s: DISTINCT takes 1 argument, got %d", upper, len(args))
	}
	bound, _, err := bindUser(upper, u.Args, args)
	if err != nil {
		return nil, err
	}
	if len(bound) > 1 {
		row, err := NewCall("ROW", bound...)
		if err != nil {
			return nil, err
		}
		bound = []*Expr{row}
	}
	return &Aggregate{
		Name: upper, Args: bound, Distinct: distinct, Filter: filter, Type: u.Result,
		User: &AggregateCall{Args: u.Args, State: u.State, Retracts: u.Retracts, Merges: u.Merges},
	}, nil
}

// userAcc is an aggregate function of a Go program. A group has one word, the number of its state.
type userAcc struct {
	call    *Aggregate
	kernel  AggregateKernel
	made    int // states
	strict  []bool
	args    []*columnar.Vector
	flat    []flattener
	rows    []int32
	slots   []uint32
	retract []bool
	states  []*columnar.Vector
	result  *columnar.Vector
}

func newUserAcc(a *Aggregate, env *Env) (Accumulator, error) {
	u := env.functions().aggregates[a.Name]
	if u == nil {
		return nil, fmt.Errorf("no aggregate function %s is registered in this process", a.Name)
	}
	x := &userAcc{
		call: a, kernel: u.New(), args: make([]*columnar.Vector, len(u.Args)), flat: make([]flattener, len(u.Args)+1),
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
	for i := range x.flat {
		x.flat[i].release()
	}
	for _, v := range x.states {
		v.Release()
	}
	x.result.Release()
}

// guarded calls the kernel.
func (x *userAcc) guarded(f func() error) error {
	return guarded(x.call.Name, x.call.Place, false, f)
}

func (x *userAcc) Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error {
	arg = x.flat[len(x.args)].flat(arg, nil)
	if len(x.args) == 1 {
		x.args[0] = arg
	} else {
		for i, c := range arg.Children {
			x.args[i] = x.flat[i].flat(c, nil)
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
