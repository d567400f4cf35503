package join

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

func openTieredJoin(t *testing.T, backend *state.Backend, spec Spec) *Symmetric {
	t.Helper()
	spec.LeftKeys, spec.RightKeys = []int{0}, []int{0}
	j, s := NewSymmetric(spec), pairSchema()
	ctx := &dataflow.Context{
		Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: mem.NewBudget(1 << 10), Env: &expr.Env{}, Checkpoints: true, State: backend,
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
	before := mem.AllocatedBytes()
	for _, typ := range []Type{Inner, Left, Full, Semi, Anti} {
		for _, bytes := range []int64{0, 60 << 10} {
			t.Run(fmt.Sprintf("%s, %d bytes", typ, bytes), func(t *testing.T) {
				checkJoinOnDisk(t, Spec{Type: typ}, bytes)
			})
		}
	}
	if after := mem.AllocatedBytes(); after != before {
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

func checkJoinOnDisk(t *testing.T, spec Spec, bytes int64) {
	rng := rand.New(rand.NewPCG(12, uint64(bytes)))
	backend := state.NewBackend(t.TempDir(), bytes)
	memory := openSymmetric(t, spec)
	tables := map[string]*columnar.Schema{}
	for in := range memory.sides {
		tables[sideName(in)] = memory.sides[in].stateSchema()
	}
	var held [2][]pairRow
	next, hot := int64(0), int64(0)
	optest.CheckTiers(t, rng, optest.TierTest{
		Memory: memory, Disk: openTieredJoin(t, backend, spec), Tables: tables,
		Open: func(onDisk bool) optest.Tiered {
			if onDisk {
				return openTieredJoin(t, backend, spec)
			}
			return openSymmetric(t, spec)
		},
		Next: func() (dataflow.Port, *columnar.Batch) {
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
