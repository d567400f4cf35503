package join

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/state"
)

// limit is a limit of a bound in milliseconds, none being no limit.
type limit = int64

const none limit = 1 << 40

func boundOf(low, high limit) *TimeBound {
	b := &TimeBound{Left: 2, Right: 2}
	if low, high = low*1000, high*1000; low < 1000*none {
		b.Low = &low
	}
	if high < 1000*none {
		b.High = &high
	}
	return b
}

// boundedSpec is a join of rows whose times are within limits.
func boundedSpec(t *testing.T, typ Type, limits [2]limit) Spec {
	t.Helper()
	b := boundOf(limits[0], limits[1])
	if b.Low == nil {
		limits[0] = -none
	}
	return Spec{Type: typ, Residual: within(t, limits[0], limits[1]), Bound: b}
}

// boundedRows are the inputs of a join bounded in time: rows out of order, most of whose keys are near hot, and
// watermarks of both sides, of which one may lag.
type boundedRows struct {
	rng          *rand.Rand
	clock, delay int64 // milliseconds
	exact        bool  // times are few
	lag          int64 // of a side at the most
	hot, next    int64
	marks        [][2]int64 // of both sides, behind each batch
	rows         [2][]pairRow
}

func (x *boundedRows) batch() (dataflow.Port, *columnar.Batch) {
	in := x.rng.IntN(2)
	x.hot += x.rng.Int64N(3)
	var rows []pairRow
	for range 1 + x.rng.IntN(60) {
		x.clock += x.rng.Int64N(60)
		x.next++
		r := pairRow{key: x.hot + x.rng.Int64N(20), null: x.rng.IntN(15) == 0, id: x.next, time: x.clock - x.rng.Int64N(x.delay)}
		if x.rng.IntN(4) == 0 {
			r.key = x.rng.Int64N(x.hot + 20)
		}
		if x.exact {
			r.time = columnar.FloorDiv(r.time, 500) * 500
		}
		rows = append(rows, r)
	}
	x.rows[in] = append(x.rows[in], rows...)
	var marks [2]int64
	for port := range marks {
		if marks[port] = (x.clock - x.delay - 500 - x.rng.Int64N(x.lag+1)) * 1000; len(x.marks) > 0 {
			marks[port] = max(marks[port], x.marks[len(x.marks)-1][port])
		}
	}
	x.marks = append(x.marks, marks)
	return dataflow.Port(in), pairBatch(rows, nil, x.rng)
}

// pass tells an operator of the watermarks behind a batch.
func pass(t *testing.T, op *Symmetric, marks [2]int64, out dataflow.Output) {
	t.Helper()
	for port, mark := range marks {
		op.InputWatermark(dataflow.Port(port), dataflow.Time(mark))
	}
	status, err := op.Watermark(dataflow.Time(min(marks[0], marks[1])), out)
	optest.Drain(t, op, status, err, out)
}

// isPast reports that a row of a snapshot has expired: how long it is kept then differs, but where that decides when it
// is emitted.
func isPast(t *testing.T, op *Symmetric, row string) bool {
	t.Helper()
	port := leftPort
	if strings.HasPrefix(row, sideName(int(rightPort))) {
		port = rightPort
	}
	f := strings.Fields(row)
	at, err := time.Parse("2006-01-02 15:04:05.000", f[len(f)-3]+" "+f[len(f)-2])
	optest.Must(t, err)
	after, ok := op.expiring.after(port)
	return ok && !op.sides[port].keeps && at.UnixMicro()+after < int64(op.sides[1-port].mark)
}

// TestBoundedJoinOnDisk feeds a join bounded in time that may hold little in memory and one that holds all.
func TestBoundedJoinOnDisk(t *testing.T) {
	before := mem.AllocatedBytes()
	for _, c := range []struct {
		limits [2]limit
		bytes  int64
		types  []Type
	}{
		{[2]limit{-5000, 5000}, 0, []Type{Inner, Left, Right, Semi}},
		{[2]limit{0, 0}, 0, []Type{Inner, Full, Anti}},
		{[2]limit{0, 0}, 200 << 10, []Type{Left, Right, Semi}},
		{[2]limit{2000, 9000}, 200 << 10, []Type{Inner, Full}},
		{[2]limit{-9000, -2000}, 200 << 10, []Type{Anti}},
		// One side is there for good. What has no match on the other may be emitted later than from memory.
		{[2]limit{-3000, none}, 0, []Type{Inner, Semi}},
		{[2]limit{none, 3000}, 200 << 10, []Type{Inner, Semi}},
	} {
		for _, typ := range c.types {
			t.Run(fmt.Sprintf("%s within %v, %d bytes", typ, c.limits, c.bytes), func(t *testing.T) {
				checkBoundedOnDisk(t, boundedSpec(t, typ, c.limits), c.limits, c.bytes)
			})
		}
	}
	if after := mem.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still held", after-before)
	}
}

