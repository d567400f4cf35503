package operators

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// changelogSink folds a changelog: it holds the rows that were added and not taken back.
type changelogSink struct {
	rows map[string]int
	err  error
	n    int
}

func (s *changelogSink) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		text := ""
		for _, v := range b.Cols {
			text += " " + string(columnar.AppendText(nil, v, i, nil))
		}
		s.n++
		if !b.Kind(i).Retracts() {
			s.rows[text]++
			continue
		}
		if s.rows[text]--; s.rows[text] < 0 {
			s.err = fmt.Errorf("row%s is taken back but was not there", text)
		} else if s.rows[text] == 0 {
			delete(s.rows, text)
		}
	}
	return nil
}

func (s *changelogSink) Room() bool { return true }
func (s *changelogSink) Done() bool { return false }

type aggRow struct {
	key   string
	value int64 // -1: null
	price int64 // in cents
}

func aggSchema() *columnar.Schema {
	return columnar.NewSchema(
		columnar.Field{Name: "k", Type: columnar.TypeString},
		columnar.Field{Name: "v", Type: columnar.TypeBigInt},
		columnar.Field{Name: "p", Type: columnar.DecimalOf(10, 2)},
	)
}

// aggBatch makes a batch of rows, every second position of which may be dead.
func aggBatch(rows []aggRow, kinds []columnar.RowKind, rng *rand.Rand) *columnar.Batch {
	b := columnar.NewBatch(aggSchema())
	step := 1 + rng.IntN(2)
	b.Reset(len(rows) * step)
	if kinds != nil {
		b.Kinds = make([]columnar.RowKind, b.Len())
	}
	sel := []int32{}
	for i := range b.Len() {
		r := rows[i/step]
		if i%step == 0 {
			sel = append(sel, int32(i))
		} else {
			r = aggRow{key: "dead", value: 1 << 40}
		}
		b.Cols[0].SetString(i, r.key)
		columnar.Values[int64](b.Cols[1])[i] = r.value
		if r.value < 0 {
			b.Cols[1].SetNull(i)
		}
		columnar.Values[int64](b.Cols[2])[i] = r.price
		if kinds != nil {
			b.Kinds[i] = kinds[i/step]
		}
	}
	if step > 1 {
		b.Sel = sel
	}
	return b
}

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
	out := aggSchema().Project(keys)
	for _, c := range calls {
		out.Fields = append(out.Fields, columnar.Field{Name: c.String(), Type: c.Type})
	}
	spec := AggregateSpec{Keys: keys, Calls: calls, Phase: phase}
	var op dataflow.Operator = NewAggregate(spec)
	if phase == Changelog {
		op = NewChangelogAggregate(spec)
	}
	ctx := &dataflow.Context{Name: "aggregate", Inputs: []*columnar.Schema{aggSchema()}, Output: out, Budget: columnar.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
	if err := op.(dataflow.Opener).Open(ctx); err != nil {
		t.Fatal(err)
	}
	return op
}

// restored is an operator like op with its state.
func restored(t *testing.T, op dataflow.Operator, fresh dataflow.Operator) dataflow.Operator {
	t.Helper()
	var w state.Writer
	w.For("aggregate")
	if err := op.(dataflow.Snapshotter).Snapshot(1, &w); err != nil {
		t.Fatal(err)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
	blob, err := w.Blob()
	if err != nil {
		t.Fatal(err)
	}
	sections, err := state.Parse(bytes.Join(blob, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.(dataflow.Snapshotter).Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
		t.Fatal(err)
	}
	return fresh
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
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(c.name))))
			var calls []*expr.Aggregate
			if c.calls {
				calls = aggCalls(t, c.retracts)
			}
			sink := &changelogSink{rows: map[string]int{}}
			op := openAggregate(t, c.keys, calls, Changelog)
			var live []aggRow
			for range 40 {
				rows, kinds := aggInput(&live, c.retracts, rng)
				if _, err := op.Process(0, aggBatch(rows, kinds, rng), sink); err != nil {
					t.Fatal(err)
				}
				want := aggOf(t, c.keys, calls, live, rng)
				if sink.err != nil || !maps.Equal(sink.rows, want) {
					t.Fatalf("%v\ngot  %v\nwant %v", sink.err, sink.rows, want)
				}
				if rng.IntN(4) == 0 {
					op = restored(t, op, openAggregate(t, c.keys, calls, Changelog))
				}
			}
			if err := op.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// aggInput makes rows of a batch and keeps live what is left.
