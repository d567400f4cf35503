package operators

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// tierCalls are calls whose state may lie on disk.
func tierCalls(t *testing.T, retracts bool) []*expr.Aggregate {
	t.Helper()
	calls := slices.DeleteFunc(aggCalls(t, retracts), func(a *expr.Aggregate) bool {
		return a.Distinct || retracts && (a.Name == "MIN" || a.Name == "MAX")
	})
	return append(calls[1:], calls[0]) // COUNT(*) is the last one
}

func openTiered(t *testing.T, backend *state.Backend, keys []int, calls []*expr.Aggregate) *ChangelogAggregate {
	t.Helper()
	out := aggSchema().Project(keys)
	for _, c := range calls {
		out.Fields = append(out.Fields, columnar.Field{Name: c.String(), Type: c.Type})
	}
	op := NewChangelogAggregate(AggregateSpec{Keys: keys, Calls: calls, Phase: Changelog})
	ctx := &dataflow.Context{
		Name: "aggregate", Inputs: []*columnar.Schema{aggSchema()}, Output: out, Budget: columnar.NewBudget(1 << 10), Env: &expr.Env{},
		Checkpoints: true, State: backend,
	}
	if err := op.Open(ctx); err != nil {
		t.Fatal(err)
	}
	if op.store == nil {
		t.Fatal("all state is in memory")
	}
	return op
}

// livingState is stateOf without groups that have no rows: the last state is how many they have.
func livingState(t *testing.T, op dataflow.Snapshotter, tables map[string]*columnar.Schema) []string {
	t.Helper()
	return slices.DeleteFunc(stateOf(t, op, tables), func(row string) bool { return strings.HasSuffix(row, " 0") })
}

// TestAggregateOnDisk feeds one aggregation that may hold little in memory and one that holds all: at
// every moment they have said the same, and what is restored from incremental snapshots of the former,
// taken while it goes on, is the state of the latter at the barrier.
func TestAggregateOnDisk(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		for _, bytes := range []int64{0, 100 << 10} {
			t.Run(fmt.Sprintf("retracts=%t, %d bytes", retracts, bytes), func(t *testing.T) {
				checkOnDisk(t, retracts, bytes)
			})
		}
	}
}

func checkOnDisk(t *testing.T, retracts bool, bytes int64) {
	rng := rand.New(rand.NewPCG(11, uint64(bytes)))
	calls := tierCalls(t, retracts)
	keys := []int{0, 1}
	backend := state.NewBackend(t.TempDir(), bytes)
	disk := openTiered(t, backend, keys, calls)
	memory := openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
	schema, err := memory.groups.StateSchema()
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]*columnar.Schema{"groups": schema}
	said, told := &changelogSink{rows: map[string]int{}}, &changelogSink{rows: map[string]int{}}
	var live []aggRow
	hot := int64(0) // most rows are near it
	work := func() {
		hot += rng.Int64N(8)
		rows, kinds := tierInput(&live, retracts, hot, rng)
		b := aggBatch(rows, kinds, rng)
		defer b.Release()
		for _, to := range []struct {
			op  *ChangelogAggregate
			out *changelogSink
		}{{disk, said}, {memory, told}} {
			if _, err := to.op.Process(0, b, to.out); err != nil {
				t.Fatal(err)
			}
		}
		if said.err != nil || !maps.Equal(said.rows, told.rows) {
			t.Fatalf("%v: %d rows said, %d in memory", said.err, len(said.rows), len(told.rows))
		}
	}
	var sections []state.Section // newest first
	for epoch := dataflow.Epoch(1); epoch <= 15; epoch++ {
		for range rng.IntN(12) {
			work()
		}
		full := epoch == 1 || rng.IntN(7) == 0
		want := livingState(t, memory, tables)
		var w state.Writer
		if err := disk.Freeze(epoch, full, &w); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			for range rng.IntN(3) {
				work()
			}
			if done, err = disk.Copy(1 + rng.IntN(256)); err != nil {
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
		again := openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
		if rng.IntN(2) == 0 {
			again = openTiered(t, backend, keys, calls)
		}
		if err := again.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
			t.Fatal(err)
		}
		if got := livingState(t, again, tables); !slices.Equal(got, want) {
			t.Fatalf("epoch %d (full %t): restored %d rows, want %d: %s", epoch, full, len(got), len(want), firstDifference(got, want))
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range []*ChangelogAggregate{disk, memory} {
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
}

// tierInput makes rows of a batch, most of whose keys are near hot, and keeps live what is left.
func tierInput(live *[]aggRow, retracts bool, hot int64, rng *rand.Rand) ([]aggRow, []columnar.RowKind) {
	var rows []aggRow
	var kinds []columnar.RowKind
	for range 1 + rng.IntN(40) {
		if n := len(*live); retracts && n > 0 && rng.IntN(100) < 48 {
			i := rng.IntN(n)
			rows, kinds = append(rows, (*live)[i]), append(kinds, columnar.Retract)
			*live = slices.Delete(*live, i, i+1)
			continue
		}
		k := hot + rng.Int64N(20)
		if rng.IntN(4) == 0 {
			k = rng.Int64N(hot + 20)
		}
		r := aggRow{key: fmt.Sprintf("a key that is long %d", k), value: rng.Int64N(3) - 1, price: rng.Int64N(300)}
		*live = append(*live, r)
		rows, kinds = append(rows, r), append(kinds, columnar.Insert)
	}
	if !retracts {
		kinds = nil
	}
	return rows, kinds
}

// TestSnapshotWhileEvicting takes snapshots of everything at each stage of writing a generation to disk, and
// lets generations pass before they are copied.
func TestSnapshotWhileEvicting(t *testing.T) {
	const rows = 500 // of a batch, each of a key of its own: less than are written to disk at once
	rng := rand.New(rand.NewPCG(14, 0))
	calls := tierCalls(t, false)
	keys := []int{0, 1}
	backend := state.NewBackend(t.TempDir(), 4<<20)
	disk := openTiered(t, backend, keys, calls)
	out := &changelogSink{rows: map[string]int{}}
	made := 0
	work := func() {
		in := make([]aggRow, rows)
		for i := range in {
			in[i] = aggRow{key: fmt.Sprintf("a key that is long %d", made), price: int64(made)}
			made++
		}
		b := aggBatch(in, nil, rng)
		defer b.Release()
		if _, err := disk.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
	}
	for epoch := dataflow.Epoch(1); epoch <= 4; epoch++ {
		for range 1 + rng.IntN(7) {
			work()
		}
		want := made
		var w state.Writer
		if err := disk.Freeze(epoch, true, &w); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			work()
		}
		for done := false; !done; {
			var err error
			if done, err = disk.Copy(1000); err != nil {
				t.Fatal(err)
			}
		}
		again := openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
		if err := again.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sectionsOf(t, &w, 0)}}); err != nil {
			t.Fatal(err)
		}
		if got := again.groups.Rows(); got != want {
			t.Fatalf("epoch %d: restored %d groups of %d", epoch, got, want)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(disk.Close(), backend.Close()); err != nil {
		t.Fatal(err)
	}
}
