package order

import (
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow/optest"
)

func TestSpilledSortIsTheSame(t *testing.T) {
	s := optest.NumberedSchema()
	limit := int64(700)
	for name, spec := range map[string]SortSpec{
		"by number":          {Keys: []Key{{Column: 0}}},
		"by number, nulls":   {Keys: []Key{{Column: 0, Desc: true, NullsFirst: true}, {Column: 1}}},
		"by text":            {Keys: []Key{{Column: 1, Desc: true}}},
		"skips":              {Keys: []Key{{Column: 0}}, Offset: 20_000},
		"few of many":        {Keys: []Key{{Column: 0}}, Limit: &limit, Offset: 600},
		"by nothing":         {},
		"skips more than is": {Keys: []Key{{Column: 0}}, Offset: 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			rows := optest.NumberedRows(30_000, 5_000, 1)
			roomy, tight := optest.Spilling(t, []*columnar.Schema{s}, s, func() optest.Gathering { return NewSort(spec) }, func(op optest.Gathering, out *optest.Log) {
				optest.FeedNumbered(t, op, 0, rows, out)
			})
			if !slices.Equal(roomy, tight) {
				t.Fatalf("%d rows from memory, %d from disk, or in another order", len(roomy), len(tight))
			}
		})
	}
}

func TestSpilledRankIsTheSame(t *testing.T) {
	s := optest.NumberedSchema()
	rows := optest.NumberedRows(30_000, 3_000, 6)
	for _, to := range []int64{0, 1, 3} {
		for _, partition := range [][]int{{0}, {0, 1}} {
			spec := RankSpec{Partition: partition, Keys: []Key{{Column: 1, Desc: true}}, From: 1, To: to, Number: true, AtEnd: true}
			out := &columnar.Schema{Fields: append(slices.Clone(s.Fields), columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()})}
			roomy, tight := optest.Spilling(t, []*columnar.Schema{s}, out, func() optest.Gathering { return NewRank(spec) }, func(op optest.Gathering, out *optest.Log) {
				optest.FeedNumbered(t, op, 0, rows, out)
			})
			slices.Sort(roomy)
			slices.Sort(tight)
			if !slices.Equal(roomy, tight) {
				t.Fatalf("first %d of %v: %d rows from memory, %d from disk, or others", to, partition, len(roomy), len(tight))
			}
		}
	}
}

func TestNoRoomToOpen(t *testing.T) {
	s := optest.NumberedSchema()
	optest.CheckNoRoom(t, NewSort(SortSpec{Keys: []Key{{Column: 0}}}), s)
	optest.CheckNoRoom(t, NewRank(RankSpec{Partition: []int{0}, Keys: []Key{{Column: 1}}, From: 1, AtEnd: true}), s)
}
