package windowing

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/state"
)

// Aggregate groups rows by event-time window and key. Hopping windows share slices: each row is
// added to one slice, and a window is the merge of its slices when it is emitted. In processing time
// the mark is what the wall clock has reached.
type Aggregate struct {
	spec   AggregateSpec
	ctx    *dataflow.Context
	clock  *clock
	keys   []columnar.Type
	shared bool // a slice belongs to several windows

	slices map[int64]*state.Groups // by start
	starts []int64                 // of slices, ascending
	free   []*aggregate.Grouping
	store  *state.Store // nil: all groups are in memory
	mark   dataflow.Time
	late   int64
	// keepsValues says that calls keep values, which are always in memory.
	keepsValues bool
	schema      *columnar.Schema // of groups: keys, then states

	overdue []dueWindow                      // that other subtasks had emitted before a restore
	firing  *state.Groups                    // window being emitted
	scan    *state.Scan[*aggregate.Grouping] // of firing
	// firingEnd is the end of the window being emitted; fireEnd that of the last one.
	firingEnd, fireEnd int64

	merge *columnar.Batch
	out   *columnar.Batch
	cols  []*columnar.Vector

	startColumn *columnar.Vector // of snapshots
}

var (
	_ dataflow.Operator    = (*Aggregate)(nil)
	_ dataflow.Resumer     = (*Aggregate)(nil)
	_ dataflow.Watermarker = (*Aggregate)(nil)
	_ dataflow.InputEnder  = (*Aggregate)(nil)
	_ dataflow.Counter     = (*Aggregate)(nil)
)

// NewAggregate makes the operator of spec.
func NewAggregate(spec AggregateSpec) *Aggregate {
	return &Aggregate{spec: spec, slices: map[int64]*state.Groups{}, mark: dataflow.MinTime, fireEnd: math.MinInt64}
}

// Open checks the window and prepares the output.
func (a *Aggregate) Open(ctx *dataflow.Context) (err error) {
	a.ctx = ctx
	if a.spec.Processing && (ctx.Env == nil || ctx.Env.Now == nil) {
		return errors.New("windows of processing time need a clock")
	}
	in := ctx.Inputs[0]
	if a.clock, err = newClock(a.spec.Window, in.Fields[a.spec.TimeColumn].Type); err != nil {
		return err
	}
	for _, k := range a.spec.Keys {
		a.keys = append(a.keys, in.Fields[k].Type)
	}
	a.shared = a.clock.window.Slide < a.clock.window.Size
	for _, c := range a.spec.Calls {
		if c.Distinct && a.shared {
			return fmt.Errorf("%s over hopping windows is not supported", c)
		}
	}
	a.out = columnar.NewBatch(ctx.Output)
	g, err := a.grouping()
	if err != nil {
		return err
	}
	if a.schema, err = g.StateSchema(); err != nil {
		return err
	}
	a.merge = columnar.NewBatch(a.schema)
	if a.keepsValues = len(g.ValueCalls()) > 0; !a.keepsValues && len(a.keys) > 0 {
		a.store = ctx.State.Store()
	}
	return a.recycle(g)
}

// Process adds rows to their slices.
func (a *Aggregate) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if a.spec.Processing {
		a.arrive()
	} else {
		a.clock.assign(b, b.Cols[a.spec.TimeColumn])
	}
	a.cols = a.cols[:0]
	for _, k := range a.spec.Keys {
		a.cols = append(a.cols, b.Cols[k])
	}
	for _, start := range a.clock.order {
		part := b
		if !a.clock.uniform {
			part = b.WithSel(a.clock.sels[start])
		}
		if a.clock.closed(a.clock.lastEnd(start), a.mark) {
			a.late += int64(part.Live())
			continue
		}
		g, err := a.slice(start, part.Live())
		if err == nil {
			err = g.Update(part, a.cols)
		}
		if err != nil {
			return dataflow.Done, err
		}
	}
	return dataflow.Done, nil
}

