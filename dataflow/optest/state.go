package optest

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

// Restored is fresh with the state of op, which it closes.
func Restored[T dataflow.Operator](t testing.TB, op, fresh T) T {
	t.Helper()
	var w state.Writer
	w.For("operator")
	Must(t, any(op).(dataflow.Snapshotter).Snapshot(1, &w))
	Must(t, op.Close())
	Must(t, any(fresh).(dataflow.Snapshotter).Restore(readerOf(Sections(t, &w))))
	return fresh
}

// Sections are what was written to a snapshot.
func Sections(t testing.TB, w *state.Writer) []state.Section {
	t.Helper()
	blob, err := w.Blob()
	Must(t, err)
	sections, err := state.Parse(bytes.Join(blob, nil))
	Must(t, err)
	return sections
}

func readerOf(sections []state.Section) *state.Reader {
	return &state.Reader{Parallelism: 1, Tasks: [][]state.Section{sections}}
}

// State is the operator's state as text: the rows of the named tables, sorted.
func State(t testing.TB, op dataflow.Snapshotter, tables map[string]*columnar.Schema) []string {
	t.Helper()
	var w state.Writer
	Must(t, op.Snapshot(1, &w))
	r := readerOf(Sections(t, &w))
	var rows []string
	for name, schema := range tables {
		Must(t, r.Rows(name, schema, func(b *columnar.Batch) error {
			for i := range b.Len() {
				rows = append(rows, name+Text(b, i))
			}
			return nil
		}))
	}
	slices.Sort(rows)
	return rows
}

// Chain takes incremental snapshots of an operator and keeps those that the last one follows on.
type Chain struct {
	sections []state.Section // newest first
	epoch    dataflow.Epoch
}

// Take takes a snapshot, of everything if full is set, and calls work between its copies, each of which is of step
// rows at the most.
func (c *Chain) Take(t testing.TB, op dataflow.Incremental, full bool, step func() int, work func()) {
	t.Helper()
	c.epoch++
	var w state.Writer
	Must(t, op.Freeze(c.epoch, full, &w))
	for done := false; !done; {
		work()
		var err error
		done, err = op.Copy(step())
		Must(t, err)
	}
	if full {
		c.sections = nil
	}
	for i := range c.sections {
		c.sections[i].Age++
	}
	c.sections = append(Sections(t, &w), c.sections...)
}

// Restore gives an operator the state at the last snapshot.
func (c *Chain) Restore(t testing.TB, op dataflow.Snapshotter) {
	t.Helper()
	Must(t, op.Restore(readerOf(c.sections)))
}

// CheckIncremental takes snapshots of op while it goes on working: what is restored from one and
// those it follows on is the state, the rows of tables, at its barrier. It closes op.
func CheckIncremental(t testing.TB, rng *rand.Rand, op dataflow.Incremental, tables map[string]*columnar.Schema, fresh func() dataflow.Incremental, work func()) {
	t.Helper()
	several := func(most int) {
		for range rng.IntN(most) {
			work()
		}
	}
	var chain Chain
	for n := range 30 {
		several(4)
		full := n == 0 || rng.IntN(7) == 0
		want := State(t, op, tables)
		chain.Take(t, op, full, func() int { return 1 + rng.IntN(64) }, func() { several(3) })
		again := fresh()
		chain.Restore(t, again)
		if got := State(t, again, tables); !slices.Equal(got, want) {
			t.Fatalf("snapshot %d (full %t): restored %d rows, want %d: %s", n, full, len(got), len(want), FirstDifference(got, want))
		}
		Must(t, again.(dataflow.Operator).Close())
	}
	Must(t, op.(dataflow.Operator).Close())
}

// FirstDifference says where two lists that are not equal differ.
func FirstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%q, want %q", got[i], want[i])
		}
	}
	return "one is the start of the other"
}
