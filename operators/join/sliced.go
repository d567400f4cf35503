package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// sliced reports that there may be several slices a side.
func (j *Symmetric) sliced() bool { return j.store != nil && j.expiring != nil }

// lookFurther looks the rows of the run up in the next slice of the other side that may have matches; ok is
// false if there is none.
func (j *Symmetric) lookFurther() (ok bool, err error) {
	if !j.sliced() {
		return false, nil
	}
	r := &j.run
	for list := j.sides[1-r.port].slices.list; !ok && err == nil && r.slice < len(list); r.slice++ {
		ok, err = j.lookInto(list[r.slice])
	}
	return ok, err
}

// lookInto looks the rows of the run up in a slice; ok is false if it has nothing for them.
func (j *Symmetric) lookInto(x *slice) (ok bool, err error) {
	r, o, keys := &j.run, &j.sides[1-j.run.port], j.sides[j.run.port].keys
	near := r.within(j.expiring.reach(1-r.port, x))
	if len(near) == 0 {
		return false, nil
	}
	cols := held.KeyColumns(nil, r.batch, keys)
	if r.known = x.Known(r.known[:0], cols, near, r.batch.Len()); len(r.known) == 0 {
		return false, nil
	}
	if err := o.enter(x, r.batch.WithSel(r.known), keys, o.counts); err != nil {
		return false, err
	}
	r.ids = o.rows.Find(r.ids, cols, r.known, r.batch.Len())
	r.lookAt(r.known, r.ids)
	return true, nil
}

// storeBySlice stores rows in the slices they are of.
func (j *Symmetric) storeBySlice(port dataflow.Port, b *columnar.Batch, matches []uint64) error {
	e, s := j.expiring, &j.sides[port]
	after, _ := e.after(port)
	times := b.Cols[e.column(port)]
	rest := make([]int, b.Live()) // live rows
	for k := range rest {
		rest[k] = k
	}
	for len(rest) > 0 {
		x, err := s.slices.of(e.micros(port, times, b.Row(rest[0]))+after, int64(j.sides[1-port].mark))
		if err != nil {
			return err
		}
		sel, words, others := make([]int32, 0, len(rest)), make([]uint64, 0, len(rest)), rest[:0]
		for _, k := range rest {
			if at := e.micros(port, times, b.Row(k)) + after; at < x.start || at >= x.end {
				others = append(others, k)
				continue
			}
			sel, words = append(sel, int32(b.Row(k))), append(words, matches[k])
		}
		rest = others
		part := b.WithSel(sel)
		if err := s.enter(x, part, s.keys, true); err != nil {
			return err
		}
		if err := j.add(port, part, words); err != nil {
			return err
		}
	}
	return nil
}

// dropSlices drops the slices of a side whose rows have expired, and emits those of them that are kept without
// a match; done is false if there was no room for all.
func (j *Symmetric) dropSlices(port dataflow.Port, out dataflow.Output) (done bool, err error) {
	s := &j.sides[port]
	for s.slices.due(j.sides[1-port].mark) {
		if s.keeps {
			if done, err := j.emitSlice(port, out); err != nil || !done {
				return false, err
			}
		}
		if err := s.slices.drop(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// scanKeys is how many keys of a slice, with their rows, are read at once.
const scanKeys = 512

// emitSlice goes on to emit the rows of the first slice that have no match.
func (j *Symmetric) emitSlice(port dataflow.Port, out dataflow.Output) (done bool, err error) {
	s := &j.sides[port]
	x := s.slices
	if x.scan == nil {
		x.scan = state.NewScan(x.list[0].Tiers)
	}
	for {
		if len(x.alone) == 0 {
			if j.ctx.Canceled != nil && j.ctx.Canceled() {
				return false, dataflow.ErrCanceled
			}
			lists, keys, err := x.scan.Next(scanKeys)
			if err != nil || len(keys) == 0 {
				return err == nil, err
			}
			s.rows = lists.Table()
			x.alone = s.unmatched(lists.IDs(x.alone, keys))
			continue
		}
		n := min(len(x.alone), columnar.BatchRows)
		if err := j.emitStored(port, x.alone[:n], columnar.Insert, out); err != nil {
			return false, err
		}
		if x.alone = x.alone[n:]; !out.Room() {
			return false, nil
		}
	}
}
