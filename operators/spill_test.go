package operators

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state/spill"
)

// spilling runs an operator twice, with all the memory it wants and with next to none, and returns what
// it emits each time. feed gives the operator its input.
func spilling(t *testing.T, inputs []*columnar.Schema, output *columnar.Schema, mk func() nested, feed func(op nested, out *rowSink)) (roomy, tight []string) {
	t.Helper()
	run := func(limit int64) []string {
		dir := t.TempDir()
		area, budget, out := spill.NewArea(dir), columnar.NewBudget(limit), &rowSink{}
		op := mk()
		ctx := &dataflow.Context{Name: "op", Inputs: inputs, Output: output, Budget: budget, Env: &expr.Env{}, Spill: area}
		if err := op.(dataflow.Opener).Open(ctx); err != nil {
			t.Fatal(err)
		}
		feed(op, out)
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
		if spilled := area.WrittenBytes() > 0; spilled != (limit > 0) {
			t.Errorf("with a limit of %d bytes, rows went to disk: %v", limit, spilled)
		}
		if budget.Used() != 0 {
			t.Errorf("%d bytes are still reserved", budget.Used())
		}
		if err := area.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
		return out.rows
	}
	return run(0), run(128 << 10)
}

func textSchema() *columnar.Schema {
	return &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}, {Name: "s", Type: columnar.TypeString}}}
}

// spillRows are n rows over that many keys, a few of them null.
func spillRows(n, keys int, seed uint64) (rows []joinRow) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		rows = append(rows, joinRow{key: rng.Int64N(int64(keys)), null: rng.IntN(50) == 0, id: int(seed)*1_000_000 + i})
	}
	return rows
}

func feedRows(t *testing.T, op nested, in dataflow.Port, s *columnar.Schema, rows []joinRow, out *rowSink) {
	t.Helper()
	rng := rand.New(rand.NewPCG(9, 9))
	for part := range slices.Chunk(rows, 500) {
		b := joinBatch(s, part, rng)
		status, err := op.Process(in, b, out)
		b.Release()
		drain(t, op, status, err, out)
	}
	status, err := op.EndInput(in, out)
	drain(t, op, status, err, out)
}

func TestSpilledSortIsTheSame(t *testing.T) {
	s := textSchema()
	limit := int64(700)
	for name, spec := range map[string]SortSpec{
		"by number":          {Keys: []SortKey{{Column: 0}}},
		"by number, nulls":   {Keys: []SortKey{{Column: 0, Desc: true, NullsFirst: true}, {Column: 1}}},
		"by text":            {Keys: []SortKey{{Column: 1, Desc: true}}},
		"skips":              {Keys: []SortKey{{Column: 0}}, Offset: 20_000},
		"few of many":        {Keys: []SortKey{{Column: 0}}, Limit: &limit, Offset: 600},
		"by nothing":         {},
		"skips more than is": {Keys: []SortKey{{Column: 0}}, Offset: 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			rows := spillRows(30_000, 5_000, 1)
			roomy, tight := spilling(t, []*columnar.Schema{s}, s, func() nested { return NewSort(spec) }, func(op nested, out *rowSink) {
				feedRows(t, op, 0, s, rows, out)
			})
			if !slices.Equal(roomy, tight) {
				t.Fatalf("%d rows from memory, %d from disk, or in another order", len(roomy), len(tight))
			}
		})
	}
}

func TestSpilledAggregateIsTheSame(t *testing.T) {
	s := textSchema()
	number, text := expr.Col(0, "k", s.Fields[0].Type), expr.Col(1, "s", s.Fields[1].Type)
	calls := []*expr.Aggregate{
		aggregateOf(t, "COUNT", false), aggregateOf(t, "SUM", false, number),
		aggregateOf(t, "COUNT", true, text), aggregateOf(t, "MAX", false, text),
	}
	for _, keys := range [][]int{{0}, {0, 1}} {
		out := s.Project(keys)
		for i, c := range calls {
			out.Fields = append(out.Fields, columnar.Field{Name: fmt.Sprint("c", i), Type: c.Type})
		}
		rows := spillRows(40_000, 20_000, 2)
		spec := AggregateSpec{Keys: keys, Calls: calls, Phase: Single}
		roomy, tight := spilling(t, []*columnar.Schema{s}, out, func() nested { return NewAggregate(spec) }, func(op nested, out *rowSink) {
			feedRows(t, op, 0, s, rows, out)
		})
		slices.Sort(roomy)
		slices.Sort(tight)
		if !slices.Equal(roomy, tight) {
			t.Fatalf("keys %v: %d groups in memory, %d on disk, or others", keys, len(roomy), len(tight))
		}
	}
}

