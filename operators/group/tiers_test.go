package group

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

// tierCalls are calls whose state may lie on disk.
func tierCalls(t *testing.T, retracts bool) []*expr.Aggregate {
	t.Helper()
	calls := slices.DeleteFunc(aggCalls(t, retracts), func(a *expr.Aggregate) bool {
		return retracts && (a.Name == "MIN" || a.Name == "MAX")
	})
	return append(calls[1:], calls[0]) // COUNT(*) is the last one
}

func openTiered(t *testing.T, backend *state.Backend, keys []int, calls []*expr.Aggregate) *ChangelogAggregate {
	t.Helper()
	out := optest.Schema().Project(keys)
	for _, c := range calls {
		out.Fields = append(out.Fields, columnar.Field{Name: c.String(), Type: c.Type})
	}
	op := NewChangelogAggregate(Spec{Keys: keys, Calls: calls, Phase: Changelog})
	ctx := &dataflow.Context{
		Name: "aggregate", Inputs: []*columnar.Schema{optest.Schema()}, Output: out, Budget: mem.NewBudget(64 << 10), Env: &expr.Env{},
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

// TestAggregateOnDisk feeds one aggregation that may hold little in memory and one that holds all: at
// every moment they have said the same, and what is restored from incremental snapshots of the former,
// taken while it goes on, is the state of the latter at the barrier.
func TestAggregateOnDisk(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		for _, bytes := range []int64{0, 100 << 10} {
			t.Run(fmt.Sprintf("retracts=%t, %d bytes", retracts, bytes), func(t *testing.T) {
				for _, keys := range [][]int{{0, 1}, {0}, {}} {
					checkOnDisk(t, retracts, bytes, keys)
				}
			})
		}
	}
}

func checkOnDisk(t *testing.T, retracts bool, bytes int64, keys []int) {
	rng := rand.New(rand.NewPCG(11, uint64(bytes)))
	calls := tierCalls(t, retracts)
	backend := state.NewBackend(t.TempDir(), bytes)
	memory := openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
	schema, err := memory.groups.StateSchema()
	optest.Must(t, err)
	tables := map[string]*columnar.Schema{"groups": schema}
	for _, d := range memory.distinct {
		tables[valuesName(d.call)] = d.after.Schema
	}
	var live []optest.Row
	hot := int64(0) // most rows are near it
	optest.CheckTiers(t, rng, optest.TierTest{
		Memory: memory, Disk: openTiered(t, backend, keys, calls), Tables: tables,
		Dead: func(_ optest.Tiered, row string) bool { return strings.HasSuffix(row, " 0") }, // the last state is how many rows a group has
		Open: func(onDisk bool) optest.Tiered {
			if onDisk {
				return openTiered(t, backend, keys, calls)
			}
			return openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
		},
		Next: func() (dataflow.Port, *columnar.Batch) {
			hot += rng.Int64N(8)
			rows, kinds := optest.HotChanges(&live, retracts, hot, rng)
			return 0, optest.Batch(rows, kinds, rng)
		},
	})
	optest.Must(t, backend.Close())
}

// TestSnapshotWhileEvicting takes snapshots of everything at each stage of writing a generation to disk, and
// lets generations pass before they are copied.
func TestSnapshotWhileEvicting(t *testing.T) {
	const rows = 500 // of a batch, each of a key of its own: less than are written to disk at once
	rng := rand.New(rand.NewPCG(14, 0))
	calls := slices.DeleteFunc(tierCalls(t, false), func(a *expr.Aggregate) bool { return a.Distinct }) // whose values are evicted too
	keys := []int{0, 1}
	backend := state.NewBackend(t.TempDir(), 4<<20)
	disk := openTiered(t, backend, keys, calls)
	out := optest.NewFold()
	made := 0
	work := func() {
		in := make([]optest.Row, rows)
		for i := range in {
			in[i] = optest.Row{Key: fmt.Sprintf("a key that is long %d", made), Price: int64(made)}
			made++
		}
		b := optest.Batch(in, nil, rng)
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
		var chain optest.Chain
		first := true
		chain.Take(t, disk, true, func() int { return 1000 }, func() {
			for n := 0; first && n < 60; n++ {
				work()
			}
			first = false
		})
		again := openAggregate(t, keys, calls, Changelog).(*ChangelogAggregate)
		chain.Restore(t, again)
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
