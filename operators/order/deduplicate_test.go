package order

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

func openDedup(t testing.TB, spec DeduplicateSpec) *Deduplicate {
	t.Helper()
	in := optest.Schema()
	out := in
	if spec.Number {
		out = columnar.NewSchema(append(slices.Clone(in.Fields), columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()})...)
	}
	d := NewDeduplicate(spec)
	ctx := &dataflow.Context{Name: "deduplicate", Inputs: []*columnar.Schema{in}, Output: out, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
	if err := d.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return d
}

// dedupModel is what Deduplicate keeps, by key.
type dedupModel struct {
	spec DeduplicateSpec
	rows map[string]string
}

func (m *dedupModel) take(b *columnar.Batch) {
	for k := range b.Live() {
		i, key := b.Row(k), ""
		for _, c := range m.spec.Keys {
			key += " " + string(columnar.AppendText(nil, b.Cols[c], i, nil))
		}
		text := ""
		for _, v := range b.Cols {
			text += " " + string(columnar.AppendText(nil, v, i, nil))
		}
		if m.spec.Number {
			text += " 1"
		}
		_, there := m.rows[key]
		switch {
		case b.Kind(i).Retracts():
			delete(m.rows, key)
		case m.spec.Keep == Last || !there:
			m.rows[key] = text
		}
	}
}

func (m *dedupModel) want() map[string]int {
	want := map[string]int{}
	for _, text := range m.rows {
		want[text]++
	}
	return want
}

// TestDeduplicateFoldsToTheRows feeds rows of few keys and compares what is left of the changelog with
// the model after every batch and across snapshots.
func TestDeduplicateFoldsToTheRows(t *testing.T) {
	before := mem.AllocatedBytes()
	for i, spec := range []DeduplicateSpec{
		{Keys: []int{0}, Keep: First},
		{Keys: []int{0, 1}, Keep: First, Number: true},
		{Keys: []int{}, Keep: First},
		{Keys: []int{0}, Keep: Last, Number: true},
		{Keys: []int{}, Keep: Last},
		{Keys: []int{0, 1}, Keep: Last, Upsert: true},
		{Keys: []int{0, 1}, Keep: Last, AtEnd: true},
		{Keys: []int{0}, Keep: First, AtEnd: true},
	} {
		for seed := range uint64(3) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			op, out, m := openDedup(t, spec), optest.NewFold(), &dedupModel{spec, map[string]string{}}
			var live []optest.Row
			for range 30 {
				rows, kinds := optest.Changes(&live, spec.Upsert, rng)
				b := optest.Batch(rows, kinds, rng)
				m.take(b)
				status, err := op.Process(0, b, out)
				optest.Drain(t, op, status, err, out)
				b.Release()
				if want := m.want(); !spec.AtEnd && (out.Err != nil || !maps.Equal(out.Rows, want)) {
					t.Fatalf("%+v, seed %d: %v\n%q", spec, seed, out.Err, optest.Differing(out.Rows, want))
				}
				if op.rows.Live() != len(m.rows) {
					t.Fatalf("%+v, seed %d: %d rows are held of %d", spec, seed, op.rows.Live(), len(m.rows))
				}
				if rng.IntN(4) == 0 {
					op = optest.Restored(t, op, openDedup(t, spec))
				}
			}
			status, err := op.EndInput(0, out)
			optest.Drain(t, op, status, err, out)
			if want := m.want(); !maps.Equal(out.Rows, want) {
				t.Fatalf("%+v, seed %d, at the end:\n%q", spec, seed, optest.Differing(out.Rows, want))
			}
			if err := op.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// A row that comes again as it is changes nothing.
func TestDeduplicateIgnoresEqualRows(t *testing.T) {
	op := openDedup(t, DeduplicateSpec{Keys: []int{0}, Keep: Last})
	rng := rand.New(rand.NewPCG(1, 1))
	rows := []optest.Row{{Key: "a", Value: 1, Price: 2}}
	for i := range 3 {
		b, out := optest.Batch(rows, nil, rng), optest.NewFold()
		if _, err := op.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
		b.Release()
		if n := len(out.Rows); (i == 0) != (n == 1) {
			t.Errorf("batch %d: %d rows", i, n)
		}
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestIncrementalDeduplicate(t *testing.T) {
	for _, spec := range []DeduplicateSpec{{Keys: []int{0, 1}, Keep: First}, {Keys: []int{0, 1}, Keep: Last, Upsert: true}} {
		rng := rand.New(rand.NewPCG(6, 7))
		open := func() dataflow.Incremental { return openDedup(t, spec) }
		var live []optest.Row
		op := open()
		optest.CheckIncremental(t, rng, op, map[string]*columnar.Schema{"rows": optest.Schema()}, open, func() {
			rows, kinds := optest.Changes(&live, spec.Upsert, rng)
			b := optest.Batch(rows, kinds, rng)
			defer b.Release()
			if _, err := op.(dataflow.Operator).Process(0, b, optest.NewFold()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
