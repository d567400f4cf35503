package task

import (
	"fmt"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/shuffle"
)

// slow takes a batch in two calls and passes it on in the second; it notes what it is asked to write down.
type slow struct {
	batch  *columnar.Batch
	frozen []dataflow.Epoch
}

func (s *slow) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	s.batch = b.Keep()
	return dataflow.More, nil
}

func (s *slow) Resume(out dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, out.Emit(s.batch.Own())
}

func (s *slow) Prepare(epoch dataflow.Epoch, _ bool) ([]dataflow.Committable, error) {
	s.frozen = append(s.frozen, epoch)
	return nil, nil
}

func (s *slow) Close() error { return nil }

// TestFork lets a batch, a barrier and the end come to a fork one of whose ways is slow: both ways get all
// in order, the batch is whoever's keeps it, and the snapshot begins when the barrier has passed both.
func TestFork(t *testing.T) {
	task := &Task{mark: dataflow.MinTime, tail: &tail{}}
	op := &slow{}
	through, direct := task.tail.exit(), task.tail.exit()
	l := newLink(&graph.Node{Name: "slow", Inputs: make([]graph.Edge, 1)}, op, through)
	task.head, task.links = fork{l, direct}, []*link{l}
	channels := make([]*shuffle.Channel, 2)
	for i, x := range []*exit{through, direct} {
		channels[i] = shuffle.NewChannel(4)
		x.writers = []*shuffle.Writer{shuffle.NewWriter(graph.Partitioning{Scheme: graph.Forward}, channels[i:i+1])}
	}
	b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "v", Type: columnar.TypeBigInt}))
	b.Cols[0].Reset(3)
	copy(columnar.Values[int64](b.Cols[0]), []int64{1, 2, 3})
	b.SetLen(3)
	s := &taskSnapshot{epoch: 1}
	for _, e := range []event{{kind: batchEvent, batch: b.Own()}, {kind: barrierEvent, snapshot: s}, {kind: endEvent}} {
		must(t, task.head.handle(e))
	}
	if task.head.(fork).Room() || task.tail.snapshot != nil || task.tail.whole() || len(op.frozen) > 0 {
		t.Error("the slow way has passed what it is not done with")
	}
	if finished, err := l.advance(); !finished || err != nil {
		t.Errorf("finished %v, %v", finished, err)
	}
	if task.tail.snapshot != s || !task.tail.whole() || fmt.Sprint(op.frozen) != "[1 2]" {
		t.Errorf("snapshot %v, whole %v, prepared for %v", task.tail.snapshot, task.tail.whole(), op.frozen)
	}
	for i, c := range channels {
		got := ""
		for e, ok, err := c.Pop(); ok; e, ok, err = c.Pop() {
			must(t, err)
			switch {
			case e.Batch != nil:
				got += fmt.Sprint(columnar.Values[int64](e.Batch.Cols[0])[:e.Batch.Len()])
				e.Batch.Release()
			case e.Barrier != 0:
				got += fmt.Sprint(" barrier ", e.Barrier)
			case e.End:
				got += " end"
			}
		}
		if got != "[1 2 3] barrier 1 end" {
			t.Errorf("way %d got %s", i, got)
		}
	}
	b.Release()
	if task.head.Done() {
		t.Error("both ways are said to want no more")
	}
	channels[0].Cancel()
	if task.head.Done() {
		t.Error("one way still wants more")
	}
	channels[1].Cancel()
	if !task.head.Done() {
		t.Error("no way wants more")
	}
}