// slice finds or makes the groups of a slice, with room for n rows.
func (a *Aggregate) slice(start int64, n int) (*aggregate.Grouping, error) {
	s, ok := a.slices[start]
	if !ok {
		var err error
		if s, err = a.groups(a.ctx.Checkpoints, start); err != nil {
			return nil, err
		}
		a.slices[start] = s
		at, _ := slices.BinarySearch(a.starts, start)
		a.starts = slices.Insert(a.starts, at, start)
	}
	return s.Begin(n)
}

// groups makes the groups of a slice, or those of a window that is merged of slices.
func (a *Aggregate) groups(snapshots bool, start int64) (*state.Groups, error) {
	return state.NewTiers(state.TiersOptions[*aggregate.Grouping]{
		Store: a.store, Make: a.grouping, Free: a.recycle, Keys: len(a.keys), Account: a.tiersAccount(),
		Snapshots: snapshots, Name: "slices", Part: strconv.FormatInt(start, 10), Rows: startSchema(a.schema),
		Shown: func(b *columnar.Batch) *columnar.Batch { return a.withStart(b, start) },
	})
}

func (a *Aggregate) grouping() (*aggregate.Grouping, error) {
	if n := len(a.free); n > 0 {
		g := a.free[n-1]
		a.free = a.free[:n-1]
		return g, nil
	}
	if a.store != nil {
		return aggregate.NewGrouping(a.keys, a.spec.Calls, a.ctx.Env, nil)
	}
	return aggregate.NewGrouping(a.keys, a.spec.Calls, a.ctx.Env, a.ctx.Budget.Account(a.ctx.Name))
}

// tiersAccount is charged with groups some of which are on disk.
func (a *Aggregate) tiersAccount() *mem.Account {
	if a.store == nil {
		return nil
	}
	return a.ctx.Budget.Account(a.ctx.Name)
}

// recycle keeps an emptied grouping for a later slice.
func (a *Aggregate) recycle(g *aggregate.Grouping) error {
	if len(a.free) >= 4 {
		g.Release()
		return nil
	}
	if err := g.Reset(); err != nil {
		return err
	}
	a.free = append(a.free, g)
	return nil
}

// Watermark emits the windows that t closes, oldest first.
func (a *Aggregate) Watermark(t dataflow.Time, out dataflow.Output) (dataflow.Status, error) {
	if a.spec.AtEnd || a.spec.Processing {
		return dataflow.Done, nil
	}
	a.mark = t
	return a.Resume(out)
}

// EndInput emits all windows that are left if no watermark has: rows may come behind the last one.
func (a *Aggregate) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	if !a.spec.AtEnd && !a.spec.Processing {
		return dataflow.Done, nil
	}
	a.mark = dataflow.MaxTime
	return a.Resume(out)
}

// Resume goes on emitting.
func (a *Aggregate) Resume(out dataflow.Output) (dataflow.Status, error) {
	for {
		if a.firing == nil {
			ok, err := a.nextWindow()
			if err != nil || !ok {
				return dataflow.Done, err
			}
		}
		for {
			n, err := a.emitRows(out)
			if err != nil {
				return dataflow.Done, err
			}
			if n == 0 {
				break
			}
			if !out.Room() {
				return dataflow.More, nil
			}
		}
		if err := a.fired(); err != nil {
			return dataflow.Done, err
		}
	}
}

// nextWindow prepares the oldest window the watermark closes; ok is false if there is none.
func (a *Aggregate) nextWindow() (ok bool, err error) {
	if len(a.overdue) > 0 {
		a.firing, a.firingEnd = a.overdue[0].groups, a.overdue[0].end
		a.scan = state.NewScan(a.firing)
		return true, nil
	}
	end, some := a.nextEnd()
	if !some || !a.clock.closed(end, a.mark) {
		return false, nil
	}
	a.fireEnd, a.firingEnd = end, end
	if a.firing, err = a.windowOf(end); err != nil {
		return false, err
	}
	a.scan = state.NewScan(a.firing)
	return true, nil
}

