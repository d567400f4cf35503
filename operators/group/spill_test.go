package group

import (
	"fmt"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

func TestSpilledAggregateIsTheSame(t *testing.T) {
	s := optest.NumberedSchema()
	number, text := expr.Col(0, "k", s.Fields[0].Type), expr.Col(1, "s", s.Fields[1].Type)
	calls := []*expr.Aggregate{
		aggregateOf(t, "COUNT", false), aggregateOf(t, "SUM", false, number),
		aggregateOf(t, "COUNT", true, text), aggregateOf(t, "MAX", false, text),
	}
	for _, keys := range [][]int{{0}, {0, 1}} {
		out := s.Project(keys)
		for i, c := range calls {
			out.Fields = append(out.Fields, columnar.Field{Name: fmt.Sprint("c", i), Type: c.Type})
		}
		rows := optest.NumberedRows(40_000, 20_000, 2)
		spec := Spec{Keys: keys, Calls: calls, Phase: Single}
		roomy, tight := optest.Spilling(t, []*columnar.Schema{s}, out, func() optest.Gathering { return NewAggregate(spec) }, func(op optest.Gathering, out *optest.Log) {
			optest.FeedNumbered(t, op, 0, rows, out)
		})
		slices.Sort(roomy)
		slices.Sort(tight)
		if !slices.Equal(roomy, tight) {
			t.Fatalf("keys %v: %d groups in memory, %d on disk, or others", keys, len(roomy), len(tight))
		}
	}
}

func aggregateOf(t *testing.T, name string, distinct bool, args ...*expr.Expr) *expr.Aggregate {
	t.Helper()
	a, err := expr.NewAggregate(name, distinct, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNoRoomToOpen(t *testing.T) {
	optest.CheckNoRoom(t, NewAggregate(Spec{Keys: []int{0, 1}, Phase: Single}), optest.NumberedSchema())
}
