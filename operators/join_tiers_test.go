package operators

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

func openTieredJoin(t *testing.T, backend *state.Backend, spec JoinSpec) *SymmetricJoin {
	t.Helper()
	spec.LeftKeys, spec.RightKeys = []int{0}, []int{0}
	j, s := NewSymmetricJoin(spec), pairSchema()
	ctx := &dataflow.Context{
		Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: columnar.NewBudget(0), Env: &expr.Env{}, Checkpoints: true, State: backend,
	}
	if err := j.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestJoinOnDisk feeds one join that may hold little in memory and one that holds all: after every batch
// what is left of their changelogs is the same, and what is restored from incremental snapshots of the
// former, by either, is the state of the latter at the barrier.
func TestJoinOnDisk(t *testing.T) {
	before := columnar.AllocatedBytes()
	for _, typ := range []JoinType{Inner, Left, Full, Semi, Anti} {
		for _, bytes := range []int64{0, 60 << 10} {
			t.Run(fmt.Sprintf("%s, %d bytes", typ, bytes), func(t *testing.T) {
				checkJoinOnDisk(t, JoinSpec{Type: typ}, bytes)
			})
		}
	}
	if after := columnar.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still held", after-before)
	}
}

// joinChanges are random changes of rows most of whose keys are near hot.
func joinChanges(rng *rand.Rand, held *[]pairRow, hot int64, next *int64) (rows []pairRow, kinds []columnar.RowKind) {
	for range 1 + rng.IntN(60) {
		if n := len(*held); n > 0 && rng.IntN(5) < 2 {
			at := rng.IntN(n)
			rows, kinds = append(rows, (*held)[at]), append(kinds, columnar.Retract)
			*held = slices.Delete(*held, at, at+1)
			continue
		}
		*next++
		r := pairRow{key: hot + rng.Int64N(20), null: rng.IntN(15) == 0, id: *next}
		switch rng.IntN(4) {
		case 0:
			r.key = rng.Int64N(hot + 20)
		case 1:
			r.id %= 5 // the same row may be there several times
		}
		rows, kinds = append(rows, r), append(kinds, columnar.Insert)
		*held = append(*held, r)
	}
	return rows, kinds
}

func checkJoinOnDisk(t *testing.T, spec JoinSpec, bytes int64) {
	rng := rand.New(rand.NewPCG(12, uint64(bytes)))
	backend := state.NewBackend(t.TempDir(), bytes)
	disk, memory := openTieredJoin(t, backend, spec), openSymmetric(t, spec)
	tables := map[string]*columnar.Schema{}
	for in := range memory.sides {
		tables[sideName(in)] = memory.sides[in].stateSchema()
	}
	said, told := newFullSink(), newFullSink()
	var held [2][]pairRow
	next, hot := int64(0), int64(0)
	work := func() {
		hot += rng.Int64N(8)
		in := rng.IntN(2)
		rows, kinds := joinChanges(rng, &held[in], hot, &next)
		b := pairBatch(rows, kinds, rng)
		defer b.Release()
		for op, out := range map[*SymmetricJoin]*fullSink{disk: said, memory: told} {
			status, err := op.Process(dataflow.Port(in), b, out)
			drain(t, op, status, err, out)
		}
		if said.err != nil || !maps.Equal(said.rows, told.rows) {
			t.Fatalf("%v: %q", said.err, differing(said.rows, told.rows))
		}
	}
	var sections []state.Section // newest first
	for epoch := dataflow.Epoch(1); epoch <= 12; epoch++ {
		for range rng.IntN(12) {
			work()
		}
		full := epoch == 1 || rng.IntN(5) == 0
		want := stateOf(t, memory, tables)
		var w state.Writer
		if err := disk.Freeze(epoch, full, &w); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			for range rng.IntN(3) {
				work()
			}
			var err error
			if done, err = disk.Copy(1 + rng.IntN(64)); err != nil {
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
		again := openSymmetric(t, spec)
		if rng.IntN(2) == 0 {
			again = openTieredJoin(t, backend, spec)
		}
		if err := again.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
			t.Fatal(err)
		}
		again = restored(t, again, openSymmetric(t, spec)).(*SymmetricJoin)
		if got := stateOf(t, again, tables); !slices.Equal(got, want) {
			t.Fatalf("epoch %d (full %t): restored %d rows, want %d: %s", epoch, full, len(got), len(want), firstDifference(got, want))
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range []*SymmetricJoin{disk, memory} {
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
}
