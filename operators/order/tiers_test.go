package order

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

// TestRowsOnDisk is TestJoinOnDisk for numbered and for deduplicated rows.
func TestRowsOnDisk(t *testing.T) {
	number := columnar.Field{Name: "n", Type: columnar.TypeBigInt.Required()}
	s := optest.Schema()
	byPrice := []Key{{Column: 2, Desc: true}}
	for name, make := range map[string]func() optest.Tiered{
		"three": func() optest.Tiered {
			return NewRank(RankSpec{Partition: []int{0}, Keys: byPrice, From: 1, To: 3, Number: true})
		},
		"second": func() optest.Tiered { return NewRank(RankSpec{Partition: []int{0}, Keys: byPrice, From: 2, To: 2}) },
		"taken back": func() optest.Tiered {
			return NewRank(RankSpec{Partition: []int{0}, Keys: byPrice, From: 1, To: 2, Retract: true})
		},
		"first": func() optest.Tiered { return NewDeduplicate(DeduplicateSpec{Keys: []int{0}, Keep: First}) },
		"last":  func() optest.Tiered { return NewDeduplicate(DeduplicateSpec{Keys: []int{0}, Keep: Last}) },
	} {
		for _, bytes := range []int64{0, 100 << 10} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, bytes), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(13, uint64(bytes)))
				backend := state.NewBackend(t.TempDir(), bytes)
				out := s
				if name == "three" {
					out = columnar.NewSchema(append(slices.Clone(s.Fields), number)...)
				}
				open := func(onDisk bool) optest.Tiered {
					ctx := &dataflow.Context{
						Name: "rows", Inputs: []*columnar.Schema{s}, Output: out, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true,
					}
					if onDisk {
						ctx.State, ctx.Budget = backend, mem.NewBudget(1<<10) // the backend bounds memory, not the budget
					}
					op := make()
					if err := op.(dataflow.Opener).Open(ctx); err != nil {
						t.Fatal(err)
					}
					return op
				}
				var live []optest.Row
				hot := int64(0)
				optest.CheckTiers(t, rng, optest.TierTest{
					Memory: open(false), Disk: open(true), Tables: map[string]*columnar.Schema{"rows": s}, Open: open,
					Next: func() (dataflow.Port, *columnar.Batch) {
						hot += rng.Int64N(8)
						rows, kinds := optest.HotChanges(&live, name == "taken back", hot, rng)
						return 0, optest.Batch(rows, kinds, rng)
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
	backend, s := state.NewBackend(t.TempDir(), 0), optest.Schema()
	open := func(onDisk bool) *Rank {
		ctx := &dataflow.Context{
			Name: "rows", Inputs: []*columnar.Schema{s}, Output: s, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true,
		}
		if onDisk {
			ctx.State = backend
		}
		r := NewRank(RankSpec{Partition: []int{0}, Keys: []Key{{Column: 2}}, From: 1, To: 1, Retract: true})
		if err := r.Open(ctx); err != nil {
			t.Fatal(err)
		}
		return r
	}
	rng := rand.New(rand.NewPCG(15, 0))
	op, out := open(true), optest.NewFold()
	process := func(key string, kind columnar.RowKind) {
		b := optest.Batch([]optest.Row{{Key: key}}, []columnar.RowKind{kind}, rng)
		defer b.Release()
		status, err := op.Process(0, b, out)
		optest.Drain(t, op, status, err, out)
	}
	var chain optest.Chain
	snapshot := func(full bool) { chain.Take(t, op, full, func() int { return 100 }, func() {}) }
	process("goes", columnar.Insert)
	process("stays", columnar.Insert)
	snapshot(true)
	process("goes", columnar.Retract)
	const large, megabyte = 50, 1 << 20
	for i := range large {
		process(strings.Repeat(string(rune('A'+i)), megabyte), columnar.Insert)
	}
	snapshot(false)
	again := open(false)
	chain.Restore(t, again)
	if got := again.rows.Live(); got != large+1 {
		t.Errorf("restored %d rows of %d", got, large+1)
	}
	if err := errors.Join(op.Close(), again.Close(), backend.Close()); err != nil {
		t.Fatal(err)
	}
}
