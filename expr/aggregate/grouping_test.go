package aggregate

import (
	"fmt"
	"slices"
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
		if got, want := results(t, merged, calls), results(t, whole, calls); !slices.Equal(got, want) {
			t.Fatalf("merged:\n%q\nat once:\n%q", got, want)
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

// results are the groups as sorted lines.
func results(t *rapid.T, g *Grouping, calls []*expr.Aggregate) (lines []string) {
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
		var line []byte
		for c, v := range b.Cols {
			if line = append(line, ' '); types[c].IsFloat() && !v.IsNull(i) {
				line = fmt.Appendf(line, "%.9g", columnar.Values[float64](v)[i])
				continue
			}
			line = columnar.AppendText(line, v, i, time.UTC)
		}
		lines = append(lines, string(line))
	}
	slices.Sort(lines)
	return lines
}
