package order

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

// TestLimitWithoutBound gives a sort limits that no input reaches: it does not cut what it has.
func TestLimitWithoutBound(t *testing.T) {
	s, rng := optest.NumberedSchema(), rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int64{math.MaxInt64, math.MaxInt64 / 3, math.MaxInt64 / 4} {
		op, out := NewSort(SortSpec{Keys: []Key{{Column: 0}}, Limit: &limit, Offset: 1}), &optest.Log{}
		if err := op.Open(&dataflow.Context{Name: "op", Inputs: []*columnar.Schema{s}, Output: s, Budget: mem.NewBudget(0), Env: &expr.Env{}}); err != nil {
			t.Fatal(err)
		}
		const rows = 3 * columnar.BatchRows
		for part := range slices.Chunk(optest.NumberedRows(rows, 10, 1), 1000) {
			b := optest.NumberedBatch(part, rng)
			if _, err := op.Process(0, b, out); err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		if op.order != nil {
			t.Errorf("limit %d: rows are put in order before the end", limit)
		}
		status, err := op.EndInput(0, out)
		optest.Drain(t, op, status, err, out)
		if len(out.Rows) != rows-1 {
			t.Errorf("limit %d: %d rows", limit, len(out.Rows))
		}
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
