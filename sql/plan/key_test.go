package plan

import (
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

func TestKeyOf(t *testing.T) {
	in := &Values{Out: columnar.NewSchema(columnar.Field{Name: "a", Type: columnar.TypeBigInt}, columnar.Field{Name: "b", Type: columnar.TypeBigInt})}
	count, err := expr.NewAggregate("COUNT", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := []*expr.Aggregate{count}
	byBoth := NewAggregate(in, []int{1, 0}, calls)
	whole := NewAggregate(in, nil, calls)
	for name, c := range map[string]struct {
		n    Node
		want []int
		ok   bool
	}{
		"values":           {in, nil, false},
		"groups":           {byBoth, []int{0, 1}, true},
		"one row":          {whole, nil, true},
		"turned around":    {NewProject(byBoth, []*expr.Expr{Col(byBoth, 2), Col(byBoth, 1), Col(byBoth, 0)}, []string{"n", "a", "b"}), []int{2, 1}, true},
		"a key is missing": {NewProject(byBoth, []*expr.Expr{Col(byBoth, 2), Col(byBoth, 1)}, []string{"n", "a"}), nil, false},
		"filtered":         {&Filter{Input: byBoth, Predicate: expr.Bool(true)}, []int{0, 1}, true},
		"first of each":    {&Rank{Input: in, Partition: []int{1}, From: 1, To: 1}, []int{1}, true},
		"two of each":      {&Rank{Input: in, Partition: []int{1}, From: 1, To: 2}, []int{1}, false},
	} {
		if got, ok := KeyOf(c.n); ok != c.ok || ok && !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v, %v", name, got, ok, c.want, c.ok)
		}
	}
}
