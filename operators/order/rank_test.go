package order

import (
	"cmp"
	"fmt"
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

func openRank(t testing.TB, spec RankSpec) *Rank {
	t.Helper()
	in := optest.Schema()
	out := in
	if spec.Number {
		out = columnar.NewSchema(append(slices.Clone(in.Fields), columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()})...)
	}
	r := NewRank(spec)
	ctx := &dataflow.Context{Name: "rank", Inputs: []*columnar.Schema{in}, Output: out, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

// ranked are the rows that a Rank by price, the greatest first, lets through.
func ranked(t *testing.T, spec RankSpec, live []optest.Row) map[string]int {
	t.Helper()
	rows := slices.Clone(live)
	slices.SortFunc(rows, func(a, b optest.Row) int {
		return cmp.Or(cmp.Compare(b.Price, a.Price), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
	})
	counts := map[string]int64{}
	want := map[string]int{}
	for _, r := range rows {
		part := ""
		if len(spec.Partition) > 0 {
			part = r.Key
		}
		counts[part]++
		n := counts[part]
		if n < spec.From || spec.To > 0 && n > spec.To {
			continue
		}
		b := optest.Batch([]optest.Row{r}, nil, rand.New(rand.NewPCG(1, 1)))
		text := ""
		for _, v := range b.Cols {
			text += " " + string(columnar.AppendText(nil, v, 0, nil))
		}
		if spec.Number {
			text += fmt.Sprint(" ", n)
		}
		want[text]++
		b.Release()
	}
	return want
}

// TestRankFoldsToTheRows feeds rows, some of which are taken back, and compares what is left of the
// changelog with the rows that should be in the range, after every batch and across snapshots.
func TestRankFoldsToTheRows(t *testing.T) {
	before := mem.AllocatedBytes()
	keys := []Key{{Column: 2, Desc: true}}
	for i, spec := range []RankSpec{
		{Partition: []int{0}, From: 1, To: 1},
		{Partition: []int{0}, From: 1, To: 3, Number: true},
		{Partition: []int{0}, From: 2, To: 4},
		{Partition: []int{}, From: 1, To: 10, Number: true},
		{Partition: []int{}, From: 3, To: 5},
		{Partition: []int{0}, From: 2, Number: true, Retract: true},
		{Partition: []int{}, From: 2, To: 1},
	} {
		for _, retract := range []bool{spec.Retract, true} {
			spec.Keys, spec.Retract = keys, retract
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				op, out := openRank(t, spec), optest.NewFold()
				var live []optest.Row
				for range 30 {
					rows, kinds := optest.Changes(&live, retract, rng)
					b := optest.Batch(rows, kinds, rng)
					status, err := op.Process(0, b, out)
					optest.Drain(t, op, status, err, out)
					b.Release()
					if want := ranked(t, spec, live); out.Err != nil || !maps.Equal(out.Rows, want) {
						t.Fatalf("%+v, seed %d: %v\n%q", spec, seed, out.Err, optest.Differing(out.Rows, want))
					}
					if rng.IntN(4) == 0 {
						op = optest.Restored(t, op, openRank(t, spec))
					}
				}
				if !retract && spec.To > 0 {
					if most := int(spec.To) * max(1, 9*len(spec.Partition)); op.rows.Live() > most {
						t.Errorf("%+v: holds %d rows, %d can be wanted", spec, op.rows.Live(), most)
					}
				}
				if err := op.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// Long lists that are emitted at the end are ordered and cut now and then only.
func TestRankAtTheEnd(t *testing.T) {
	for _, to := range []int64{0, 1, 70, 500} {
		for _, partition := range [][]int{{}, {0}} {
			spec := RankSpec{Partition: partition, Keys: []Key{{Column: 2, Desc: true}}, From: 1, To: to, Number: true, AtEnd: true}
			rng := rand.New(rand.NewPCG(uint64(to), 3))
			op, out := openRank(t, spec), optest.NewFold()
			var live []optest.Row
			for range 300 {
				rows, _ := optest.Changes(&live, false, rng)
				b := optest.Batch(rows, nil, rng)
				status, err := op.Process(0, b, out)
				optest.Drain(t, op, status, err, out)
				b.Release()
			}
			if len(out.Rows) > 0 {
				t.Fatal("rows came before the end")
			}
			status, err := op.EndInput(0, out)
			optest.Drain(t, op, status, err, out)
			if want := ranked(t, spec, live); !maps.Equal(out.Rows, want) {
				t.Fatalf("%+v:\n%q", spec, optest.Differing(out.Rows, want))
			}
			if err := op.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestRankOfRows keeps the same of rows that no key tells apart, whatever order they come in, also where they have
// nothing but a ROW.
func TestRankOfRows(t *testing.T) {
	row := columnar.Type{Kind: columnar.Row, Fields: []columnar.Field{{Name: "s", Type: columnar.TypeString}}}
	s := columnar.NewSchema(columnar.Field{Name: "r", Type: row})
	texts := []string{"aaz", "aby", "\x04zx", "\xf0 a", "baa", "", "zzb", "zac", "\xff\x00d"}
	first := ""
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 9))
		rng.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		op, out := NewRank(RankSpec{From: 2, To: 3}), optest.NewFold()
		optest.Must(t, op.Open(&dataflow.Context{Name: "rank", Inputs: []*columnar.Schema{s}, Output: s, Budget: mem.NewBudget(0), Env: &expr.Env{}}))
		for _, text := range texts {
			b := columnar.NewBatch(s)
			b.Reset(1)
			b.Cols[0].Children[0].Reset(1)
			b.Cols[0].Children[0].SetBytes(0, []byte(text))
			b.SetLen(1)
			status, err := op.Process(0, b, out)
			optest.Drain(t, op, status, err, out)
			b.Release()
		}
		got := fmt.Sprint(out.Rows)
		if first = cmp.Or(first, got); got != first || out.Err != nil {
			t.Fatalf("kept %s, before %s; %v", got, first, out.Err)
		}
		optest.Must(t, op.Close())
	}
}

func BenchmarkRank(b *testing.B) {
	for _, partitions := range []int64{1, 100_000} {
		b.Run(fmt.Sprintf("top 10 of each of %d", partitions), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(3, 4))
			s := columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeBigInt}, columnar.Field{Name: "v", Type: columnar.TypeBigInt})
			op := NewRank(RankSpec{Partition: []int{0}, Keys: []Key{{Column: 1, Desc: true}}, From: 1, To: 10})
			ctx := &dataflow.Context{Name: "rank", Inputs: []*columnar.Schema{s}, Output: s, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
			if err := op.Open(ctx); err != nil {
				b.Fatal(err)
			}
			in := columnar.NewBatch(s)
			in.Reset(columnar.BatchRows)
			in.SetLen(columnar.BatchRows)
			k, v := columnar.Values[int64](in.Cols[0]), columnar.Values[int64](in.Cols[1])
			b.ReportAllocs()
			for b.Loop() {
				for i := range k {
					k[i], v[i] = rng.Int64N(partitions), rng.Int64()
				}
				if _, err := op.Process(0, in, optest.Discard{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*columnar.BatchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
			if err := op.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
