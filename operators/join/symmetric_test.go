package join

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

// pairRow is a row of a side of a symmetric join.
type pairRow struct {
	key  int64
	null bool
	id   int64
	time int64 // milliseconds
}

func pairSchema() *columnar.Schema {
	return columnar.NewSchema(
		columnar.Field{Name: "k", Type: columnar.TypeString},
		columnar.Field{Name: "id", Type: columnar.TypeBigInt},
		columnar.Field{Name: "t", Type: columnar.TimestampOf(3)},
	)
}

func (r pairRow) keyText() string { return fmt.Sprintf("the key number %d", r.key) }

func (r pairRow) text() string {
	b := pairBatch([]pairRow{r}, nil, nil)
	defer b.Release()
	return optest.Text(b, 0)
}

// pairBatch makes a batch, every second position of which may be dead.
func pairBatch(rows []pairRow, kinds []columnar.RowKind, rng *rand.Rand) *columnar.Batch {
	b := columnar.NewBatch(pairSchema())
	step := 1
	if rng != nil {
		step += rng.IntN(2)
	}
	b.Reset(len(rows) * step)
	if kinds != nil {
		b.Kinds = make([]columnar.RowKind, b.Len())
	}
	sel := []int32{}
	for i := range b.Len() {
		r := rows[i/step]
		if i%step == 0 {
			sel = append(sel, int32(i))
		} else {
			r.id = 1 << 40
		}
		b.Cols[0].SetString(i, r.keyText())
		columnar.Values[int64](b.Cols[1])[i] = r.id
		columnar.Values[int64](b.Cols[2])[i] = r.time
		if r.null {
			b.Cols[0].SetNull(i)
		}
		if kinds != nil {
			b.Kinds[i] = kinds[i/step]
		}
	}
	if step > 1 {
		b.Sel = sel
	}
	return b
}

// joinedPairs is the join by looking at every pair.
func joinedPairs(typ Type, left, right []pairRow, match func(l, r pairRow) bool) map[string]int {
	rows := map[string]int{}
	matched := make([]bool, len(right))
	nulls := " NULL NULL NULL"
	for _, l := range left {
		found := false
		for i, r := range right {
			if l.null || r.null || l.key != r.key || !match(l, r) {
				continue
			}
			found, matched[i] = true, true
			if typ != Semi && typ != Anti {
				rows[l.text()+r.text()]++
			}
		}
		switch {
		case typ == Semi && found, typ == Anti && !found:
			rows[l.text()]++
		case !found && (typ == Left || typ == Full):
			rows[l.text()+nulls]++
		}
	}
	for i, r := range right {
		if !matched[i] && (typ == Right || typ == Full) {
			rows[nulls+r.text()]++
		}
	}
	return rows
}

