package aggregate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// TestMergedPartsAreTheWhole groups rows at once, and in two parts whose states are merged: the results are
// the same.
func TestMergedPartsAreTheWhole(t *testing.T) {
	key, value := expr.Col(0, "k", columnar.TypeBigInt), expr.Col(1, "v", columnar.TypeBigInt)
	var calls []*expr.Aggregate
	for _, name := range []string{"COUNT", "SUM", "MIN", "MAX", "AVG", "VAR_POP"} {
		c, err := expr.NewAggregate(name, false, nil, value)
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	grouping := func(t *rapid.T) *Grouping {
		g, err := NewGrouping([]columnar.Type{key.Type}, calls, &expr.Env{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int64 {
			return [2]int64{rapid.Int64Range(-1, 5).Draw(t, "k"), rapid.Int64Range(-5, 1000).Draw(t, "v")}
		}), 0, 60).Draw(t, "rows")
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		whole, parts, merged := grouping(t), [2]*Grouping{grouping(t), grouping(t)}, grouping(t)
		for _, g := range []*Grouping{whole, parts[0], parts[1], merged} {
			defer g.Release()
		}
		update(t, whole, rows)
		for i, part := range [][][2]int64{rows[:cut], rows[cut:]} {
			update(t, parts[i], part)
			states, err := StateTypes(calls)
			if err != nil {
				t.Fatal(err)
			}
			b := batchOf(append([]columnar.Type{key.Type}, states...))
			if err := parts[i].Emit(b, 0, parts[i].Rows(), true); err != nil {
				t.Fatal(err)
			}
			if err := merged.Merge(b, b.Cols[:1], b.Cols[1:]); err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		if got, want := results(t, merged, calls), results(t, whole, calls); !slices.EqualFunc(got, want, group.equal) {
			t.Fatalf("merged:\n%v\nat once:\n%v", got, want)
		}
	})
}

func batchOf(types []columnar.Type) *columnar.Batch {
	s := &columnar.Schema{}
	for i, typ := range types {
		s.Fields = append(s.Fields, columnar.Field{Name: fmt.Sprint("c", i), Type: typ})
	}
	return columnar.NewBatch(s)
}

// update takes rows of keys and values in; negative ones are null.
func update(t *rapid.T, g *Grouping, rows [][2]int64) {
	b := batchOf([]columnar.Type{columnar.TypeBigInt, columnar.TypeBigInt})
	defer b.Release()
	b.Reset(len(rows))
	for i, row := range rows {
		for c, v := range row {
			if columnar.Values[int64](b.Cols[c])[i] = v; v < 0 {
				b.Cols[c].SetNull(i)
			}
		}
	}
	if err := g.Update(b, b.Cols[:1]); err != nil {
		t.Fatal(err)
	}
}

// group is a group's results: those that are exact as text, and those that the order of the rows rounds.
type group struct {
	exact  string
	floats []float64
}

func (g group) equal(o group) bool {
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }
	return g.exact == o.exact && slices.EqualFunc(g.floats, o.floats, near)
}

// results are the groups in the order of their texts, which begin with the key.
func results(t *rapid.T, g *Grouping, calls []*expr.Aggregate) (groups []group) {
	types := []columnar.Type{columnar.TypeBigInt}
	for _, c := range calls {
		types = append(types, c.Type)
	}
	b := batchOf(types)
	defer b.Release()
	if err := g.Emit(b, 0, g.Rows(), false); err != nil {
		t.Fatal(err)
	}
	for i := range b.Len() {
		var exact []byte
		var floats []float64
		for c, v := range b.Cols {
			if types[c].IsFloat() && !v.IsNull(i) {
				floats = append(floats, columnar.Values[float64](v)[i])
				continue
			}
			exact = columnar.AppendText(append(exact, ' '), v, i, time.UTC)
		}
		groups = append(groups, group{string(exact), floats})
	}
	slices.SortFunc(groups, func(a, b group) int { return strings.Compare(a.exact, b.exact) })
	return groups
}
