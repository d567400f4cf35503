package expr

import (
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/columnar"
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

// Aggregate is the function of a Go program called name, which is in upper case; nil if there is none.
func (e *Env) Aggregate(name string) *UserAggregate { return e.functions().aggregates[name] }

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
