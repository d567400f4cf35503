package operators

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
)

// TestRepeat has rows come and go whose price, in cents, is never and up to thousands of times, and
// compares what is left.
func TestRepeat(t *testing.T) {
	before := mem.AllocatedBytes()
	in := columnar.NewSchema(optest.Schema().Fields[0], optest.Schema().Fields[1], columnar.Field{Name: "times", Type: columnar.TypeBigInt})
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 11))
		op, out := &Repeat{}, optest.NewFold()
		optest.Must(t, op.Open(&dataflow.Context{Output: columnar.NewSchema(in.Fields[:2]...)}))
		most := []int64{1, 3, 20_000}[seed%3] // of 20 000 one row fills several batches
		want := map[string]int{}
		var live []optest.Row
		for range 10 {
			rows, kinds := optest.Changes(&live, true, rng)
			if seed%2 == 0 {
				kinds = nil
			}
			b := optest.Batch(rows, kinds, rng)
			n := columnar.NewVector(columnar.TypeBigInt)
			n.Reset(b.Len())
			for i := range b.Len() {
				// The same row is there equally often each time, or it could not be taken back.
				columnar.Values[int64](n)[i] = (columnar.Values[int64](b.Cols[2])[i]*7919 + int64(seed)) % (most + 1)
			}
			wide := &columnar.Batch{Schema: in, Cols: []*columnar.Vector{b.Cols[0], b.Cols[1], n}, Sel: b.Sel, Kinds: b.Kinds}
			wide.SetLen(b.Len())
			for k := range wide.Live() {
				i := wide.Row(k)
				text := " " + string(columnar.AppendText(nil, b.Cols[0], i, nil)) + " " + string(columnar.AppendText(nil, b.Cols[1], i, nil))
				times := int(columnar.Values[int64](n)[i])
				if wide.Kind(i).Retracts() {
					times = -times
				}
				if want[text] += times; want[text] == 0 {
					delete(want, text)
				}
			}
			status, err := op.Process(0, wide, out)
			optest.Drain(t, op, status, err, out)
			if out.Err != nil || !maps.Equal(out.Rows, want) {
				t.Fatalf("seed %d: %v\n%q", seed, out.Err, optest.Differing(out.Rows, want))
			}
			b.Release()
			n.Release()
		}
		optest.Must(t, op.Close())
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}
