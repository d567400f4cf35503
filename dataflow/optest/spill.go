package optest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state/spill"
)

// Gathering is an operator that takes all of its inputs before it has emitted all.
type Gathering interface {
	dataflow.Operator
	dataflow.Resumer
	dataflow.InputEnder
}

// Numbered is a row of a number and a text that is unique.
type Numbered struct {
	Key  int64
	Null bool
	ID   int
}

// Text is the row as sinks show it.
func (r Numbered) Text() string {
	if r.Null {
		return fmt.Sprintf(" NULL the text of row %d", r.ID)
	}
	return fmt.Sprintf(" %d the text of row %d", r.Key, r.ID)
}

// NumberedSchema is k BIGINT, s STRING.
func NumberedSchema() *columnar.Schema {
	return columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeBigInt}, columnar.Field{Name: "s", Type: columnar.TypeString})
}

// NumberedRows are n rows over that many keys, a few of them null.
func NumberedRows(n, keys int, seed uint64) (rows []Numbered) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		rows = append(rows, Numbered{Key: rng.Int64N(int64(keys)), Null: rng.IntN(50) == 0, ID: int(seed)*1_000_000 + i})
	}
	return rows
}

// NumberedBatch makes a batch of rows, every second position of which may be dead.
func NumberedBatch(rows []Numbered, rng *rand.Rand) *columnar.Batch {
	b := columnar.NewBatch(NumberedSchema())
	Spread(b, len(rows), nil, rng, func(i, k int, dead bool) {
		if dead {
			b.Cols[1].SetString(i, fmt.Sprintf("the text of a row that is %d", i))
			return
		}
		columnar.Values[int64](b.Cols[0])[i] = rows[k].Key
		if rows[k].Null {
			b.Cols[0].SetNull(i)
		}
		b.Cols[1].SetString(i, fmt.Sprintf("the text of row %d", rows[k].ID))
	})
	return b
}

// FeedNumbered gives an operator rows on an input, and its end.
func FeedNumbered(t testing.TB, op Gathering, in dataflow.Port, rows []Numbered, out dataflow.Output) {
	t.Helper()
	rng := rand.New(rand.NewPCG(9, 9))
	for part := range slices.Chunk(rows, 500) {
		b := NumberedBatch(part, rng)
		status, err := op.Process(in, b, out)
		b.Release() // what it needs, it has kept
		Drain(t, op, status, err, out)
	}
	status, err := op.EndInput(in, out)
	Drain(t, op, status, err, out)
}

// Spilling runs an operator twice, with all the memory it wants and with next to none, and returns what
// it emits each time. feed gives the operator its input.
func Spilling(t *testing.T, inputs []*columnar.Schema, output *columnar.Schema, mk func() Gathering, feed func(op Gathering, out *Log)) (roomy, tight []string) {
	t.Helper()
	run := func(limit int64) []string {
		dir := t.TempDir()
		area, budget, out := spill.NewArea(dir), mem.NewBudget(limit), &Log{}
		op := mk()
		ctx := &dataflow.Context{Name: "op", Inputs: inputs, Output: output, Budget: budget, Env: &expr.Env{}, Spill: area}
		Must(t, op.(dataflow.Opener).Open(ctx))
		feed(op, out)
		Must(t, op.Close())
		if spilled := area.WrittenBytes() > 0; spilled != (limit > 0) {
			t.Errorf("with a limit of %d bytes, rows went to disk: %v", limit, spilled)
		}
		if budget.Used() != 0 {
			t.Errorf("%d bytes are still reserved", budget.Used())
		}
		Must(t, area.Close())
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
		return out.Rows
	}
	return run(0), run(128 << 10)
}

// CheckNoRoom opens an operator over numbered rows without the memory it starts with: it is refused, and
// nothing is held once it is closed.
func CheckNoRoom(t *testing.T, op dataflow.Operator, output *columnar.Schema) {
	t.Helper()
	s := NumberedSchema()
	before, budget := mem.AllocatedBytes(), mem.NewBudget(1<<10)
	ctx := &dataflow.Context{
		Name: "op", Inputs: []*columnar.Schema{s, s}, Output: output, Budget: budget, Env: &expr.Env{}, Spill: spill.NewArea(t.TempDir()),
	}
	var full *mem.MemoryError
	if err := op.(dataflow.Opener).Open(ctx); !errors.As(err, &full) {
		t.Errorf("error %v", err)
	}
	Must(t, op.Close())
	if budget.Used() != 0 || mem.AllocatedBytes() != before {
		t.Errorf("%d bytes are reserved, %d allocated", budget.Used(), mem.AllocatedBytes()-before)
	}
}
