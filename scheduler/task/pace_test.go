package task

import (
	"fmt"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
)

// copier has a snapshot of some pieces.
type copier struct{ log, left int }

func (c *copier) Process(dataflow.Port, *columnar.Batch, dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, nil
}

func (c *copier) Freeze(dataflow.Epoch, bool, *state.Writer) error { return nil }
func (c *copier) Snapshot(dataflow.Epoch, *state.Writer) error     { return nil }
func (c *copier) Restore(*state.Reader) error                      { return nil }
func (c *copier) Close() error                                     { return nil }
func (c *copier) Copy(int) (done bool, err error)                  { c.log++; c.left--; return c.left == 0, nil }

// TestCopyingIsPaidFor steps a task with a snapshot in progress: while batches wait, one piece is copied for as
// many rows as it has; without any a piece is copied in each step.
func TestCopyingIsPaidFor(t *testing.T) {
	for _, c := range []struct {
		name          string
		rows, batches int
		want          string // pieces copied after each step
	}{
		{"large batches", copyRows, 4, "[1 2 3 4]"},
		{"half as large", copyRows / 2, 4, "[1 1 2 2]"},
		{"small ones", 1, copyRows/stepRows + 1, fmt.Sprint(append(ones(copyRows/stepRows), 2))},
		{"none", 0, 0, "[1 2 3 4]"},
	} {
		op := &copier{left: 1000}
		task := &Task{mark: dataflow.MinTime, wake: make(chan struct{}, 1), tail: oneExit()}
		task.store = func(*rpc.Acknowledge, state.Blob) {}
		l := newLink(&graph.Node{Inputs: make([]graph.Edge, 1)}, op, task.tail.exits[0])
		task.head, task.links = l, []*link{l}
		in := shuffle.NewChannel(0)
		task.ports = []*inputPort{{open: 1, channels: []*inputChannel{{Channel: in, mark: dataflow.MinTime}}, mark: dataflow.MinTime}}
		task.tail.begin(&taskSnapshot{epoch: 1, copying: []*copying{{link: l}}})
		for range c.batches {
			b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "v", Type: columnar.TypeBigInt}))
			b.Reset(c.rows)
			b.SetLen(c.rows)
			in.Push(b.Own())
		}
		var got []int
		for range max(c.batches, 4) {
			result, err := task.step(t.Context())
			must(t, err)
			if result != Progressed {
				t.Errorf("%s: a step gives %v", c.name, result)
			}
			got = append(got, op.log)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: pieces copied %v, want %s", c.name, got, c.want)
		}
		must(t, task.Close(true))
	}
}

func ones(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = 1
	}
	return list
}
