package order

import (
	"errors"
	"slices"
	"strconv"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// WindowRank numbers the rows of partitions that are parts of windows. It emits what a Rank would of a window
// that ends once the watermark says that no further row of the window can come, and forgets it then. Rows that come
// later nevertheless are left out and counted.
type WindowRank struct {
	spec    RankSpec
	ctx     *dataflow.Context
	store   *state.Store // nil: all rows are in memory
	account *mem.Account // of rows in memory
	per     int64        // units of the times of windows, per second

	windows []*rankWindow // by time
	mark    dataflow.Time
	late    int64
}

// windowPart says where a Rank that is of a WindowRank keeps its rows.
type windowPart struct {
	name  string                    // in snapshots
	store *state.Store              // nil: in memory
	scan  *state.Scan[*state.Lists] // of the rows, which are being emitted
}

// rankWindow has the rows of the windows of one time.
type rankWindow struct {
	*Rank
	time   int64   // in microseconds
	sel    []int32 // rows of a batch
	ending bool    // some of its rows may be out
}

var (
	_ dataflow.Operator    = (*WindowRank)(nil)
	_ dataflow.Resumer     = (*WindowRank)(nil)
	_ dataflow.Watermarker = (*WindowRank)(nil)
	_ dataflow.Incremental = (*WindowRank)(nil)
	_ dataflow.Counter     = (*WindowRank)(nil)
)

// NewWindowRank makes the operator of spec, which says when windows close.
func NewWindowRank(spec RankSpec) *WindowRank {
	spec.AtEnd, spec.Retract = true, false
	return &WindowRank{spec: spec, mark: dataflow.MinTime}
}

// Open finds out where rows are kept.
func (w *WindowRank) Open(ctx *dataflow.Context) error {
	w.ctx, w.store, w.account = ctx, ctx.State.Store(), ctx.Budget.Account(ctx.Name)
	w.per = columnar.UnitsPerSecond(ctx.Inputs[0].Fields[w.spec.Closing.Column].Type.Precision)
	return nil
}

// Process takes rows in.
func (w *WindowRank) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if err := w.take(b); err != nil {
		return dataflow.Done, err
	}
	if w.store != nil {
		return dataflow.Done, nil // each window accounts for what it has in memory
	}
	return dataflow.Done, w.account.Resize(w.StateBytes())
}

// take hands the rows to their windows.
func (w *WindowRank) take(b *columnar.Batch) error {
	var last *rankWindow
	var touched []*rankWindow
	times := b.Cols[w.spec.Closing.Column]
	for k := range b.Live() {
		i := b.Row(k)
		time := int64(dataflow.MaxTime)
		if !times.IsNull(i) {
			time = held.Micros(times, i, w.per)
		}
		if w.closed(time) {
			w.late++
			continue
		}
		if last == nil || last.time != time {
			var err error
			if last, err = w.window(time); err != nil {
				return err
			}
			if len(last.sel) == 0 {
				touched = append(touched, last)
			}
		}
		last.sel = append(last.sel, int32(i))
	}
	for _, x := range touched {
		err := x.keep(b.WithSel(x.sel))
		if x.sel = x.sel[:0]; err != nil {
			return err
		}
	}
	return nil
}

// closed reports that no further rows of the windows of a time are expected.
func (w *WindowRank) closed(time int64) bool {
	return w.mark == dataflow.MaxTime || time <= int64(w.mark)-w.spec.Closing.After
}

// window finds or makes the window of a time.
func (w *WindowRank) window(time int64) (*rankWindow, error) {
	at, found := slices.BinarySearchFunc(w.windows, time, func(x *rankWindow, time int64) int {
		switch {
		case x.time < time:
			return -1
		case x.time > time:
			return 1
		}
		return 0
	})
	if found {
		return w.windows[at], nil
	}
	x := &rankWindow{Rank: NewRank(w.spec), time: time}
	x.window = &windowPart{name: strconv.FormatInt(time, 10), store: w.store}
	err := x.Open(w.ctx)
	w.windows = slices.Insert(w.windows, at, x)
	return x, err
}

// Watermark emits the windows that t closes, the oldest first.
func (w *WindowRank) Watermark(t dataflow.Time, out dataflow.Output) (dataflow.Status, error) {
	w.mark = t
	return w.Resume(out)
}