// nextEnd is the end of the oldest window that has rows and is not out.
func (a *Aggregate) nextEnd() (end int64, some bool) {
	if len(a.starts) == 0 {
		return 0, false
	}
	if end = a.clock.firstEnd(a.starts[0]); end <= a.fireEnd {
		// A slice whose first windows are out already is part of the next one.
		end = a.fireEnd + a.clock.window.Slide
	}
	return end, true
}

// windowOf are the groups of the oldest window, which is one slice or merged of several.
func (a *Aggregate) windowOf(end int64) (w *state.Groups, err error) {
	if !a.shared {
		return a.slices[a.starts[0]], nil
	}
	if w, err = a.groups(false, 0); err != nil {
		return nil, err
	}
	for _, start := range a.starts {
		if start >= end {
			break
		}
		if start < end-a.clock.window.Size {
			continue
		}
		if err := a.mergeSlice(w, a.slices[start]); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

func (a *Aggregate) mergeSlice(w, s *state.Groups) (err error) {
	scan := state.NewScan(s)
	defer func() { err = errors.Join(err, scan.Close()) }()
	for {
		g, ids, err := scan.Next(columnar.BatchRows)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := g.Fill(a.merge, ids); err != nil {
			return err
		}
		into, err := w.Begin(len(ids))
		if err != nil {
			return err
		}
		k := len(a.keys)
		if err := into.Merge(a.merge, a.merge.Cols[:k], a.merge.Cols[k:]); err != nil {
			return err
		}
	}
}

// emitRows emits further rows of the window and returns their number.
func (a *Aggregate) emitRows(out dataflow.Output) (int, error) {
	g, ids, err := a.scan.Next(columnar.BatchRows)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := g.EmitRows(a.out, ids); err != nil {
		return 0, err
	}
	end := a.firingEnd
	setWindow(a.out.Cols[len(a.out.Cols)-3:], end-a.clock.window.Size, end, len(ids))
	return len(ids), out.Emit(a.out)
}

// setWindow makes the window columns constant.
func setWindow(cols []*columnar.Vector, start, end int64, n int) {
	for i, v := range []int64{start, end, end - 1} {
		cols[i].Reset(1)
		columnar.Values[int64](cols[i])[0] = v
		cols[i].SetConstant(n)
	}
}

// fired drops what only the emitted window needed.
func (a *Aggregate) fired() error {
	if len(a.overdue) > 0 {
		return errors.Join(a.scan.Close(), a.endOverdue())
	}
	return errors.Join(a.endFiring(), a.dropFired())
}

// dropFired drops the slices whose windows are all out.
func (a *Aggregate) dropFired() (err error) {
	for err == nil && len(a.starts) > 0 && a.clock.lastEnd(a.starts[0]) <= a.fireEnd {
		start := a.starts[0]
		a.starts = slices.Delete(a.starts, 0, 1)
		s := a.slices[start]
		delete(a.slices, start)
		err = errors.Join(s.CopyAll(), s.Close())
	}
	return err
}

// endFiring gives back what emitting a window took.
func (a *Aggregate) endFiring() error {
	err := a.scan.Close()
	if a.shared {
		err = errors.Join(err, a.firing.Close())
	}
	a.firing, a.scan = nil, nil
	return err
}

// StateBytes is the size of all slices.
func (a *Aggregate) StateBytes() int64 {
	n := a.store.DiskBytes()
	for _, g := range a.slices {
		n += g.SizeBytes()
	}
	return n
}

// Counts are the late rows and those without a time.
func (a *Aggregate) Counts() map[string]int64 {
	return map[string]int64{"late": a.late, "null time": a.clock.nullRows}
}

// Close frees all slices.
func (a *Aggregate) Close() error {
	var err error
	if len(a.overdue) > 0 {
		err = errors.Join(a.scan.Close(), a.closeOverdue())
	} else {
		err = a.endFiring()
	}
	for _, s := range a.slices {
		err = errors.Join(err, s.Close())
	}
	for _, g := range a.free {
		g.Release()
	}
	err = errors.Join(err, a.store.Close())
	a.slices, a.free = nil, nil
	if a.out != nil {
		a.out.Release()
		a.merge.Release()
	}
	if a.startColumn != nil {
		a.startColumn.Release()
	}
	return err
}
