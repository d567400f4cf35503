package group

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
)

func TestIncrementalAggregate(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		for _, keys := range [][]int{{}, {0}, {0, 1}} {
			rng := rand.New(rand.NewPCG(3, uint64(len(keys))))
			calls := aggCalls(t, retracts)
			open := func() dataflow.Incremental {
				return openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
			}
			op := open().(*ChangelogAggregate)
			schema, err := op.groups.StateSchema()
			if err != nil {
				t.Fatal(err)
			}
			tables := map[string]*columnar.Schema{"groups": schema}
			for _, call := range op.groups.ValueCalls() {
				tables[valuesName(call)] = op.groups.ValueSchema(call)
			}
			for _, d := range op.distinct {
				tables[valuesName(d.call)] = d.after.Schema
			}
			var live []optest.Row
			optest.CheckIncremental(t, rng, op, tables, open, func() {
				rows, kinds := optest.Changes(&live, retracts, rng)
				b := optest.Batch(rows, kinds, rng)
				defer b.Release()
				if _, err := op.Process(0, b, optest.NewFold()); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
