package order

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
)

func TestIncrementalRank(t *testing.T) {
	for _, spec := range []RankSpec{
		{Partition: []int{0}, Keys: []Key{{Column: 2, Desc: true}}, From: 1, To: 3, Number: true},
		{Keys: []Key{{Column: 2, Desc: true}}, From: 1, To: 20},
	} {
		rng := rand.New(rand.NewPCG(5, uint64(spec.To)))
		open := func() dataflow.Incremental { return openRank(t, spec) }
		var live []optest.Row
		op := open()
		optest.CheckIncremental(t, rng, op, map[string]*columnar.Schema{"rows": optest.Schema()}, open, func() {
			rows, kinds := optest.Changes(&live, false, rng)
			b := optest.Batch(rows, kinds, rng)
			defer b.Release()
			out := optest.NewFold()
			status, err := op.(dataflow.Operator).Process(0, b, out)
			optest.Drain(t, op.(dataflow.Resumer), status, err, out)
		})
	}
}
