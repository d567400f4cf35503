package task

import (
	"fmt"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/shuffle"
)

// readingAhead notes how many rows it is shown and takes; the first column tells nothing.
type readingAhead struct{ log []string }

func (r *readingAhead) Ahead(_ dataflow.Port, waiting []*columnar.Batch) error {
	text := "ahead"
	for _, b := range waiting {
		text += fmt.Sprint(" ", b.Live())
	}
	r.log = append(r.log, text)
	return nil
}

func (r *readingAhead) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	r.log = append(r.log, fmt.Sprint("take ", b.Live()))
	return dataflow.Done, nil
}

func (r *readingAhead) Close() error { return nil }

// TestLookAhead has batches wait in two channels of an input, in front of barriers and behind them: each is
// shown once, with those that can be taken before the barrier.
func TestLookAhead(t *testing.T) {
	op := &readingAhead{}
	task := &Task{mark: dataflow.MinTime, tail: &tail{}}
	task.head = newLink(&graph.Node{Inputs: make([]graph.Edge, 1)}, op, task.tail.exit())
	port := &inputPort{open: 2, mark: dataflow.MinTime}
	for range 2 {
		port.channels = append(port.channels, &inputChannel{Channel: shuffle.NewChannel(0), mark: dataflow.MinTime})
	}
	task.ports = append(task.ports, port)
	schema := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	push := func(channel int, sizes ...int) {
		for _, n := range sizes {
			b := columnar.NewBatch(schema)
			b.Reset(n)
			port.channels[channel].Push(b.Own())
		}
	}
	push(0, 1, 2)
	push(1, 3)
	port.channels[0].PushBarrier(1)
	push(0, 4)
	push(1, 5)
	for range 6 { // five batches and a barrier
		result, err := task.intake()
		if must(t, err); result != Progressed {
			t.Fatal("nothing to take")
		}
		if len(op.log) == 2 {
			push(1, 6) // comes when the others have been shown
		}
	}
	const want = "ahead 1 2 3 5, take 1, take 3, take 2, take 5, ahead 6, take 6"
	if got := strings.Join(op.log, ", "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
