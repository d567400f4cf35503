package optimizer

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/windowing"
)

// TestDistinctOnce tells which groups are made of those of a DISTINCT argument.
func TestDistinctOnce(t *testing.T) {
	schema := columnar.NewSchema(
		columnar.Field{Name: "k", Type: columnar.TypeBigInt}, columnar.Field{Name: "v", Type: columnar.TypeBigInt},
		columnar.Field{Name: "ts", Type: columnar.TimestampOf(3)},
	)
	rows := func(unbounded bool) plan.Node { return &plan.Values{Out: schema, Unbounded: unbounded} }
	k, v := expr.Col(0, "k", columnar.TypeBigInt), expr.Col(1, "v", columnar.TypeBigInt)
	call := func(name string, distinct bool, filter *expr.Expr, args ...*expr.Expr) *expr.Aggregate {
		a, err := expr.NewAggregate(name, distinct, filter, args...)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	some, err := expr.NewCall(">", v, expr.Int(1, columnar.TypeBigInt))
	if err != nil {
		t.Fatal(err)
	}
	count, rest := call("COUNT", true, nil, v), call("SUM", false, some, k)
	for name, c := range map[string]struct {
		calls     []*expr.Aggregate
		unbounded bool
		want      bool
	}{
		"one argument":           {calls: []*expr.Aggregate{count, call("AVG", true, nil, v), rest}, want: true},
		"no distinct call":       {calls: []*expr.Aggregate{rest}},
		"two arguments":          {calls: []*expr.Aggregate{count, call("COUNT", true, nil, k)}},
		"a filter":               {calls: []*expr.Aggregate{call("COUNT", true, some, v)}},
		"an average beside":      {calls: []*expr.Aggregate{count, call("AVG", false, nil, k)}},
		"an order":               {calls: []*expr.Aggregate{call("LISTAGG", true, nil, v)}},
		"groups that may change": {calls: []*expr.Aggregate{count}, unbounded: true},
	} {
		a := plan.NewAggregate(rows(c.unbounded), []int{0}, c.calls)
		n := distinctOnce(a)
		if got := n != plan.Node(a); got != c.want {
			t.Errorf("%s: grouped by the argument first: %t", name, got)
		}
		for i, f := range n.Schema().Fields {
			if want := a.Out.Fields[i]; f.Name != want.Name || !f.Type.Equal(want.Type) {
				t.Errorf("%s: column %d is %s %s, not %s %s", name, i, f.Name, f.Type, want.Name, want.Type)
			}
		}
	}
	for _, slide := range []int64{10, 5} {
		w := plan.NewWindow(rows(true), windowing.Window{Size: 10_000, Slide: slide * 1000}, 2)
		a := plan.NewAggregate(w, []int{0, 3, 4}, []*expr.Aggregate{count})
		if distinctOnce(a) == plan.Node(a) {
			t.Errorf("slide %d of 10: not grouped by the argument first", slide)
		}
	}
}