func aggregateOf(t *testing.T, name string, distinct bool, args ...*expr.Expr) *expr.Aggregate {
	t.Helper()
	a, err := expr.NewAggregate(name, distinct, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSpilledJoinIsTheSame(t *testing.T) {
	s := textSchema()
	both := &columnar.Schema{Fields: append(slices.Clone(s.Fields), s.Fields...)}
	differ, err := expr.NewCall("<>", expr.Col(1, "s", s.Fields[1].Type), expr.Col(3, "s", s.Fields[1].Type))
	if err != nil {
		t.Fatal(err)
	}
	left, right := spillRows(12_000, 9_000, 3), spillRows(15_000, 9_000, 4)
	for _, typ := range []JoinType{Inner, Left, Right, Full, Semi, Anti} {
		for _, residual := range []*expr.Expr{nil, differ} {
			spec := JoinSpec{Type: typ, LeftKeys: []int{0}, RightKeys: []int{0}, Residual: residual}
			roomy, tight := spilling(t, []*columnar.Schema{s, s}, both, func() nested { return NewHashJoin(spec) }, func(op nested, out *rowSink) {
				feedRows(t, op, rightPort, s, right, out)
				feedRows(t, op, leftPort, s, left, out)
			})
			slices.Sort(roomy)
			slices.Sort(tight)
			if !slices.Equal(roomy, tight) {
				t.Fatalf("%s join, residual %v: %d rows in memory, %d on disk, or others", typ, residual != nil, len(roomy), len(tight))
			}
		}
	}
}

func TestSpilledRankIsTheSame(t *testing.T) {
	s := textSchema()
	rows := spillRows(30_000, 3_000, 6)
	for _, to := range []int64{0, 1, 3} {
		for _, partition := range [][]int{{0}, {0, 1}} {
			spec := RankSpec{Partition: partition, Keys: []SortKey{{Column: 1, Desc: true}}, From: 1, To: to, Number: true, AtEnd: true}
			out := &columnar.Schema{Fields: append(slices.Clone(s.Fields), columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()})}
			roomy, tight := spilling(t, []*columnar.Schema{s}, out, func() nested { return NewRank(spec) }, func(op nested, out *rowSink) {
				feedRows(t, op, 0, s, rows, out)
			})
			slices.Sort(roomy)
			slices.Sort(tight)
			if !slices.Equal(roomy, tight) {
				t.Fatalf("first %d of %v: %d rows from memory, %d from disk, or others", to, partition, len(roomy), len(tight))
			}
		}
	}
}

// TestOneKeyDoesNotSpill joins rows of one key, which no division makes smaller.
func TestOneKeyDoesNotSpill(t *testing.T) {
	s := textSchema()
	area := spill.NewArea(t.TempDir())
	ctx := &dataflow.Context{Name: "the join", Inputs: []*columnar.Schema{s, s}, Budget: columnar.NewBudget(128 << 10), Env: &expr.Env{}, Spill: area}
	op := NewHashJoin(JoinSpec{Type: Inner, LeftKeys: []int{0}, RightKeys: []int{0}})
	if err := op.Open(ctx); err != nil {
		t.Fatal(err)
	}
	out := &rowSink{}
	feedRows(t, op, rightPort, s, spillRows(10_000, 1, 5), out)
	status, err := op.EndInput(leftPort, out)
	for err == nil && status == dataflow.More {
		status, err = op.Resume(out)
	}
	if err == nil {
		t.Fatal("10 000 rows of one key have room in 128 KiB")
	}
	t.Log(err)
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
	if err := area.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNoRoomToOpen closes operators that were refused the memory they start with.
func TestNoRoomToOpen(t *testing.T) {
	s := textSchema()
	pairs := &columnar.Schema{Fields: append(slices.Clone(s.Fields), s.Fields...)}
	for name, c := range map[string]struct {
		op     nested
		output *columnar.Schema
	}{
		"sort":      {NewSort(SortSpec{Keys: []SortKey{{Column: 0}}}), s},
		"aggregate": {NewAggregate(AggregateSpec{Keys: []int{0, 1}, Phase: Single}), s},
		"join":      {NewHashJoin(JoinSpec{Type: Inner, LeftKeys: []int{0}, RightKeys: []int{0}}), pairs},
		"rank":      {NewRank(RankSpec{Partition: []int{0}, Keys: []SortKey{{Column: 1}}, From: 1, AtEnd: true}), s},
	} {
		t.Run(name, func(t *testing.T) {
			before, budget := columnar.AllocatedBytes(), columnar.NewBudget(1<<10)
			ctx := &dataflow.Context{
				Name: "op", Inputs: []*columnar.Schema{s, s}, Output: c.output, Budget: budget, Env: &expr.Env{}, Spill: spill.NewArea(t.TempDir()),
			}
			if err := c.op.(dataflow.Opener).Open(ctx); !full(err) {
				t.Errorf("error %v", err)
			}
			if err := c.op.Close(); err != nil {
				t.Error(err)
			}
			if budget.Used() != 0 || columnar.AllocatedBytes() != before {
				t.Errorf("%d bytes are reserved, %d allocated", budget.Used(), columnar.AllocatedBytes()-before)
			}
		})
	}
}
