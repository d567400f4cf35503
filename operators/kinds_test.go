package operators

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// kindLog notes rows as their kind and values, those of some columns if it has any.
type kindLog struct {
	columns []int
	rows    []string
}

func (l *kindLog) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		text := b.Kind(i).String()
		for c, v := range b.Cols {
			if l.columns == nil || slices.Contains(l.columns, c) {
				text += " " + string(columnar.AppendText(nil, v, i, nil))
			}
		}
		l.rows = append(l.rows, text)
	}
	return nil
}
func (l *kindLog) Room() bool { return true }
func (l *kindLog) Done() bool { return false }

// TestKinds feeds small batches and compares the kinds of what comes out.
func TestKinds(t *testing.T) {
	count, err := expr.NewAggregate("COUNT", false, nil)
	must(t, err)
	rank := func(spec RankSpec) func() dataflow.Operator {
		spec.Partition, spec.Keys, spec.Retract = []int{0}, []SortKey{{Column: 2, Desc: true}}, true
		return func() dataflow.Operator { return openRank(t, spec) }
	}
	in, del, before, after := columnar.Insert, columnar.Retract, columnar.UpdateBefore, columnar.UpdateAfter
	a1, a2, b1 := aggRow{"a", 1, 100}, aggRow{"a", 2, 200}, aggRow{"b", 1, 100}
	type batch struct {
		rows  []aggRow
		kinds []columnar.RowKind
	}
	for _, c := range []struct {
		name    string
		open    func() dataflow.Operator
		batches []batch
		want    string
	}{
		{
			"groups", func() dataflow.Operator {
				return openAggregate(t, []int{0}, []*expr.Aggregate{{Name: count.Name, Type: count.Type, Retract: true}}, Changelog)
			},
			[]batch{{[]aggRow{a1, b1}, nil}, {[]aggRow{a2}, nil}, {[]aggRow{a2, b1}, []columnar.RowKind{del, before}}, {[]aggRow{b1}, []columnar.RowKind{after}}},
			"+I a 1, +I b 1, -U a 1, +U a 2, -U a 2, -D b 1, +U a 1, +I b 1",
		},
		{
			"the first of each key", rank(RankSpec{From: 1, To: 1}),
			[]batch{{[]aggRow{a1}, nil}, {[]aggRow{a2}, nil}, {[]aggRow{a2}, []columnar.RowKind{before}}, {[]aggRow{a1}, []columnar.RowKind{before}}},
			"+I a 1 1.00, -U a 1 1.00, +U a 2 2.00, -U a 2 2.00, +U a 1 1.00, -D a 1 1.00",
		},
		{
			"numbers", rank(RankSpec{From: 1, To: 2, Number: true}),
			[]batch{{[]aggRow{a1}, nil}, {[]aggRow{a2}, []columnar.RowKind{after}}},
			"+I a 1 1.00 1, -U a 1 1.00 1, +U a 2 2.00 1, +I a 1 1.00 2",
		},
		{
			"some of each key", rank(RankSpec{From: 1, To: 2}),
			[]batch{{[]aggRow{a1}, nil}, {[]aggRow{a2}, []columnar.RowKind{after}}, {[]aggRow{a1}, []columnar.RowKind{before}}},
			"+I a 1 1.00, +I a 2 2.00, -D a 1 1.00",
		},
		{
			"last rows", func() dataflow.Operator {
				return openDedup(t, DeduplicateSpec{Keys: []int{0}, Keep: Last, Upsert: true})
			},
			[]batch{{[]aggRow{a1, b1}, nil}, {[]aggRow{a2, b1}, []columnar.RowKind{in, del}}, {[]aggRow{b1, a1, a2}, nil}},
			"+I a 1 1.00, +I b 1 1.00, -U a 1 1.00, -D b 1 1.00, +U a 2 2.00, +I b 1 1.00",
		},
	} {
		op, log, rng := c.open(), &kindLog{}, rand.New(rand.NewPCG(1, 2))
		for _, b := range c.batches {
			in := aggBatch(b.rows, b.kinds, rng)
			if _, err := op.Process(0, in, log); err != nil {
				t.Fatal(err)
			}
			in.Release()
		}
		if got := strings.Join(log.rows, ", "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		must(t, op.Close())
	}
}

// TestKindsOfPairs has the right side change below a left one.
func TestKindsOfPairs(t *testing.T) {
	up := []columnar.RowKind{columnar.UpdateBefore, columnar.UpdateAfter}
	for typ, want := range map[JoinType]string{
		Inner: "+I 1 2, -U 1 2, +U 1 3, -U 1 3, +U 4 3",
		// A pair takes the place of a row without a match, and gives it up.
		Left: "+I 1 NULL, -D 1 NULL, +I 1 2, -D 1 2, +I 1 NULL, -D 1 NULL, +I 1 3, -U 1 3, +U 4 3",
		Semi: "+I 1, -D 1, +I 1, -U 1, +U 4",
	} {
		op, log := openSymmetric(t, JoinSpec{Type: typ}), &kindLog{columns: []int{1, 4}}
		for _, c := range []struct {
			in    dataflow.Port
			ids   []int64
			kinds []columnar.RowKind
		}{{0, []int64{1}, nil}, {1, []int64{2}, nil}, {1, []int64{2, 3}, up}, {0, []int64{1, 4}, up}} {
			var rows []pairRow
			for _, id := range c.ids {
				rows = append(rows, pairRow{key: 7, id: id})
			}
			b := pairBatch(rows, c.kinds, nil)
			if _, err := op.Process(c.in, b, log); err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		if got := strings.Join(log.rows, ", "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", typ, got, want)
		}
		must(t, op.Close())
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
