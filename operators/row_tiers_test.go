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

func openTieredJoin(t *testing.T, backend *state.Backend, spec JoinSpec) *SymmetricJoin {
	t.Helper()
	spec.LeftKeys, spec.RightKeys = []int{0}, []int{0}
	j, s := NewSymmetricJoin(spec), pairSchema()
	ctx := &dataflow.Context{
		Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: columnar.NewBudget(1 << 10), Env: &expr.Env{}, Checkpoints: true, State: backend,
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
	memory := openSymmetric(t, spec)
	tables := map[string]*columnar.Schema{}
	for in := range memory.sides {
		tables[sideName(in)] = memory.sides[in].stateSchema()
	}
	var held [2][]pairRow
	next, hot := int64(0), int64(0)
	checkTiers(t, rng, tieredTest{
		memory: memory, disk: openTieredJoin(t, backend, spec), tables: tables,
		open: func(onDisk bool) tieredOperator {
			if onDisk {
				return openTieredJoin(t, backend, spec)
			}
			return openSymmetric(t, spec)
		},
		next: func() (dataflow.Port, *columnar.Batch) {
			hot += rng.Int64N(8)
			in := rng.IntN(2)
			rows, kinds := joinChanges(rng, &held[in], hot, &next)
			return dataflow.Port(in), pairBatch(rows, kinds, rng)
		},
	})
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
}

// tieredOperator is an operator whose rows may be on disk.
type tieredOperator interface {
	dataflow.Operator
	dataflow.Resumer
	dataflow.Incremental
	dataflow.Measurer
}

type tieredTest struct {
	memory, disk tieredOperator
	tables       map[string]*columnar.Schema // of snapshots of the former
	open         func(onDisk bool) tieredOperator
	next         func() (dataflow.Port, *columnar.Batch)
}

// checkTiers feeds both operators: after every batch what is left of their changelogs is the same, and what
// is restored from incremental snapshots of the one on disk, by either, is the state of the other at the
// barrier.
func checkTiers(t *testing.T, rng *rand.Rand, c tieredTest) {
	t.Helper()
	said, told := newFullSink(), newFullSink()
	work := func() {
		in, b := c.next()
		defer b.Release()
		for _, to := range []struct {
			op  tieredOperator
			out *fullSink
		}{{c.disk, said}, {c.memory, told}} {
			status, err := to.op.Process(in, b, to.out)
			drain(t, to.op, status, err, to.out)
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
		want := stateOf(t, c.memory, c.tables)
		var w state.Writer
		if err := c.disk.Freeze(epoch, full, &w); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			for range rng.IntN(3) {
				work()
			}
			var err error
			if done, err = c.disk.Copy(1 + rng.IntN(64)); err != nil {
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
		again := c.open(rng.IntN(2) == 0)
		if err := again.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
			t.Fatal(err)
		}
		again = restored(t, again, c.open(false)).(tieredOperator)
		if got := stateOf(t, again, c.tables); !slices.Equal(got, want) {
			t.Fatalf("epoch %d (full %t): restored %d rows, want %d: %s", epoch, full, len(got), len(want), firstDifference(got, want))
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range []tieredOperator{c.disk, c.memory} {
		if op.StateBytes() == 0 {
			t.Error("an operator has no state")
		}
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRowsOnDisk is TestJoinOnDisk for numbered and for deduplicated rows.
func TestRowsOnDisk(t *testing.T) {
	number := columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()}
	s := aggSchema()
	byPrice := []SortKey{{Column: 2, Desc: true}}
	for name, make := range map[string]func() tieredOperator{
		"three": func() tieredOperator {
			return NewRank(RankSpec{Partition: []int{0}, Keys: byPrice, From: 1, To: 3, Number: true})
		},
		"second": func() tieredOperator { return NewRank(RankSpec{Partition: []int{0}, Keys: byPrice, From: 2, To: 2}) },
		"taken back": func() tieredOperator {
			return NewRank(RankSpec{Partition: []int{0}, Keys: byPrice, From: 1, To: 2, Retract: true})
		},
		"first": func() tieredOperator { return NewDeduplicate(DeduplicateSpec{Keys: []int{0}, Keep: First}) },
		"last":  func() tieredOperator { return NewDeduplicate(DeduplicateSpec{Keys: []int{0}, Keep: Last}) },
	} {
		for _, bytes := range []int64{0, 100 << 10} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, bytes), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(13, uint64(bytes)))
				backend := state.NewBackend(t.TempDir(), bytes)
				out := s
				if name == "three" {
					out = columnar.NewSchema(append(slices.Clone(s.Fields), number)...)
				}
				open := func(onDisk bool) tieredOperator {
					ctx := &dataflow.Context{
						Name: "rows", Inputs: []*columnar.Schema{s}, Output: out, Budget: columnar.NewBudget(0), Env: &expr.Env{}, Checkpoints: true,
					}
					if onDisk {
						ctx.State, ctx.Budget = backend, columnar.NewBudget(1<<10) // the backend bounds memory, not the budget
					}
					op := make()
					if err := op.(dataflow.Opener).Open(ctx); err != nil {
						t.Fatal(err)
					}
					return op
				}
				var live []aggRow
				hot := int64(0)
				checkTiers(t, rng, tieredTest{
					memory: open(false), disk: open(true), tables: map[string]*columnar.Schema{"rows": s}, open: open,
					next: func() (dataflow.Port, *columnar.Batch) {
						hot += rng.Int64N(8)
						rows, kinds := tierInput(&live, name == "taken back", hot, rng)
						return 0, aggBatch(rows, kinds, rng)
					},
				})
				if err := backend.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// TestGoneRowsOnDisk takes a row back, then has more leave memory than is put aside for the next snapshot,
// which is of everything then but follows on the one before: it still tells that the row is gone.
func TestGoneRowsOnDisk(t *testing.T) {
	backend, s := state.NewBackend(t.TempDir(), 0), aggSchema()
	open := func(onDisk bool) *Rank {
		ctx := &dataflow.Context{
			Name: "rows", Inputs: []*columnar.Schema{s}, Output: s, Budget: columnar.NewBudget(0), Env: &expr.Env{}, Checkpoints: true,
		}
		if onDisk {
			ctx.State = backend
		}
		r := NewRank(RankSpec{Partition: []int{0}, Keys: []SortKey{{Column: 2}}, From: 1, To: 1, Retract: true})
		if err := r.Open(ctx); err != nil {
			t.Fatal(err)
		}
		return r
	}
	rng := rand.New(rand.NewPCG(15, 0))
	op, out := open(true), newFullSink()
	process := func(key string, kind columnar.RowKind) {
		b := aggBatch([]aggRow{{key: key}}, []columnar.RowKind{kind}, rng)
		defer b.Release()
		status, err := op.Process(0, b, out)
		drain(t, op, status, err, out)
	}
	var sections []state.Section // newest first
	snapshot := func(epoch dataflow.Epoch, full bool) {
		var w state.Writer
		if err := op.Freeze(epoch, full, &w); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			var err error
			if done, err = op.Copy(100); err != nil {
				t.Fatal(err)
			}
		}
		for i := range sections {
			sections[i].Age++
		}
		sections = append(sectionsOf(t, &w, 0), sections...)
	}
	process("goes", columnar.Insert)
	process("stays", columnar.Insert)
	snapshot(1, true)
	process("goes", columnar.Retract)
	const large, megabyte = 50, 1 << 20
	for i := range large {
		process(strings.Repeat(string(rune('A'+i)), megabyte), columnar.Insert)
	}
	snapshot(2, false)
	again := open(false)
	if err := again.Restore(&state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}); err != nil {
		t.Fatal(err)
	}
	if got := again.rows.Live(); got != large+1 {
		t.Errorf("restored %d rows of %d", got, large+1)
	}
	if err := errors.Join(op.Close(), again.Close(), backend.Close()); err != nil {
		t.Fatal(err)
	}
}
