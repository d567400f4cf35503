package group

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

func aggCalls(t *testing.T, retract bool) []*expr.Aggregate {
	t.Helper()
	v := expr.Col(1, "v", columnar.TypeBigInt)
	p := expr.Col(2, "p", columnar.DecimalOf(10, 2))
	type call struct {
		name     string
		distinct bool
		args     []*expr.Expr
	}
	list := []call{
		{"COUNT", false, nil},
		{"COUNT", false, []*expr.Expr{v}},
		{"SUM", false, []*expr.Expr{v}},
		{"AVG", false, []*expr.Expr{p}},
		{"COUNT", true, []*expr.Expr{v}},
		{"SUM", true, []*expr.Expr{p}},
	}
	text := expr.Col(0, "k", columnar.TypeString)
	for _, x := range []*expr.Expr{p, text, v} {
		list = append(list, call{"MIN", false, []*expr.Expr{x}}, call{"MAX", false, []*expr.Expr{x}})
	}
	if !retract {
		list = append(list, call{"FIRST_VALUE", false, []*expr.Expr{p}}, call{"LAST_VALUE", false, []*expr.Expr{text}}, call{"LISTAGG", false, []*expr.Expr{v}})
	}
	var calls []*expr.Aggregate
	for _, c := range list {
		a, err := expr.NewAggregate(c.name, c.distinct, nil, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		a.Retract = retract
		calls = append(calls, a)
	}
	return calls
}

func openAggregate(t *testing.T, keys []int, calls []*expr.Aggregate, phase Phase) dataflow.Operator {
	t.Helper()
	out := optest.Schema().Project(keys)
	for _, c := range calls {
		out.Fields = append(out.Fields, columnar.Field{Name: c.String(), Type: c.Type})
	}
	spec := Spec{Keys: keys, Calls: calls, Phase: phase}
	var op dataflow.Operator = NewAggregate(spec)
	if phase == Changelog {
		op = NewChangelogAggregate(spec)
	}
	ctx := &dataflow.Context{Name: "aggregate", Inputs: []*columnar.Schema{optest.Schema()}, Output: out, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
	if err := op.(dataflow.Opener).Open(ctx); err != nil {
		t.Fatal(err)
	}
	return op
}

// TestChangelogAggregateFoldsToTheBatchResult feeds rows, some of which are taken back, and
// compares what is left of the changelog with the aggregate of the rows that are left, at every
// batch's end and across snapshots.
func TestChangelogAggregateFoldsToTheBatchResult(t *testing.T) {
	for _, c := range []struct {
		name     string
		keys     []int
		retracts bool
		calls    bool
	}{
		{"keys", []int{0}, false, true},
		{"keys, rows taken back", []int{0}, true, true},
		{"no keys", []int{}, false, true},
		{"no keys, rows taken back", []int{}, true, true},
		{"two keys", []int{0, 1}, true, true},
		{"distinct", []int{0, 1}, false, false},
		{"distinct, rows taken back", []int{0, 1}, true, false},
		{"keys, by parts", []int{0}, false, true},
		{"keys, rows taken back, by parts", []int{0}, true, true},
		{"distinct, rows taken back, by parts", []int{0, 1}, true, false},
	} {
		open := func(t *testing.T, calls []*expr.Aggregate) dataflow.Operator {
			op := openAggregate(t, c.keys, calls, Changelog)
			if strings.HasSuffix(c.name, "by parts") {
				op.(*ChangelogAggregate).parts = parts{rows: 3}
			}
			return op
		}
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(c.name))))
			var calls []*expr.Aggregate
			if c.calls {
				calls = aggCalls(t, c.retracts)
			}
			sink := optest.NewFold()
			op := open(t, calls)
			var live []optest.Row
			for range 40 {
				rows, kinds := optest.Changes(&live, c.retracts, rng)
				if _, err := op.Process(0, optest.Batch(rows, kinds, rng), sink); err != nil {
					t.Fatal(err)
				}
				want := aggOf(t, c.keys, calls, live, rng)
				if sink.Err != nil || !maps.Equal(sink.Rows, want) {
					t.Fatalf("%v\ngot  %v\nwant %v", sink.Err, sink.Rows, want)
				}
				if rng.IntN(4) == 0 {
					op = optest.Restored(t, op, open(t, calls))
				}
			}
			if err := op.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// aggOf is the result of the batch operator. Without keys there is a row for no input too.
func aggOf(t *testing.T, keys []int, calls []*expr.Aggregate, live []optest.Row, rng *rand.Rand) map[string]int {
	t.Helper()
	op := openAggregate(t, keys, calls, Single)
	sink := optest.NewFold()
	if len(live) > 0 {
		if _, err := op.Process(0, optest.Batch(live, nil, rng), sink); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := op.(dataflow.InputEnder).EndInput(0, sink); err != nil {
		t.Fatal(err)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
	return sink.Rows
}

func TestChangelogAggregateIsSilentWhereNothingChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	call, err := expr.NewAggregate("MAX", false, nil, expr.Col(1, "v", columnar.TypeBigInt))
	if err != nil {
		t.Fatal(err)
	}
	op := openAggregate(t, []int{0}, []*expr.Aggregate{call}, Changelog)
	sink := optest.NewFold()
	for _, value := range []int64{-1, 3, 2, -1, 3, 4} {
		if _, err := op.Process(0, optest.Batch([]optest.Row{{Key: "k", Value: value}}, nil, rng), sink); err != nil {
			t.Fatal(err)
		}
	}
	// NULL is added; NULL gives way to 3, and 3 to 4.
	if sink.Moves != 5 || sink.Err != nil || sink.Rows[" k 4"] != 1 {
		t.Errorf("%d rows, %v, left %v", sink.Moves, sink.Err, sink.Rows)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestChangelogAggregateOfNothing(t *testing.T) {
	op := openAggregate(t, []int{}, aggCalls(t, true)[:2], Changelog)
	sink := optest.NewFold()
	if _, err := op.(dataflow.InputEnder).EndInput(0, sink); err != nil {
		t.Fatal(err)
	}
	if sink.Rows[" 0 0"] != 1 || sink.Moves != 1 {
		t.Errorf("got %v", sink.Rows)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkChangelogAggregate(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, groups := range []int64{100, 1_000_000} {
		b.Run(fmt.Sprint(groups, " groups"), func(b *testing.B) {
			s := columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeBigInt}, columnar.Field{Name: "v", Type: columnar.TypeBigInt})
			in := columnar.NewBatch(s)
			in.Reset(columnar.BatchRows)
			sum, _ := expr.NewAggregate("SUM", false, nil, expr.Col(1, "v", columnar.TypeBigInt))
			out := columnar.NewSchema(s.Fields[0], columnar.Field{Name: "sum", Type: sum.Type})
			op := NewChangelogAggregate(Spec{Keys: []int{0}, Calls: []*expr.Aggregate{sum}, Phase: Changelog})
			ctx := &dataflow.Context{Name: "aggregate", Inputs: []*columnar.Schema{s}, Output: out, Budget: mem.NewBudget(0), Env: &expr.Env{}}
			if err := op.Open(ctx); err != nil {
				b.Fatal(err)
			}
			k, v := columnar.Values[int64](in.Cols[0]), columnar.Values[int64](in.Cols[1])
			nothing := optest.Discard{}
			b.ReportAllocs()
			for b.Loop() {
				for i := range k {
					k[i], v[i] = rng.Int64N(groups), 7
				}
				if _, err := op.Process(0, in, nothing); err != nil {
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
