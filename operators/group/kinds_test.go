package group

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

func TestKinds(t *testing.T) {
	count, err := expr.NewAggregate("COUNT", false, nil)
	optest.Must(t, err)
	count.Retract = true
	a1, a2, b1 := optest.Row{Key: "a", Value: 1}, optest.Row{Key: "a", Value: 2}, optest.Row{Key: "b", Value: 1}
	optest.CheckKinds(t, openAggregate(t, []int{0}, []*expr.Aggregate{count}, Changelog), []optest.Changed{
		{Rows: []optest.Row{a1, b1}},
		{Rows: []optest.Row{a2}},
		{Rows: []optest.Row{a2, b1}, Kinds: []columnar.RowKind{columnar.Retract, columnar.UpdateBefore}},
		{Rows: []optest.Row{b1}, Kinds: []columnar.RowKind{columnar.UpdateAfter}},
	}, "+I a 1, +I b 1, -U a 1, +U a 2, -U a 2, -D b 1, +U a 1, +I b 1")
}
