package order

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
)

// TestKinds feeds small batches and compares the kinds of what comes out.
func TestKinds(t *testing.T) {
	rank := func(spec RankSpec) func() dataflow.Operator {
		spec.Partition, spec.Keys, spec.Retract = []int{0}, []Key{{Column: 2, Desc: true}}, true
		return func() dataflow.Operator { return openRank(t, spec) }
	}
	in, del, before, after := columnar.Insert, columnar.Retract, columnar.UpdateBefore, columnar.UpdateAfter
	a1, a2, b1 := optest.Row{Key: "a", Value: 1, Price: 100}, optest.Row{Key: "a", Value: 2, Price: 200}, optest.Row{Key: "b", Value: 1, Price: 100}
	type batch = optest.Changed
	for _, c := range []struct {
		name    string
		open    func() dataflow.Operator
		batches []batch
		want    string
	}{
		{
			"the first of each key", rank(RankSpec{From: 1, To: 1}),
			[]batch{{Rows: []optest.Row{a1}}, {Rows: []optest.Row{a2}}, {Rows: []optest.Row{a2}, Kinds: []columnar.RowKind{before}}, {Rows: []optest.Row{a1}, Kinds: []columnar.RowKind{before}}},
			"+I a 1 1.00, -U a 1 1.00, +U a 2 2.00, -U a 2 2.00, +U a 1 1.00, -D a 1 1.00",
		},
		{
			"numbers", rank(RankSpec{From: 1, To: 2, Number: true}),
			[]batch{{Rows: []optest.Row{a1}}, {Rows: []optest.Row{a2}, Kinds: []columnar.RowKind{after}}},
			"+I a 1 1.00 1, -U a 1 1.00 1, +U a 2 2.00 1, +I a 1 1.00 2",
		},
		{
			"some of each key", rank(RankSpec{From: 1, To: 2}),
			[]batch{{Rows: []optest.Row{a1}}, {Rows: []optest.Row{a2}, Kinds: []columnar.RowKind{after}}, {Rows: []optest.Row{a1}, Kinds: []columnar.RowKind{before}}},
			"+I a 1 1.00, +I a 2 2.00, -D a 1 1.00",
		},
		{
			"last rows", func() dataflow.Operator {
				return openDedup(t, DeduplicateSpec{Keys: []int{0}, Keep: Last, Upsert: true})
			},
			[]batch{{Rows: []optest.Row{a1, b1}}, {Rows: []optest.Row{a2, b1}, Kinds: []columnar.RowKind{in, del}}, {Rows: []optest.Row{b1, a1, a2}}},
			"+I a 1 1.00, +I b 1 1.00, -U a 1 1.00, -D b 1 1.00, +U a 2 2.00, +I b 1 1.00",
		},
	} {
		t.Run(c.name, func(t *testing.T) { optest.CheckKinds(t, c.open(), c.batches, c.want) })
	}
}
