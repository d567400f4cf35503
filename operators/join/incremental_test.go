package join

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
)

func TestIncrementalJoin(t *testing.T) {
	before := mem.AllocatedBytes()
	for _, typ := range []Type{Inner, Left, Full, Semi, Anti} {
		rng := rand.New(rand.NewPCG(4, uint64(len(typ))))
		open := func() dataflow.Incremental { return openSymmetric(t, Spec{Type: typ}) }
		op := open().(*Symmetric)
		tables := map[string]*columnar.Schema{}
		for in := range op.sides {
			tables[sideName(in)] = op.sides[in].stateSchema()
		}
		var held [2][]pairRow
		next := int64(0)
		optest.CheckIncremental(t, rng, op, tables, open, func() {
			in := rng.IntN(2)
			rows, kinds := changes(rng, &held[in], &next)
			b := pairBatch(rows, kinds, rng)
			defer b.Release()
			out := optest.NewFold()
			status, err := op.Process(dataflow.Port(in), b, out)
			optest.Drain(t, op, status, err, out)
		})
	}
	if after := mem.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still held", after-before)
	}
}
