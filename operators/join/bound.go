package join

import (
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
)

// TimeBound says that rows match only if Low <= left time - right time <= High, in microseconds,
// nil being no limit. So the watermark tells which rows can have no further match.
type TimeBound struct {
	// Left and Right are the columns with the times.
	Left  int `json:"left"`
	Right int `json:"right"`

	Low  *int64 `json:"low,omitempty"`
	High *int64 `json:"high,omitempty"`
	// Later rows of an input have no time this much below the watermark, in microseconds.
	LeftBehind  int64 `json:"leftBehind,omitempty"`
	RightBehind int64 `json:"rightBehind,omitempty"`
	// Slack is how far below Left and Right columns lie that are to be event times of the output.
	Slack int64 `json:"slack,omitempty"`
}

// Step is the length of time, in microseconds, that rows expire together.
func (b *TimeBound) Step() int64 {
	const least = 100_000
	if b.Low == nil || b.High == nil {
		return least
	}
	return max(least, (*b.High-*b.Low)/16)
}

// Hold is how far, in microseconds, the times of emitted rows may lie behind the watermark; ok is
// false where there is no limit, as one side is kept for good.
func (b *TimeBound) Hold() (micros int64, ok bool) {
	if b.Low == nil || b.High == nil {
		return 0, false
	}
	return max(0, b.LeftBehind, b.RightBehind, b.LeftBehind+*b.High, b.RightBehind-*b.Low) + b.Step() + b.Slack, true
}

// expiry knows which stored rows of a symmetric join expire when. Of each side it has lists of row
// ids by time of expiry, in steps.
type expiry struct {
	bound  TimeBound
	step   int64
	units  [2]int64 // of the time columns, per second
	ids    [2]map[int64][]uint32
	starts [2][]int64 // of the lists, ascending
}

func newExpiry(b TimeBound, inputs []*columnar.Schema) *expiry {
	e := &expiry{bound: b, step: b.Step()}
	for port, in := range inputs {
		e.ids[port] = map[int64][]uint32{}
		e.units[port] = columnar.UnitsPerSecond(in.Fields[e.column(dataflow.Port(port))].Type.Precision)
	}
	return e
}

func (e *expiry) column(port dataflow.Port) int {
	if port == leftPort {
		return e.bound.Left
	}
	return e.bound.Right
}

// micros is the time of row i in microseconds.
func (e *expiry) micros(port dataflow.Port, v *columnar.Vector, i int) int64 {
	return held.Micros(v, i, e.units[port])
}

// times appends the times of the live rows of b.
func (e *expiry) times(dst []int64, port dataflow.Port, b *columnar.Batch) []int64 {
	v := b.Cols[e.column(port)]
	for k := range b.Live() {
		dst = append(dst, e.micros(port, v, b.Row(k)))
	}
	return dst
}

// after is how long after its time a row expires; ok is false if it never does.
func (e *expiry) after(port dataflow.Port) (micros int64, ok bool) {
	switch {
	case port == leftPort && e.bound.Low != nil:
		return e.bound.RightBehind - *e.bound.Low, true
	case port == rightPort && e.bound.High != nil:
		return e.bound.LeftBehind + *e.bound.High, true
	}
	return 0, false
}

// behind is how far below the watermark the times of rows in time may lie.
func (e *expiry) behind(port dataflow.Port) int64 {
	if port == leftPort {
		return e.bound.LeftBehind
	}
	return e.bound.RightBehind
}

// add notes when the stored rows ids, the live ones of b, expire.
func (e *expiry) add(port dataflow.Port, b *columnar.Batch, ids []uint32) {
	after, ok := e.after(port)
	if !ok {
		return
	}
	v := b.Cols[e.column(port)]
	start, list := int64(math.MinInt64), []uint32(nil)
	for k, id := range ids {
		s := columnar.FloorDiv(e.micros(port, v, b.Row(k))+after, e.step) * e.step
		if s != start || k == 0 {
			if k > 0 {
				e.ids[port][start] = list
			}
			start, list = s, e.list(port, s)
		}
		list = append(list, id)
	}
	if len(ids) > 0 {
		e.ids[port][start] = list
	}
}

// reach are the times of the other side from which and before which there may be matches of the rows of a slice.
func (e *expiry) reach(port dataflow.Port, x *slice) (from, to int64) {
	from, to = int64(dataflow.MinTime), int64(dataflow.MaxTime)
	after, ok := e.after(port)
	if !ok {
		return from, to
	}
	first, end := x.start-after, x.end-after
	low, high := e.bound.Low, e.bound.High
	switch {
	case port == rightPort && low != nil:
		from = first + *low
	case port == leftPort && high != nil:
		from = first - *high
	}
	if port == rightPort {
		return from, end + *high
	}
	return from, end - *low
}