func checkBoundedOnDisk(t *testing.T, spec Spec, limits [2]limit, bytes int64) {
	rng := rand.New(rand.NewPCG(5, uint64(bytes)))
	backend := state.NewBackend(t.TempDir(), bytes)
	disk := func() *Symmetric {
		op := openTieredJoin(t, backend, spec)
		for port := range op.sides {
			if s := &op.sides[port]; s.keeps {
				s.slices.near = math.MaxInt64 // so that what has no match is emitted when it is from memory
			}
		}
		return op
	}
	memory := openSymmetric(t, spec)
	tables := map[string]*columnar.Schema{}
	for in := range memory.sides {
		tables[sideName(in)] = memory.sides[in].stateSchema()
	}
	x := &boundedRows{rng: rng, clock: 1_000_000, delay: 3000, exact: limits[0] == limits[1], lag: 2000}
	calls := 0
	optest.CheckTiers(t, rng, optest.TierTest{
		Memory: memory, Disk: disk(), Tables: tables,
		Open: func(onDisk bool) optest.Tiered {
			if onDisk {
				return disk()
			}
			return openSymmetric(t, spec)
		},
		Next: x.batch, Snapshots: 5,
		Then: func(op optest.Tiered, out dataflow.Output) {
			pass(t, op.(*Symmetric), x.marks[calls/2], out) // both operators take each batch
			calls++
		},
		Dead: func(op optest.Tiered, row string) bool { return isPast(t, op.(*Symmetric), row) },
	})
	if memory.late > 0 {
		t.Errorf("%d rows are late", memory.late)
	}
	optest.Must(t, backend.Close())
}

// timely checks that no row is older than the watermark in front of it.
type timely struct {
	*optest.Fold
	t    *testing.T
	mark dataflow.Time
}

func (o *timely) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		for c := 2; c < len(b.Cols); c += 3 {
			if v := b.Cols[c]; !v.IsNull(b.Row(k)) && columnar.Values[int64](v)[v.Index(b.Row(k))]*1000 < int64(o.mark) {
				o.t.Errorf("the row%s is behind the watermark %d", optest.Text(b, b.Row(k)), o.mark)
			}
		}
	}
	return o.Fold.Emit(b)
}

func (o *timely) pass(op *Symmetric, mark dataflow.Time) {
	held := op.OutputWatermark(mark)
	if _, ok := op.spec.Bound.Hold(); !ok {
		return // the times are none of the output
	}
	if held < o.mark {
		o.t.Errorf("the watermark goes back from %d to %d", o.mark, held)
	}
	o.mark = held
}

// TestSlicesOfASideFarAhead lets one side of a join on disk be far ahead of the other: what comes is the join, its
// slices are few, and rows that wait long hold the watermark back.
func TestSlicesOfASideFarAhead(t *testing.T) {
	for _, limits := range [][2]limit{{-5000, 5000}, {0, 0}, {-2000, none}, {none, 2000}} {
		for _, typ := range []Type{Inner, Left, Right, Full, Semi, Anti} {
			spec := boundedSpec(t, typ, limits)
			keepsLeft, keepsRight := typ == Left || typ == Full || typ == Anti, typ == Right || typ == Full
			if keepsLeft && spec.Bound.Low == nil || keepsRight && spec.Bound.High == nil {
				continue // they would wait for ever
			}
			t.Run(fmt.Sprintf("%s within %v", typ, limits), func(t *testing.T) { checkFarAhead(t, spec, limits) })
		}
	}
}

func checkFarAhead(t *testing.T, spec Spec, limits [2]limit) {
	rng := rand.New(rand.NewPCG(6, uint64(len(spec.Type))))
	backend := state.NewBackend(t.TempDir(), 1<<20)
	op, out := openTieredJoin(t, backend, spec), &timely{optest.NewFold(), t, dataflow.MinTime}
	x := &boundedRows{rng: rng, clock: 1_000_000, delay: 3000, exact: limits[0] == limits[1], lag: 100_000}
	for range 70 {
		in, b := x.batch()
		status, err := op.Process(in, b, out)
		optest.Drain(t, op, status, err, out)
		b.Release()
		marks := x.marks[len(x.marks)-1]
		pass(t, op, marks, out)
		out.pass(op, dataflow.Time(min(marks[0], marks[1])))
		if rng.IntN(20) == 0 {
			op = optest.Restored(t, op, openSymmetric(t, spec))
		}
		if rng.IntN(10) == 0 {
			op = optest.Restored(t, op, openTieredJoin(t, backend, spec))
		}
	}
	advance(op, dataflow.MaxTime)
	status, err := op.Watermark(dataflow.MaxTime, out)
	optest.Drain(t, op, status, err, out)
	want := joinedPairs(spec.Type, x.rows[0], x.rows[1], func(l, r pairRow) bool {
		return (limits[0] == none || l.time-r.time >= limits[0]) && (limits[1] == none || l.time-r.time <= limits[1])
	})
	if d := optest.Differing(out.Rows, want); len(d) > 0 || out.Err != nil {
		t.Fatalf("%v %q", out.Err, d)
	}
	if op.late > 0 {
		t.Errorf("%d rows are late", op.late)
	}
	optest.Must(t, op.Close())
	optest.Must(t, backend.Close())
}
