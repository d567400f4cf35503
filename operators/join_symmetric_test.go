package operators

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// TestSymmetricJoinAgreesWithNestedLoop feeds both sides in any order, with snapshots in between,
// to an output that often has no room.
func TestSymmetricJoinAgreesWithNestedLoop(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}, {Name: "s", Type: columnar.TypeString}}}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		sides := [2][]joinRow{}
		for in := range sides {
			for i := range rng.IntN(300) {
				sides[in] = append(sides[in], joinRow{key: rng.Int64N(60), null: rng.IntN(20) == 0, id: 1000*in + i})
			}
		}
		want := nestedLoop(Inner, sides[0], sides[1])
		op, out := openSymmetric(t, s, nil), &rowSink{}
		left := [2][]joinRow{sides[0], sides[1]}
		for len(left[0])+len(left[1]) > 0 {
			in := rng.IntN(2)
			part := left[in][:min(len(left[in]), 1+rng.IntN(40))]
			left[in] = left[in][len(part):]
			if len(part) == 0 {
				continue
			}
			status, err := op.Process(dataflow.Port(in), joinBatch(s, part, rng), out)
			drain(t, op, status, err, out)
			if rng.IntN(3) == 0 {
				op = restored(t, op, openSymmetric(t, s, nil)).(*SymmetricJoin)
			}
		}
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out.rows)
		slices.Sort(want)
		if !slices.Equal(out.rows, want) {
			t.Errorf("seed %d: %d rows, want %d\n%q\n%q", seed, len(out.rows), len(want), out.rows, want)
		}
	}
}

func TestSymmetricJoinWithResidual(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}, {Name: "s", Type: columnar.TypeString}}}
	rng := rand.New(rand.NewPCG(1, 2))
	// The left text must be smaller than the right one.
	e, err := expr.NewCall("<", expr.Col(1, "s", columnar.TypeString), expr.Col(3, "s", columnar.TypeString))
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []int{0, 1} {
		op, out := openSymmetric(t, s, e), &rowSink{}
		sides := [2][]joinRow{{{key: 1, id: 5}, {key: 2, id: 5}}, {{key: 1, id: 4}, {key: 1, id: 6}, {key: 3, id: 9}}}
		for _, in := range []int{first, 1 - first} {
			status, err := op.Process(dataflow.Port(in), joinBatch(s, sides[in], rng), out)
			drain(t, op, status, err, out)
		}
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
		if want := []string{" 1 the text of row 5 1 the text of row 6"}; !slices.Equal(out.rows, want) {
			t.Errorf("side %d first: got %q", first, out.rows)
		}
	}
}

func openSymmetric(t *testing.T, s *columnar.Schema, residual *expr.Expr) *SymmetricJoin {
	t.Helper()
	j := NewSymmetricJoin(JoinSpec{Type: Inner, LeftKeys: []int{0}, RightKeys: []int{0}, Residual: residual})
	ctx := &dataflow.Context{Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: columnar.NewBudget(0), Env: &expr.Env{}}
	if err := j.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return j
}

func BenchmarkSymmetricJoin(b *testing.B) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}}}
	j := NewSymmetricJoin(JoinSpec{Type: Inner, LeftKeys: []int{0}, RightKeys: []int{0}})
	ctx := &dataflow.Context{Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: columnar.NewBudget(0), Env: &expr.Env{}}
	if err := j.Open(ctx); err != nil {
		b.Fatal(err)
	}
	in := columnar.NewBatch(s)
	in.Reset(columnar.BatchRows)
	k := columnar.Values[int64](in.Cols[0])
	next := int64(0)
	nothing := discard{}
	b.ReportAllocs()
	for b.Loop() {
		for i := range k {
			k[i] = next + int64(i)
		}
		next += columnar.BatchRows
		for port := range dataflow.Port(2) {
			if _, err := j.Process(port, in, nothing); err != nil {
				b.Fatal(fmt.Errorf("port %d: %w", port, err))
			}
		}
	}
	b.ReportMetric(float64(2*b.N)*columnar.BatchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}