func (e *expiry) list(port dataflow.Port, start int64) []uint32 {
	list, ok := e.ids[port][start]
	if !ok {
		at, _ := slices.BinarySearch(e.starts[port], start)
		e.starts[port] = slices.Insert(e.starts[port], at, start)
	}
	return list
}

// due are the rows of a side that the other side's watermark has passed, up to a batch of them; they are taken
// off the lists.
func (e *expiry) due(port dataflow.Port, mark dataflow.Time) []uint32 {
	if len(e.starts[port]) == 0 || e.starts[port][0]+e.step > int64(mark) {
		return nil
	}
	start := e.starts[port][0]
	list := e.ids[port][start]
	n := min(len(list), columnar.BatchRows)
	if n == len(list) {
		delete(e.ids[port], start)
		e.starts[port] = e.starts[port][1:]
	} else {
		e.ids[port][start] = list[n:]
	}
	return list[:n]
}

func (j *Symmetric) timeColumn(port dataflow.Port) int {
	if j.expiring == nil {
		return -1
	}
	return j.expiring.column(port)
}

// leaveExpired takes the rows of the run out of it that expired before they came: those that are
// late, and those whose matches have all come.
func (j *Symmetric) leaveExpired(out dataflow.Output) error {
	r, e := &j.run, j.expiring
	after, ok := e.after(r.port)
	own, other := j.sides[r.port].mark, j.sides[1-r.port].mark
	if !ok || other == dataflow.MinTime {
		return nil
	}
	v := r.batch.Cols[e.column(r.port)]
	var alone []int32
	kept := 0
	for k, i := range r.rows {
		t := e.micros(r.port, v, int(i))
		if t+after >= int64(other) {
			r.rows[kept], r.matches[kept] = i, r.matches[k]
			kept++
			continue
		}
		if t+e.behind(r.port) <= int64(own) {
			j.late++
		}
		if r.matches[k] == 0 {
			alone = append(alone, i)
		}
	}
	r.rows, r.matches = r.rows[:kept], r.matches[:kept]
	if !j.sides[r.port].keeps {
		return nil
	}
	return j.emitAlone(r.port, alone, out)
}

// InputWatermark notes up to when the rows of a side have come: those of the other side up to then can
// have no further match, however far behind it is itself.
func (j *Symmetric) InputWatermark(in dataflow.Port, t dataflow.Time) { j.sides[in].mark = t }

// Watermark drops the rows that can have no further match, and emits those of them that are kept
// without one.
func (j *Symmetric) Watermark(_ dataflow.Time, out dataflow.Output) (dataflow.Status, error) {
	return j.expire(out)
}

// OutputWatermark is what the times of emitted rows lie behind.
func (j *Symmetric) OutputWatermark(t dataflow.Time) dataflow.Time {
	if j.spec.Bound == nil || t == dataflow.MinTime || t == dataflow.MaxTime {
		return t
	}
	hold, ok := j.spec.Bound.Hold()
	t -= dataflow.Time(hold)
	if !ok || !j.sliced() {
		return t
	}
	for port := range j.sides {
		s := &j.sides[port]
		if !s.keeps || len(s.slices.list) == 0 {
			continue
		}
		// Where rows are far ahead of the other side, slices are longer than steps.
		after, _ := j.expiring.after(dataflow.Port(port))
		t = min(t, dataflow.Time(s.slices.list[0].start-after-j.spec.Bound.Slack))
	}
	return t
}

func (j *Symmetric) expire(out dataflow.Output) (dataflow.Status, error) {
	if j.expiring == nil {
		return dataflow.Done, nil
	}
	for port := range dataflow.Port(2) {
		drop := j.dropRows
		if j.sliced() {
			drop = j.dropSlices
		}
		if done, err := drop(port, out); err != nil || !done {
			return dataflow.More, err
		}
	}
	return dataflow.Done, nil
}

// dropRows is dropSlices where all rows are in memory.
func (j *Symmetric) dropRows(port dataflow.Port, out dataflow.Output) (done bool, err error) {
	s := &j.sides[port]
	for {
		ids := j.expiring.due(port, j.sides[1-port].mark)
		if len(ids) == 0 {
			return true, nil
		}
		if s.keeps {
			if err := j.emitStored(port, s.unmatched(ids), columnar.Insert, out); err != nil {
				return false, err
			}
		}
		s.rows.RemoveIDs(ids)
		if !out.Room() {
			return false, nil
		}
	}
}

// unmatched are the rows without a match among ids.
func (s *side) unmatched(ids []uint32) []uint32 {
	var alone []uint32
	for _, id := range ids {
		if s.rows.Extra(id)[0] == 0 {
			alone = append(alone, id)
		}
	}
	return alone
}

// Counts are the rows that came too late for some of their matches.
func (j *Symmetric) Counts() map[string]int64 { return map[string]int64{"late": j.late} }