// Of the kinds only the sign means anything.
func aggInput(live *[]aggRow, retracts bool, rng *rand.Rand) ([]aggRow, []columnar.RowKind) {
	var rows []aggRow
	var kinds []columnar.RowKind
	for range 1 + rng.IntN(20) {
		if n := len(*live); retracts && n > 0 && rng.IntN(100) < 48 {
			i := rng.IntN(n)
			rows, kinds = append(rows, (*live)[i]), append(kinds, columnar.Retract+2*columnar.RowKind(rng.IntN(2)))
			*live = slices.Delete(*live, i, i+1)
			continue
		}
		r := aggRow{key: fmt.Sprintf("a key that is long %d", rng.IntN(9)), value: rng.Int64N(5) - 1, price: rng.Int64N(300)}
		*live = append(*live, r)
		rows, kinds = append(rows, r), append(kinds, columnar.Insert+2*columnar.RowKind(rng.IntN(2)))
	}
	if !retracts {
		kinds = nil
	}
	return rows, kinds
}

// aggOf is the result of the batch operator. Without keys there is a row for no input too.
func aggOf(t *testing.T, keys []int, calls []*expr.Aggregate, live []aggRow, rng *rand.Rand) map[string]int {
	t.Helper()
	op := openAggregate(t, keys, calls, Single)
	sink := &changelogSink{rows: map[string]int{}}
	if len(live) > 0 {
		if _, err := op.Process(0, aggBatch(live, nil, rng), sink); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := op.(dataflow.InputEnder).EndInput(0, sink); err != nil {
		t.Fatal(err)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
	return sink.rows
}

func TestChangelogAggregateIsSilentWhereNothingChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	call, err := expr.NewAggregate("MAX", false, nil, expr.Col(1, "v", columnar.TypeBigInt))
	if err != nil {
		t.Fatal(err)
	}
	op := openAggregate(t, []int{0}, []*expr.Aggregate{call}, Changelog)
	sink := &changelogSink{rows: map[string]int{}}
	for _, value := range []int64{-1, 3, 2, -1, 3, 4} {
		if _, err := op.Process(0, aggBatch([]aggRow{{key: "k", value: value}}, nil, rng), sink); err != nil {
			t.Fatal(err)
		}
	}
	// NULL is added; NULL gives way to 3, and 3 to 4.
	if sink.n != 5 || sink.err != nil || sink.rows[" k 4"] != 1 {
		t.Errorf("%d rows, %v, left %v", sink.n, sink.err, sink.rows)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestChangelogAggregateOfNothing(t *testing.T) {
	op := openAggregate(t, []int{}, aggCalls(t, true)[:2], Changelog)
	sink := &changelogSink{rows: map[string]int{}}
	if _, err := op.(dataflow.InputEnder).EndInput(0, sink); err != nil {
		t.Fatal(err)
	}
	if sink.rows[" 0 0"] != 1 || sink.n != 1 {
		t.Errorf("got %v", sink.rows)
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
			op := NewChangelogAggregate(AggregateSpec{Keys: []int{0}, Calls: []*expr.Aggregate{sum}, Phase: Changelog})
			ctx := &dataflow.Context{Name: "aggregate", Inputs: []*columnar.Schema{s}, Output: out, Budget: columnar.NewBudget(0), Env: &expr.Env{}}
			if err := op.Open(ctx); err != nil {
				b.Fatal(err)
			}
			k, v := columnar.Values[int64](in.Cols[0]), columnar.Values[int64](in.Cols[1])
			nothing := discard{}
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

type discard struct{}

func (discard) Emit(*columnar.Batch) error { return nil }
func (discard) Room() bool                 { return true }
func (discard) Done() bool                 { return false }
