package aggregate

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/expr"
)

// Rows says which rows of a batch an accumulator takes in and to which group each belongs.
type Rows struct {
	Len   int
	Sel   []int32  // nil: all
	Group []uint32 // by row position; nil: all rows belong to group 0
	Kinds []columnar.RowKind
}

// Accumulator is the state of one aggregate for many groups. Each group has Words words, zero
// at first, in a row store the caller keeps; strings live in memory of the accumulator.
type Accumulator interface {
	Words() int
	// Update takes rows in; arg is nil for COUNT(*). Rows with a null argument are skipped, and
	// retracted rows are taken back where the aggregate allows it.
	Update(cells hashtable.Cells, rows Rows, arg *columnar.Vector) error
	// State appends the partial states of the groups ids to out, which has the vectors of StateTypes.
	State(cells hashtable.Cells, ids []uint32, out []*columnar.Vector)
	StateTypes() []columnar.Type
	// Merge takes partial states in.
	Merge(cells hashtable.Cells, rows Rows, state []*columnar.Vector) error
	// Result appends the results of the groups ids to out.
	Result(cells hashtable.Cells, ids []uint32, out *columnar.Vector) error
	// SizeBytes is the memory held beside the words.
	SizeBytes() int64
	// Release frees that memory.
	Release()
}

// NewAccumulator makes the accumulator of a; those of a Go program's functions are found in env.
func NewAccumulator(a *expr.Aggregate, env *expr.Env) (Accumulator, error) {
	if a.User != nil {
		return newUserAcc(a, env)
	}
	if a.Name == "COUNT" {
		return countAcc{}, nil
	}
	t := a.Args[0].Type
	switch a.Name {
	case "SUM", "AVG":
		if t.IsFloat() {
			return &floatSum{avg: a.Name == "AVG"}, nil
		}
		return &exactSum{call: a, scale: t.Scale}, nil
	case "MIN", "MAX":
		if a.Retract {
			return newRetractExtreme(a.Name == "MAX", t)
		}
		if t.Physical() == columnar.PhysView {
			return &stringExtreme{max: a.Name == "MAX", typ: t, heap: columnar.NewVector(columnar.TypeBytes)}, nil
		}
		return &extreme{max: a.Name == "MAX", typ: t}, nil
	case "FIRST_VALUE", "LAST_VALUE":
		if a.Retract {
			return newRetractOrdered(a)
		}
		return newFirstLast(a.Name == "LAST_VALUE", t), nil
	case "LISTAGG":
		if a.Retract {
			return newRetractOrdered(a)
		}
		return &listText{separator: a.Separator}, nil
	case "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP":
		return &variance{name: a.Name}, nil
	}
	return nil, fmt.Errorf("unknown aggregate function %s", a.Name)
}

// failed is a failure of a call at some row.
func failed(a *expr.Aggregate, format string, args ...any) error {
	return &expr.RowError{Expr: a.String(), Msg: fmt.Sprintf(format, args...), Place: a.Place}
}

// each calls f with every row taken in whose argument is not null, its group and its sign.
func (r Rows) each(arg *columnar.Vector, f func(i int, group uint32, sign int64)) {
	n := r.Len
	if r.Sel != nil {
		n = len(r.Sel)
	}
	for k := range n {
		i := k
		if r.Sel != nil {
			i = int(r.Sel[k])
		}
		if arg != nil && arg.IsNull(i) {
			continue
		}
		g, sign := uint32(0), int64(1)
		if r.Group != nil {
			g = r.Group[i]
		}
		if r.Kinds != nil && r.Kinds[i].Retracts() {
			sign = -1
		}
		f(i, g, sign)
	}
}

func (r Rows) live() int {
	if r.Sel != nil {
		return len(r.Sel)
	}
	return r.Len
}
