package group

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

// orderedCalls are FIRST_VALUE, LAST_VALUE and LISTAGG of v, of few values, the last two also of distinct ones and of
// those above 0.
func orderedCalls(t *testing.T) []*expr.Aggregate {
	t.Helper()
	v := expr.Col(1, "v", columnar.TypeBigInt)
	positive, err := expr.NewCall(">", v, expr.Int(0, columnar.TypeBigInt))
	optest.Must(t, err)
	var calls []*expr.Aggregate
	for _, c := range []struct {
		name     string
		distinct bool
		filter   *expr.Expr
	}{{"FIRST_VALUE", false, nil}, {"LAST_VALUE", false, nil}, {"LISTAGG", false, nil}, {"LISTAGG", true, nil}, {"LAST_VALUE", true, nil}, {"LISTAGG", false, positive}} {
		a, err := expr.NewAggregate(c.name, c.distinct, c.filter, v)
		optest.Must(t, err)
		a.Retract = true
		calls = append(calls, a)
	}
	return calls
}

// orderedModel has the values of a group in the order in which they came.
type orderedModel struct {
	rows   int // with those that are null
	values []string
	unique []string // distinct ones, by when they first came
}

func (m *orderedModel) take(value int64, retracts bool) {
	text := strconv.FormatInt(value, 10)
	switch {
	case retracts && value < 0:
		m.rows--
	case retracts:
		m.rows--
		at := slices.Index(m.values, text)
		m.values = slices.Delete(m.values, at, at+1)
		if !slices.Contains(m.values, text) {
			m.unique = slices.DeleteFunc(m.unique, func(s string) bool { return s == text })
		}
	case value < 0:
		m.rows++
	default:
		m.rows++
		if m.values = append(m.values, text); !slices.Contains(m.unique, text) {
			m.unique = append(m.unique, text)
		}
	}
}

func (m *orderedModel) text(key string) string {
	some := func(list []string, pick func([]string) string) string {
		if len(list) == 0 {
			return "NULL"
		}
		return pick(list)
	}
	last := func(list []string) string { return list[len(list)-1] }
	joined := func(list []string) string { return strings.Join(list, ",") }
	positive := slices.DeleteFunc(slices.Clone(m.values), func(s string) bool { return s == "0" })
	return strings.Join([]string{
		"", key, some(m.values, func(list []string) string { return list[0] }), some(m.values, last), some(m.values, joined),
		some(m.unique, joined), some(m.unique, last), some(positive, joined),
	}, " ")
}

// TestOrderedAggregatesForget has rows come and go and compares with the model after every batch and
// across snapshots.
func TestOrderedAggregatesForget(t *testing.T) {
	before := mem.AllocatedBytes()
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 9))
		sink := optest.NewFold()
		op := openAggregate(t, []int{0}, orderedCalls(t), Changelog)
		models := map[string]*orderedModel{}
		var live []optest.Row
		for range 60 {
			rows, kinds := optest.Changes(&live, true, rng)
			b := optest.Batch(rows, kinds, rng)
			if _, err := op.Process(0, b, sink); err != nil {
				t.Fatal(err)
			}
			b.Release()
			for i, r := range rows {
				if models[r.Key] == nil {
					models[r.Key] = &orderedModel{}
				}
				models[r.Key].take(r.Value, kinds[i].Retracts())
			}
			want := map[string]int{}
			for key, m := range models {
				if m.rows > 0 {
					want[m.text(key)]++
				}
			}
			if sink.Err != nil || !maps.Equal(sink.Rows, want) {
				t.Fatalf("seed %d: %v\n%q", seed, sink.Err, optest.Differing(sink.Rows, want))
			}
			if rng.IntN(4) == 0 {
				op = optest.Restored(t, op, openAggregate(t, []int{0}, orderedCalls(t), Changelog))
			}
		}
		optest.Must(t, op.Close())
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// TestOrderedAggregateOfMissingRow takes a row back that never came.
func TestOrderedAggregateOfMissingRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	op := openAggregate(t, []int{0}, orderedCalls(t)[:1], Changelog)
	b := optest.Batch([]optest.Row{{Key: "a", Value: 1, Price: 1}}, []columnar.RowKind{columnar.Retract}, rng)
	if _, err := op.Process(0, b, optest.NewFold()); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Errorf("got %v", err)
	}
	b.Release()
	optest.Must(t, op.Close())
}
