package optest

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Tiered is an operator whose rows may be on disk.
type Tiered interface {
	dataflow.Operator
	dataflow.Incremental
	dataflow.Measurer
}

// TierTest is an operator that holds all in memory, one that may hold little there, and their input.
type TierTest struct {
	Memory, Disk Tiered
	Tables       map[string]*columnar.Schema      // of snapshots of the former
	Dead         func(op Tiered, row string) bool // rows of them that do not matter
	Open         func(onDisk bool) Tiered
	Next         func() (dataflow.Port, *columnar.Batch)
	Then         func(op Tiered, out dataflow.Output) // what follows a batch; nil: nothing
	Snapshots    int                                  // that are taken, by default 12

	waiting []taken
}

// taken is a batch of an input.
type taken struct {
	in dataflow.Port
	b  *columnar.Batch
}

// CheckTiers feeds both operators: after every batch what is left of their changelogs is the same, and what
// is restored from incremental snapshots of the one on disk, by either, is the state of the other at the
// barrier. It closes both.
func CheckTiers(t testing.TB, rng *rand.Rand, c TierTest) {
	t.Helper()
	said, told := NewFold(), NewFold()
	several := func(most int) {
		for range rng.IntN(most) {
			c.feed(t, rng, said, told)
		}
	}
	alive := func(op Tiered) []string {
		rows := State(t, op, c.Tables)
		if c.Dead == nil {
			return rows
		}
		return slices.DeleteFunc(rows, func(row string) bool { return c.Dead(op, row) })
	}
	var chain Chain
	for n := range cmp.Or(c.Snapshots, 12) {
		several(12)
		full := n == 0 || rng.IntN(5) == 0
		want := alive(c.Memory)
		chain.Take(t, c.Disk, full, func() int { return 1 + rng.IntN(256) }, func() { several(3) })
		again := c.Open(rng.IntN(2) == 0)
		chain.Restore(t, again)
		again = Restored(t, again, c.Open(false))
		if got := alive(again); !slices.Equal(got, want) {
			t.Fatalf("snapshot %d (full %t): restored %d rows, want %d: %s", n, full, len(got), len(want), FirstDifference(got, want))
		}
		Must(t, again.Close())
	}
	c.end(t)
}

// feed gives the next batch to both.
func (c *TierTest) feed(t testing.TB, rng *rand.Rand, said, told *Fold) {
	t.Helper()
	if len(c.waiting) == 0 {
		c.wait(t, rng)
	}
	next := c.waiting[0]
	c.waiting = c.waiting[1:]
	defer next.b.Release()
	for _, to := range []struct {
		op  Tiered
		out *Fold
	}{{c.Disk, said}, {c.Memory, told}} {
		status, err := to.op.Process(next.in, next.b, to.out)
		if r, ok := to.op.(dataflow.Resumer); ok {
			Drain(t, r, status, err, to.out)
		}
		Must(t, err)
		if c.Then != nil {
			c.Then(to.op, to.out)
		}
	}
	if said.Err != nil || !maps.Equal(said.Rows, told.Rows) {
		t.Fatalf("%v: %q", said.Err, Differing(said.Rows, told.Rows))
	}
}

// wait makes a few batches wait and shows those of an input to the operator on disk.
func (c *TierTest) wait(t testing.TB, rng *rand.Rand) {
	t.Helper()
	var shown []*columnar.Batch
	for range 1 + rng.IntN(4) {
		in, b := c.Next()
		if c.waiting = append(c.waiting, taken{in, b}); in == c.waiting[0].in {
			shown = append(shown, b)
		}
	}
	if op, ok := c.Disk.(dataflow.LookAhead); ok {
		Must(t, op.Ahead(c.waiting[0].in, shown))
	}
}

// end closes both and what nobody has taken.
func (c *TierTest) end(t testing.TB) {
	t.Helper()
	for _, op := range []Tiered{c.Disk, c.Memory} {
		if op.StateBytes() == 0 {
			t.Error("an operator has no state")
		}
		Must(t, op.Close())
	}
	for _, w := range c.waiting {
		w.b.Release()
	}
}
