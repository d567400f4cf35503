package shuffle

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
)

// flushRows is the size from which a partial batch is sent although its receiver is busy.
const flushRows = columnar.BatchRows / 2

// Writer spreads a task's output over the channels of one edge. Small pieces are gathered: a
// channel has at most one partial batch, which goes out at once while the receiver has nothing
// to read and otherwise when it is full.
type Writer struct {
	partition graph.Partitioning
	targets   []target
	next      int // of Rebalance

	hashes []uint64
	cols   []*columnar.Vector
	sels   [][]int32
	counts []int // rows in each of sels, while they are filled
}

type target struct {
	channel   *Channel
	partial   *columnar.Batch
	watermark dataflow.Time // to follow the partial batch
}

var _ dataflow.Output = (*Writer)(nil)

// NewWriter makes a writer of rows of the schema to the channels, one for each receiving
// subtask. Forward and Single take one channel.
func NewWriter(p graph.Partitioning, channels []*Channel) *Writer {
	w := &Writer{partition: p, sels: make([][]int32, len(channels)), counts: make([]int, len(channels))}
	for _, c := range channels {
		w.targets = append(w.targets, target{channel: c, watermark: dataflow.MinTime})
	}
	return w
}

// Emit sends the live rows of b where they belong.
func (w *Writer) Emit(b *columnar.Batch) error {
	if b.Live() == 0 {
		return nil
	}
	if len(w.targets) == 1 {
		w.send(&w.targets[0], b, true)
		return nil
	}
	switch w.partition.Scheme {
	case graph.Hash:
		w.scatter(b)
	case graph.Broadcast:
		for i := range w.targets {
			w.send(&w.targets[i], b, false)
		}
	case graph.Rebalance:
		w.send(&w.targets[w.next], b, true)
		w.next = (w.next + 1) % len(w.targets)
	default:
		return fmt.Errorf("%s exchange to %d subtasks", w.partition.Scheme, len(w.targets))
	}
	return nil
}

// send adds b to a target. A batch that is large enough goes as it is; sole says that no other
// target takes it too.
func (w *Writer) send(t *target, b *columnar.Batch, sole bool) {
	if t.partial == nil && b.Live() >= flushRows {
		if sole {
			t.push(b.Keep())
		} else {
			t.push(b.Copy())
		}
		return
	}
	t.add(b, b.Sel)
}

func (w *Writer) scatter(b *columnar.Batch) {
	w.cols = w.cols[:0]
	for _, k := range w.partition.Keys {
		w.cols = append(w.cols, b.Cols[k])
	}
	w.hashes = columnar.HashRows(w.hashes, w.cols, b.Sel, b.Len())
	w.split(b)
	for i := range w.targets {
		if len(w.sels[i]) > 0 {
			w.targets[i].add(b, w.sels[i])
		}
	}
}

// split fills w.sels with the rows of each target.
func (w *Writer) split(b *columnar.Batch) {
	n, rows := len(w.targets), len(w.hashes)
	for i := range w.sels {
		if cap(w.sels[i]) < rows {
			w.sels[i] = make([]int32, max(rows, columnar.BatchRows))
		}
		w.sels[i] = w.sels[i][:rows]
	}
	if n == 2 {
		w.halve(b)
		return
	}
	clear(w.counts)
	for k, h := range w.hashes {
		t := columnar.SubtaskOf(h, n)
		w.sels[t][w.counts[t]] = int32(b.Row(k))
		w.counts[t]++
	}
	for i := range w.sels {
		w.sels[i] = w.sels[i][:w.counts[i]]
	}
}

// halve is split for two targets, without a branch: a row is written to both selections and
// counted in one.
func (w *Writer) halve(b *columnar.Batch) {
	first, second := w.sels[0], w.sels[1]
	at := 0
	for k, h := range w.hashes {
		row := int32(b.Row(k))
		first[at], second[k-at] = row, row
		at += 1 - columnar.SubtaskOf(h, 2)
	}
	w.sels[0], w.sels[1] = first[:at], second[:len(w.hashes)-at]
}

func (t *target) add(b *columnar.Batch, sel []int32) {
	if t.partial == nil {
		t.partial = columnar.NewBatch(b.Schema)
	}
	t.partial.AppendSel(b, sel)
	if t.partial.Len() >= flushRows || t.channel.Starved() {
		t.flush()
	}
}

func (t *target) push(b *columnar.Batch) {
	t.channel.Push(b)
	t.sendWatermark()
}

func (t *target) flush() {
	if t.partial != nil {
		t.channel.Push(t.partial.Own())
		t.partial = nil
	}
	t.sendWatermark()
}

func (t *target) sendWatermark() {
	if t.watermark != dataflow.MinTime {
		t.channel.PushWatermark(t.watermark)
		t.watermark = dataflow.MinTime
	}
}

// Watermark sends t to all targets, after the rows before it; it forces nothing out.
func (w *Writer) Watermark(t dataflow.Time) {
	for i := range w.targets {
		w.targets[i].watermark = t
		if w.targets[i].partial == nil {
			w.targets[i].sendWatermark()
		}
	}
}

// Barrier sends what there is and then the barrier of the epoch to all targets.
func (w *Writer) Barrier(epoch dataflow.Epoch) {
	for i := range w.targets {
		w.targets[i].flush()
		w.targets[i].channel.PushBarrier(epoch)
	}
}

// Status sends what there is and then the status to all targets.
func (w *Writer) Status(s Status) {
	for i := range w.targets {
		w.targets[i].flush()
		w.targets[i].channel.PushStatus(s)
	}
}

// Flush sends all partial batches; the task calls it when it has nothing else to do.
func (w *Writer) Flush() {
	for i := range w.targets {
		w.targets[i].flush()
	}
}

// Taken sends what there is and reports that the consumers have taken all of it. If they have not, the
// task is woken when one has.
func (w *Writer) Taken() bool {
	w.Flush()
	for i := range w.targets {
		if !w.targets[i].channel.Taken() {
			return false
		}
	}
	return true
}

// End flushes and ends all channels.
func (w *Writer) End() {
	for i := range w.targets {
		w.targets[i].flush()
		w.targets[i].channel.PushEnd()
	}
}

// Room reports whether every channel has room.
func (w *Writer) Room() bool {
	for i := range w.targets {
		if !w.targets[i].channel.Room() {
			return false
		}
	}
	return true
}

// Done reports that no receiver wants more.
func (w *Writer) Done() bool {
	for i := range w.targets {
		if !w.targets[i].channel.Canceled() {
			return false
		}
	}
	return true
}

// Close drops what was not sent.
func (w *Writer) Close() {
	for i := range w.targets {
		if p := w.targets[i].partial; p != nil {
			p.Release()
			w.targets[i].partial = nil
		}
	}
}