// Resume goes on emitting.
func (w *WindowRank) Resume(out dataflow.Output) (dataflow.Status, error) {
	for len(w.windows) > 0 && w.closed(w.windows[0].time) {
		x := w.windows[0]
		emit := x.Rank.Resume
		if !x.ending {
			x.ending = true
			emit = func(out dataflow.Output) (dataflow.Status, error) { return x.EndInput(0, out) }
		}
		if status, err := emit(out); err != nil || status == dataflow.More {
			return status, err
		}
		w.windows = w.windows[1:]
		// A snapshot in progress began when the window was not out.
		if err := errors.Join(x.tiers.CopyAll(), x.Close()); err != nil {
			return dataflow.Done, err
		}
	}
	return dataflow.Done, nil
}

// scanMax is how many partitions of a window are brought together to be emitted.
const scanMax = columnar.BatchRows

// scanLists makes lists of further partitions of a window that has ended; none if all have been.
func (r *Rank) scanLists() error {
	x := r.window
	if x.scan == nil {
		x.scan = state.NewScan(r.tiers.Tiers)
	}
	lists, keys, err := x.scan.Next(scanMax)
	if err != nil {
		return err
	}
	r.rows, r.lists, r.next = lists.Table(), r.lists[:0], 0
	for _, id := range lists.Heads(keys) {
		r.lists = append(r.lists, rankList{ids: r.listOf(id)})
	}
	return nil
}

func (r *Rank) closeScan() error {
	if r.window == nil {
		return nil
	}
	return r.window.scan.Close()
}

// windowRankState is what a WindowRank remembers beside its rows.
type windowRankState struct {
	Mark dataflow.Time
	Late int64
}

// Snapshot writes the rows down.
func (w *WindowRank) Snapshot(epoch dataflow.Epoch, to *state.Writer) error {
	err := w.Freeze(epoch, true, to)
	for _, x := range w.windows {
		err = errors.Join(err, x.tiers.CopyAll())
	}
	return err
}

// Freeze begins a snapshot of the rows.
func (w *WindowRank) Freeze(_ dataflow.Epoch, full bool, to *state.Writer) error {
	to.Value("meta", windowRankState{w.mark, w.late})
	for _, x := range w.windows {
		if err := x.tiers.Freeze(full, to); err != nil {
			return err
		}
	}
	return nil
}

// Copy writes further rows.
func (w *WindowRank) Copy(n int) (done bool, err error) {
	for _, x := range w.windows {
		if done, err := x.tiers.Copy(n); err != nil || !done {
			return false, err
		}
	}
	return true, nil
}

// Restore takes the rows of this subtask's partitions in. All subtasks saw the same watermark before the barrier,
// so the windows that it had closed were emitted by each.
func (w *WindowRank) Restore(r *state.Reader) error {
	metas, err := state.Values[windowRankState](r, "meta")
	if err != nil {
		return err
	}
	late := int64(0)
	for i, m := range metas {
		if i == 0 || m.Mark < w.mark {
			w.mark = m.Mark
		}
		if r.Mine(i) {
			late += m.Late
		}
	}
	in := w.ctx.Inputs[0]
	err = rankForm(in, w.spec.Partition, "").Restore(r, func(rows *columnar.Batch, _ []uint64) error {
		b := &columnar.Batch{Schema: in, Cols: rows.Cols[:len(in.Fields)]}
		b.SetLen(rows.Len())
		return w.take(b)
	})
	w.late = late // not what is left out of older snapshots
	return err
}

// StateBytes is the size of the stored rows, in memory and on disk.
func (w *WindowRank) StateBytes() int64 {
	n := w.store.DiskBytes()
	for _, x := range w.windows {
		n += x.tiers.SizeBytes()
	}
	return n
}

// Counts are the late rows.
func (w *WindowRank) Counts() map[string]int64 { return map[string]int64{"late": w.late} }

// Close frees the stored rows.
func (w *WindowRank) Close() error {
	var err error
	for _, x := range w.windows {
		err = errors.Join(err, x.Close())
	}
	w.windows = nil
	w.account.Close()
	return errors.Join(err, w.store.Close())
}
