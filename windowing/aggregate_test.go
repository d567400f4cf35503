package windowing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state"
)

var inputSchema = columnar.NewSchema(
	columnar.Field{Name: "k", Type: columnar.TypeBigInt},
	columnar.Field{Name: "v", Type: columnar.TypeBigInt},
	columnar.Field{Name: "t", Type: columnar.TimestampOf(3)},
)

type row struct{ key, value, millis int64 }

// lines collects what an operator emits as "key count sum start..end"; room limits how much it
// takes at a time.
type lines struct {
	got  []string
	room bool
}

func (l *lines) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		var cells []string
		for _, v := range b.Cols {
			cells = append(cells, string(columnar.AppendText(nil, v, b.Row(k), time.UTC)))
		}
		l.got = append(l.got, strings.Join(cells, " "))
	}
	return nil
}
func (l *lines) Room() bool { return l.room }
func (l *lines) Done() bool { return false }

func newCount(t *testing.T, w Window) *Aggregate {
	t.Helper()
	return countOf(t, w, nil)
}

// countOf is newCount with state on disk.
func countOf(t *testing.T, w Window, backend *state.Backend) *Aggregate {
	t.Helper()
	count, err := expr.NewAggregate("COUNT", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := expr.NewAggregate("SUM", false, nil, expr.Col(1, "v", columnar.TypeBigInt))
	if err != nil {
		t.Fatal(err)
	}
	out := &columnar.Schema{Fields: []columnar.Field{inputSchema.Fields[0], {Name: "n", Type: count.Type}, {Name: "s", Type: sum.Type}}}
	for _, name := range []string{"start", "end", "time"} {
		out.Fields = append(out.Fields, columnar.Field{Name: name, Type: columnar.TimestampOf(3)})
	}
	a := NewAggregate(AggregateSpec{Window: w, TimeColumn: 2, Keys: []int{0}, Calls: []*expr.Aggregate{count, sum}})
	err = a.Open(&dataflow.Context{Name: "window", Parallelism: 1, Inputs: []*columnar.Schema{inputSchema}, Output: out, Budget: mem.NewBudget(0), Checkpoints: true, State: backend})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func batchOf(rows []row) *columnar.Batch {
	b := columnar.NewBatch(inputSchema)
	b.Reset(len(rows))
	for i, r := range rows {
		columnar.Values[int64](b.Cols[0])[i] = r.key
		columnar.Values[int64](b.Cols[1])[i] = r.value
		columnar.Values[int64](b.Cols[2])[i] = r.millis
	}
	return b
}

// advance raises the watermark and resumes until all is emitted.
func advance(t *testing.T, a *Aggregate, mark dataflow.Time, out *lines) {
	t.Helper()
	status, err := a.Watermark(mark, out)
	for err == nil && status == dataflow.More {
		status, err = a.Resume(out)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reference computes the windows of all rows the simple way.
func reference(rows []row, w Window) []string {
	type id struct{ key, end int64 }
	count, sum := map[id]int64{}, map[id]int64{}
	size, slide := w.Size/1000, w.Slide/1000
	for _, r := range rows {
		for start := columnar.FloorDiv(r.millis, slide) * slide; start > r.millis-size; start -= slide {
			count[id{r.key, start + size}]++
			sum[id{r.key, start + size}] += r.value
		}
	}
	text := func(ms int64) string { return string(columnar.AppendTimestamp(nil, ms, 3, time.UTC)) }
	var out []string
	for i, n := range count {
		out = append(out, fmt.Sprintf("%d %d %d %s %s %s", i.key, n, sum[i], text(i.end-size), text(i.end), text(i.end-1)))
	}
	slices.Sort(out)
	return out
}

// TestWindowsEqualReference feeds rows that are at most a second out of order, with watermarks
// between, restores the operator from a snapshot now and then, and compares with the reference.
func TestWindowsEqualReference(t *testing.T) {
	for _, w := range []Window{
		{Size: 10e6, Slide: 10e6}, {Size: 10e6, Slide: 2e6}, {Size: 6e6, Slide: 4e6}, {Size: 1e6, Slide: 1e6},
	} {
		for seed := range uint64(5) {
			rng := rand.New(rand.NewPCG(seed, 1))
			before := mem.AllocatedBytes()
			a, out := newCount(t, w), &lines{room: seed%2 == 0}
			var all []row
			for now := int64(0); now < 60_000; now += rng.Int64N(3000) {
				var rows []row
				for range rng.IntN(50) {
					rows = append(rows, row{rng.Int64N(5), rng.Int64N(100), now + rng.Int64N(1000)})
				}
				all = append(all, rows...)
				b := batchOf(rows)
				if _, err := a.Process(0, b, out); err != nil {
					t.Fatal(err)
				}
				b.Release()
				advance(t, a, dataflow.Time(now*1000-1), out)
				if rng.IntN(4) == 0 {
					a = optest.Restored(t, a, newCount(t, w))
				}
			}
			advance(t, a, dataflow.MaxTime, out)
			slices.Sort(out.got)
			if want := reference(all, w); !slices.Equal(out.got, want) {
				t.Errorf("window %v, seed %d: %d rows, want %d\n got %.300q\nwant %.300q", w, seed, len(out.got), len(want), out.got, want)
			}
			if a.late != 0 {
				t.Errorf("%d rows were late", a.late)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			if left := mem.AllocatedBytes() - before; left != 0 {
				t.Errorf("%d bytes are still allocated", left)
			}
		}
	}
}

func TestLateRowsAreCounted(t *testing.T) {
	a, out := newCount(t, Window{Size: 10e6, Slide: 10e6}), &lines{room: true}
	defer func() { _ = a.Close() }()
	b := batchOf([]row{{1, 1, 5000}})
	defer b.Release()
	for range 2 {
		if _, err := a.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
		advance(t, a, 10e6-1, out)
	}
	if len(out.got) != 1 || a.Counts()["late"] != 1 {
		t.Errorf("emitted %q, %d late", out.got, a.Counts()["late"])
	}
}
