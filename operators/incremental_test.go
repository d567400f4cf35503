package operators

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// stateOf is the operator's state as text: the rows of the named tables, sorted.
func stateOf(t *testing.T, op dataflow.Snapshotter, tables map[string]*columnar.Schema) []string {
	t.Helper()
	var w state.Writer
	if err := op.Snapshot(1, &w); err != nil {
		t.Fatal(err)
	}
	r := &state.Reader{Parallelism: 1, Tasks: [][]state.Section{sectionsOf(t, &w, 0)}}
	var rows []string
	for name, schema := range tables {
		err := r.Rows(name, schema, func(b *columnar.Batch) error {
			for i := range b.Len() {
				rows = append(rows, name+changeText(b, i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(rows)
	return rows
}

func sectionsOf(t *testing.T, w *state.Writer, age int) []state.Section {
	t.Helper()
	blob, err := w.Blob()
	if err != nil {
		t.Fatal(err)
	}
	sections, err := state.Parse(bytes.Join(blob, nil))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sections {
		sections[i].Age = age
	}
	return sections
}

// checkIncremental takes snapshots of op while it goes on working: what is restored from one and
// those it follows on is the state at its barrier.
func checkIncremental(t *testing.T, rng *rand.Rand, op dataflow.Incremental, tables map[string]*columnar.Schema, fresh func() dataflow.Incremental, work func()) {
	t.Helper()
	var sections []state.Section // newest first
	for epoch := dataflow.Epoch(1); epoch <= 30; epoch++ {
		for range rng.IntN(4) {
			work()
		}
		full := epoch == 1 || rng.IntN(7) == 0
		want := stateOf(t, op, tables)
		var w state.Writer
		if err := op.Freeze(epoch, full, &w); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			for range rng.IntN(3) {
				work()
			}
			var err error
			if done, err = op.Copy(1 + rng.IntN(64)); err != nil {
				t.Fatal(err)
			}
		}
		if full {
			sections = nil
		}
		for i := range sections {
			sections[i].Age++
		}
		sections = append(sectionsOf(t, &w, 0), sections...)
		again := fresh()
		if err := again.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
			t.Fatal(err)
		}
		if got := stateOf(t, again, tables); !slices.Equal(got, want) {
			t.Fatalf("epoch %d (full %t): restored %d rows, want %d: %s", epoch, full, len(got), len(want), firstDifference(got, want))
		}
		if err := again.(dataflow.Operator).Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := op.(dataflow.Operator).Close(); err != nil {
		t.Fatal(err)
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%q, want %q", got[i], want[i])
		}
	}
	return "one is the start of the other"
}

func TestIncrementalAggregate(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		for _, keys := range [][]int{{}, {0}, {0, 1}} {
			rng := rand.New(rand.NewPCG(3, uint64(len(keys))))
			calls := aggCalls(t, retracts)
			open := func() dataflow.Incremental {
				return openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
			}
			op := open().(*ChangelogAggregate)
			schema, err := op.groups.StateSchema()
			if err != nil {
				t.Fatal(err)
			}
			tables := map[string]*columnar.Schema{"groups": schema}
			for _, call := range op.groups.ValueCalls() {
				tables[valuesName(call)] = op.groups.ValueSchema(call)
			}
			var live []aggRow
			checkIncremental(t, rng, op, tables, open, func() {
				rows, kinds := aggInput(&live, retracts, rng)
				b := aggBatch(rows, kinds, rng)
				defer b.Release()
				if _, err := op.Process(0, b, newFullSink()); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestIncrementalJoin(t *testing.T) {
	before := columnar.AllocatedBytes()
	for _, typ := range []JoinType{Inner, Left, Full, Semi, Anti} {
		rng := rand.New(rand.NewPCG(4, uint64(len(typ))))
		open := func() dataflow.Incremental { return openSymmetric(t, JoinSpec{Type: typ}) }
		op := open().(*SymmetricJoin)
		tables := map[string]*columnar.Schema{}
		for in := range op.sides {
			tables[sideName(in)] = op.sides[in].stateSchema()
		}
		var held [2][]pairRow
		next := int64(0)
		checkIncremental(t, rng, op, tables, open, func() {
			in := rng.IntN(2)
			rows, kinds := changes(rng, &held[in], &next)
			b := pairBatch(rows, kinds, rng)
			defer b.Release()
			out := newFullSink()
			status, err := op.Process(dataflow.Port(in), b, out)
			drain(t, op, status, err, out)
		})
	}
	if after := columnar.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still held", after-before)
	}
}

func TestIncrementalRank(t *testing.T) {
	for _, spec := range []RankSpec{
		{Partition: []int{0}, Keys: []SortKey{{Column: 2, Desc: true}}, From: 1, To: 3, Number: true},
		{Keys: []SortKey{{Column: 2, Desc: true}}, From: 1, To: 20},
	} {
		rng := rand.New(rand.NewPCG(5, uint64(spec.To)))
		open := func() dataflow.Incremental { return openRank(t, spec) }
		var live []aggRow
		op := open()
		checkIncremental(t, rng, op, map[string]*columnar.Schema{"rows": aggSchema()}, open, func() {
			rows, kinds := aggInput(&live, false, rng)
			b := aggBatch(rows, kinds, rng)
			defer b.Release()
			out := newFullSink()
			status, err := op.(dataflow.Operator).Process(0, b, out)
			drain(t, op.(dataflow.Resumer), status, err, out)
		})
	}
}