func openSymmetric(t testing.TB, spec Spec) *Symmetric {
	t.Helper()
	spec.LeftKeys, spec.RightKeys = []int{0}, []int{0}
	j := NewSymmetric(spec)
	s := pairSchema()
	ctx := &dataflow.Context{Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
	if err := j.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return j
}

// changes are random changes of rows that are there: some rows are added, some taken back.
func changes(rng *rand.Rand, held *[]pairRow, next *int64) (rows []pairRow, kinds []columnar.RowKind) {
	for range 1 + rng.IntN(40) {
		if n := len(*held); n > 0 && rng.IntN(5) < 2 {
			at := rng.IntN(n)
			rows, kinds = append(rows, (*held)[at]), append(kinds, columnar.Retract+2*columnar.RowKind(rng.IntN(2)))
			*held = slices.Delete(*held, at, at+1)
			continue
		}
		*next++
		r := pairRow{key: rng.Int64N(12), null: rng.IntN(15) == 0, id: *next}
		if rng.IntN(4) == 0 {
			r.id %= 5 // the same row may be there several times
		}
		rows, kinds = append(rows, r), append(kinds, columnar.Insert)
		*held = append(*held, r)
	}
	return rows, kinds
}

// TestSymmetricFoldsToTheJoin feeds changes of both sides and compares what is left of the
// changelog with the join of what is left of the sides, after every batch and across snapshots.
func TestSymmetricFoldsToTheJoin(t *testing.T) {
	before := mem.AllocatedBytes()
	smaller, err := expr.NewCall("<", expr.Col(1, "id", columnar.TypeBigInt), expr.Col(4, "id", columnar.TypeBigInt))
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []Type{Inner, Left, Right, Full, Semi, Anti} {
		for _, residual := range []*expr.Expr{nil, smaller} {
			for seed := range uint64(4) {
				rng := rand.New(rand.NewPCG(seed, 2))
				spec := Spec{Type: typ, Residual: residual}
				op, out := openSymmetric(t, spec), optest.NewFold()
				var held [2][]pairRow
				next := int64(0)
				for range 20 {
					in := rng.IntN(2)
					rows, kinds := changes(rng, &held[in], &next)
					b := pairBatch(rows, kinds, rng)
					status, err := op.Process(dataflow.Port(in), b, out)
					optest.Drain(t, op, status, err, out)
					b.Release()
					want := joinedPairs(typ, held[0], held[1], func(l, r pairRow) bool { return residual == nil || l.id < r.id })
					if d := optest.Differing(out.Rows, want); len(d) > 0 || out.Err != nil {
						t.Fatalf("%s join, residual %v, seed %d: %v %q", typ, residual, seed, out.Err, d)
					}
					if rng.IntN(4) == 0 {
						op = optest.Restored(t, op, openSymmetric(t, spec))
					}
				}
				if err := op.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// within is the condition low <= left time - right time <= high, in milliseconds.
func within(t *testing.T, low, high int64) *expr.Expr {
	t.Helper()
	call := func(name string, args ...*expr.Expr) *expr.Expr {
		e, err := expr.NewCall(name, args...)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	l, r := expr.Col(2, "t", columnar.TimestampOf(3)), expr.Col(5, "t", columnar.TimestampOf(3))
	day := columnar.Type{Kind: columnar.IntervalDay}
	at := func(d int64) *expr.Expr { return call("+", r, expr.Int(d*1000, day)) }
	return call("AND", call(">=", l, at(low)), call("<=", l, at(high)))
}

// TestBoundedJoinAgreesWithTheJoin feeds both sides out of order within the delay of their watermark.
func TestBoundedJoinAgreesWithTheJoin(t *testing.T) {
	const delay = 3000 // milliseconds
	for _, limits := range [][2]int64{{-5000, 5000}, {0, 0}, {2000, 9000}, {-9000, -2000}} {
		for _, typ := range []Type{Inner, Left, Right, Full, Semi, Anti} {
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, 9))
				low, high := limits[0]*1000, limits[1]*1000
				spec := Spec{
					Type: typ, Residual: within(t, limits[0], limits[1]),
					Bound: &TimeBound{Left: 2, Right: 2, Low: &low, High: &high},
				}
				op, out := openSymmetric(t, spec), optest.NewFold()
				var held [2][]pairRow
				clock, most := int64(1_000_000), 0
				for range 60 {
					in := rng.IntN(2)
					var rows []pairRow
					for range rng.IntN(30) {
						clock += rng.Int64N(120)
						at := clock - rng.Int64N(delay)
						if limits[0] == limits[1] {
							at = columnar.FloorDiv(at, 500) * 500
						}
						rows = append(rows, pairRow{key: rng.Int64N(4), null: rng.IntN(15) == 0, id: rng.Int64N(1e9), time: at})
					}
					held[in] = append(held[in], rows...)
					b := pairBatch(rows, nil, rng)
					status, err := op.Process(dataflow.Port(in), b, out)
					optest.Drain(t, op, status, err, out)
					b.Release()
					// A side whose watermark lags lets the other wait, which may be far ahead.
					if lags := rng.IntN(3); lags < 2 {
						op.InputWatermark(dataflow.Port(lags), dataflow.Time((clock-delay-500)*1000))
					} else {
						advance(op, dataflow.Time((clock-delay-500)*1000))
					}
					status, err = op.Watermark(0, out)
					optest.Drain(t, op, status, err, out)
					if rng.IntN(5) == 0 {
						op = optest.Restored(t, op, openSymmetric(t, spec))
					}
					most = max(most, op.sides[0].rows.Live(), op.sides[1].rows.Live())
				}
				advance(op, dataflow.MaxTime)
				status, err := op.Watermark(dataflow.MaxTime, out)
				optest.Drain(t, op, status, err, out)
				want := joinedPairs(typ, held[0], held[1], func(l, r pairRow) bool {
					return l.time-r.time >= limits[0] && l.time-r.time <= limits[1]
				})
				if d := optest.Differing(out.Rows, want); len(d) > 0 || out.Err != nil {
					t.Fatalf("%s join within %v, seed %d: %v %q", typ, limits, seed, out.Err, d)
				}
				if n := op.sides[0].rows.Live() + op.sides[1].rows.Live(); n != 0 || op.late != 0 || most > len(held[0])/2 {
					t.Errorf("%s join within %v: %d rows are left, %d late; a side held up to %d of %d", typ, limits, n, op.late, most, len(held[0]))
				}
				if err := op.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func advance(op *Symmetric, t dataflow.Time) {
	for port := range dataflow.Port(2) {
		op.InputWatermark(port, t)
	}
}

// A side that is ahead of the other makes the other's rows leave as they come.
func TestBoundedJoinHoldsNothingBehindTheOtherSide(t *testing.T) {
	low, high := int64(-5_000_000), int64(5_000_000)
	op, out := openSymmetric(t, Spec{Type: Inner, Residual: within(t, -5000, 5000), Bound: &TimeBound{Left: 2, Right: 2, Low: &low, High: &high}}), optest.NewFold()
	status, err := op.Process(rightPort, pairBatch([]pairRow{{key: 1, id: 1, time: 12_000}}, nil, nil), out)
	optest.Drain(t, op, status, err, out)
	op.InputWatermark(rightPort, 90_000_000)
	status, err = op.Process(leftPort, pairBatch([]pairRow{{key: 1, id: 2, time: 11_000}, {key: 1, id: 3, time: 86_000}}, nil, nil), out)
	optest.Drain(t, op, status, err, out)
	if len(out.Rows) != 1 || op.sides[leftPort].rows.Live() != 1 || op.late != 0 {
		t.Errorf("%d rows, %d are held, %d late", len(out.Rows), op.sides[leftPort].rows.Live(), op.late)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

// A late row is counted, takes part while its matches are there and is not stored.
func TestBoundedJoinCountsLateRows(t *testing.T) {
	low, high := int64(-5_000_000), int64(5_000_000)
	op, out := openSymmetric(t, Spec{Type: Left, Residual: within(t, -5000, 5000), Bound: &TimeBound{Left: 2, Right: 2, Low: &low, High: &high}}), optest.NewFold()
	advance(op, 100_000_000)
	status, err := op.Process(leftPort, pairBatch([]pairRow{{key: 1, id: 1, time: 10_000}, {key: 1, id: 2, time: 99_000}}, nil, nil), out)
	optest.Drain(t, op, status, err, out)
	if n := op.Counts()["late"]; n != 1 || op.sides[0].rows.Live() != 1 {
		t.Errorf("%d rows are late, %d stored", n, op.sides[0].rows.Live())
	}
	if len(out.Rows) != 1 {
		t.Errorf("got %v, want the late row", out.Rows)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSymmetricRefusesRowsThatAreNotThere(t *testing.T) {
	op := openSymmetric(t, Spec{Type: Inner})
	_, err := op.Process(rightPort, pairBatch([]pairRow{{key: 1, id: 7}}, []columnar.RowKind{columnar.Retract}, nil), optest.NewFold())
	want := "the right input takes a row back that is not there: the key number 1 | 7 | 1970-01-01 00:00:00.000"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSymmetric(b *testing.B) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}}}
	for _, typ := range []Type{Inner, Full} {
		b.Run(string(typ), func(b *testing.B) {
			j := NewSymmetric(Spec{Type: typ, LeftKeys: []int{0}, RightKeys: []int{0}})
			ctx := &dataflow.Context{Name: "join", Inputs: []*columnar.Schema{s, s}, Budget: mem.NewBudget(0), Env: &expr.Env{}, Checkpoints: true}
			if err := j.Open(ctx); err != nil {
				b.Fatal(err)
			}
			in := columnar.NewBatch(s)
			in.Reset(columnar.BatchRows)
			in.SetLen(columnar.BatchRows)
			k := columnar.Values[int64](in.Cols[0])
			next := int64(0)
			nothing := optest.Discard{}
			b.ReportAllocs()
			for b.Loop() {
				for i := range k {
					k[i] = next + int64(i)
				}
				next += columnar.BatchRows
				for port := range dataflow.Port(2) {
					if _, err := j.Process(port, in, nothing); err != nil {
						b.Fatal(fmt.Errorf("port %d: %w", port, err))
					}
				}
			}
			b.ReportMetric(float64(2*b.N)*columnar.BatchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
			if err := j.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
