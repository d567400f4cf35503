package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/io/console"
	"github.com/anabranch/anabranch/io/generator"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/group"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/windowing"
)

// bids adds a source of Nexmark bids (auction, bidder, price, dateTime) to the job; events 0 is
// without end.
func bids(t testing.TB, j *graph.Job, events int) *graph.Node {
	t.Helper()
	schema, err := generator.Nexmark{}.Infer(t.Context(), nil)
	must(t, err)
	bid := expr.Col(1, "bid", schema.Fields[3].Type)
	out := &columnar.Schema{}
	var project []*expr.Expr
	for _, name := range []string{"auction", "bidder", "price", "dateTime"} {
		f, err := expr.NewField(bid, name)
		must(t, err)
		project = append(project, f)
		out.Fields = append(out.Fields, columnar.Field{Name: name, Type: f.Type})
	}
	isBid := call(t, "=", expr.Col(0, "event_type", columnar.TypeInteger), expr.Int(2, columnar.TypeInteger))
	delay := expr.Int(4_000_000, columnar.Type{Kind: columnar.IntervalDay})
	read := &columnar.Schema{Fields: []columnar.Field{schema.Fields[0], schema.Fields[3], {Name: "dateTime", Type: columnar.TimestampOf(3)}}}
	at, err := expr.NewField(bid, "dateTime")
	must(t, err)
	src := j.Add(operators.KindSource, "bids", operators.SourceSpec{
		Table:     &catalog.TableSpec{Name: "n", Connector: "nexmark", Schema: schema, Options: map[string]string{"events.num": fmt.Sprint(events), "first-event.rate": "1000"}},
		Request:   dataflow.ReadRequest{Columns: []int{0, 3}},
		Project:   []*expr.Expr{expr.Col(0, "event_type", columnar.TypeInteger), bid, at},
		Watermark: call(t, "-", expr.Col(2, "dateTime", columnar.TimestampOf(3)), delay),
	}, read)
	filter := j.Add(operators.KindFilter, "filter", operators.FilterSpec{Predicate: isBid}, read, forward(src))
	return j.Add(operators.KindProject, "project", operators.ProjectSpec{Exprs: project}, out, forward(filter))
}

func forward(n *graph.Node) graph.Edge {
	return graph.Edge{From: n.ID, Partition: graph.Partitioning{Scheme: graph.Forward}}
}

func hashed(n *graph.Node, keys ...int) graph.Edge {
	return graph.Edge{From: n.ID, Partition: graph.Partitioning{Scheme: graph.Hash, Keys: keys}}
}

func call(t testing.TB, name string, args ...*expr.Expr) *expr.Expr {
	t.Helper()
	e, err := expr.NewCall(name, args...)
	must(t, err)
	return e
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB) *expr.Aggregate {
	t.Helper()
	a, err := expr.NewAggregate("COUNT", false, nil)
	must(t, err)
	return a
}

// collect adds a collect node and runs the job; the rows come back as sorted lines.
func collect(t testing.TB, j *graph.Job, from *graph.Node, p int) []string {
	t.Helper()
	var mu sync.Mutex
	var lines []string
	c := j.Add(operators.KindCollect, "collect", operators.CollectSpec{}, from.Schema, forward(from))
	must(t, Run(t.Context(), j, options(p, Bindings{c.UID: func() dataflow.Operator {
		return &Collector{Take: func(b *columnar.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			for k := range b.Live() {
				var line []byte
				for _, v := range b.Cols {
					line = append(columnar.AppendText(line, v, b.Row(k), time.UTC), '|')
				}
				lines = append(lines, string(line))
			}
			return nil
		}}
	}})))
	slices.Sort(lines)
	return lines
}

func options(p int, b Bindings) Options {
	return Options{Parallelism: p, Connectors: catalog.NewRegistry(generator.Nexmark{}, console.Blackhole{}), Bindings: b}
}

// grouped counts bids per auction in two phases.
func grouped(t testing.TB, j *graph.Job, in *graph.Node) *graph.Node {
	t.Helper()
	calls := []*expr.Aggregate{count(t)}
	key := in.Schema.Fields[0]
	partial := &columnar.Schema{Fields: []columnar.Field{key, {Name: "s", Type: columnar.TypeBigInt}}}
	a := j.Add(group.Kind, "partial", group.Spec{Keys: []int{0}, Calls: calls, Phase: group.Partial}, partial, forward(in))
	out := &columnar.Schema{Fields: []columnar.Field{key, {Name: "n", Type: columnar.TypeBigInt}}}
	return j.Add(group.Kind, "final", group.Spec{Keys: []int{0}, Calls: calls, Phase: group.Final}, out, hashed(a, 0))
}

func windowed(j *graph.Job, in *graph.Node, w windowing.Window, calls ...*expr.Aggregate) *graph.Node {
	out := &columnar.Schema{Fields: []columnar.Field{in.Schema.Fields[0]}}
	for i, c := range calls {
		out.Fields = append(out.Fields, columnar.Field{Name: fmt.Sprint("c", i), Type: c.Type})
	}
	for _, name := range []string{"window_start", "window_end", "window_time"} {
		out.Fields = append(out.Fields, columnar.Field{Name: name, Type: columnar.TimestampOf(3)})
	}
	return j.Add(windowing.KindAggregate, "window", windowing.AggregateSpec{Window: w, TimeColumn: 3, Keys: []int{0}, Calls: calls}, out, hashed(in, 0))
}

func TestResultsDoNotDependOnParallelism(t *testing.T) {
	defer goleak.VerifyNone(t)
	before := mem.AllocatedBytes()
	const second = 1_000_000
	plans := map[string]func(j *graph.Job) *graph.Node{
		"group": func(j *graph.Job) *graph.Node { return grouped(t, j, bids(t, j, 100_000)) },
		"tumble": func(j *graph.Job) *graph.Node {
			return windowed(j, bids(t, j, 100_000), windowing.Window{Size: 10 * second, Slide: 10 * second}, count(t))
		},
		"hop": func(j *graph.Job) *graph.Node {
			return windowed(j, bids(t, j, 100_000), windowing.Window{Size: 10 * second, Slide: 4 * second}, count(t))
		},
		"join": func(j *graph.Job) *graph.Node {
			l := windowed(j, bids(t, j, 100_000), windowing.Window{Size: 10 * second, Slide: 10 * second}, count(t))
			r := windowed(j, bids(t, j, 60_000), windowing.Window{Size: 10 * second, Slide: 10 * second}, count(t))
			out := &columnar.Schema{Fields: append(slices.Clone(l.Schema.Fields), r.Schema.Fields...)}
			return j.Add(join.KindHash, "join", join.Spec{Type: join.Full, LeftKeys: []int{0, 2}, RightKeys: []int{0, 2}}, out, hashed(l, 0, 2), hashed(r, 0, 2))
		},
	}
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, p := range []int{1, 2, 3} {
				j := &graph.Job{}
				got := collect(t, j, plan(j), p)
				if p == 1 {
					want = got
					t.Logf("%d rows, first %s", len(want), want[0])
				}
				if !slices.Equal(got, want) {
					t.Errorf("parallelism %d: %d rows, want %d", p, len(got), len(want))
				}
			}
		})
	}
	if after := mem.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still allocated", after-before)
	}
}

func TestWindowsHoldEveryRowOnce(t *testing.T) {
	j := &graph.Job{}
	lines := collect(t, j, windowed(j, bids(t, j, 100_000), windowing.Window{Size: 10_000_000, Slide: 10_000_000}, count(t)), 2)
	total := 0
	for _, l := range lines {
		var auction, n int
		_, err := fmt.Sscanf(strings.ReplaceAll(l, "|", " "), "%d %d", &auction, &n)
		must(t, err)
		total += n
	}
	if total != 92_000 {
		t.Errorf("%d bids in windows, want 92000", total)
	}
}

func TestLimitStopsAnUnboundedSource(t *testing.T) {
	defer goleak.VerifyNone(t)
	j := &graph.Job{Streaming: true}
	n := int64(10_000)
	in := bids(t, j, 0)
	l := j.Add(order.KindLimit, "limit", order.LimitSpec{Limit: &n}, in.Schema,
		graph.Edge{From: in.ID, Partition: graph.Partitioning{Scheme: graph.Single}})
	l.Parallelism = 1
	c := j.Add(operators.KindCollect, "collect", operators.CollectSpec{}, in.Schema, forward(l))
	c.Parallelism = 1
	rows := 0
	must(t, Run(t.Context(), j, options(2, Bindings{c.UID: func() dataflow.Operator {
		return &Collector{Take: func(b *columnar.Batch) error { rows += b.Live(); return nil }}
	}})))
	if rows != int(n) {
		t.Errorf("%d rows, want %d", rows, n)
	}
}

// One batch of a cross join makes billions of rows, and the join looks at its context all the same.
func TestCancelEndsACrossJoin(t *testing.T) {
	for _, residual := range []*expr.Expr{nil, expr.Bool(false)} {
		j := &graph.Job{}
		left, right := bids(t, j, 200_000), bids(t, j, 200_000)
		out := &columnar.Schema{Fields: append(slices.Clone(left.Schema.Fields), right.Schema.Fields...)}
		spec := join.Spec{Type: join.Inner, Residual: residual}
		join := j.Add(join.KindHash, "join", spec, out, forward(left),
			graph.Edge{From: right.ID, Partition: graph.Partitioning{Scheme: graph.Broadcast}})
		j.Add(operators.KindSink, "sink", operators.SinkSpec{Table: &catalog.TableSpec{Name: "b", Connector: "blackhole"}}, out, forward(join))
		ctx, cancel := context.WithCancel(t.Context())
		var canceled time.Time
		time.AfterFunc(500*time.Millisecond, func() { canceled = time.Now(); cancel() })
		if err := Run(ctx, j, options(1, nil)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if took := time.Since(canceled); took > time.Second {
			t.Errorf("ended %v after it was canceled", took)
		}
	}
}

func TestFailures(t *testing.T) {
	defer goleak.VerifyNone(t)
	before := mem.AllocatedBytes()
	boom := errors.New("boom")
	for name, take := range map[string]func(*columnar.Batch) error{
		"error": func(*columnar.Batch) error { return boom },
		"panic": func(*columnar.Batch) error { panic(boom) },
	} {
		j := &graph.Job{Streaming: true}
		in := bids(t, j, 0)
		c := j.Add(operators.KindCollect, "collect", operators.CollectSpec{}, in.Schema, hashed(in, 0))
		err := Run(t.Context(), j, options(2, Bindings{c.UID: func() dataflow.Operator { return &Collector{Take: take} }}))
		if err == nil || !strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), "collect") {
			t.Errorf("%s: %v", name, err)
		}
	}
	j := &graph.Job{Streaming: true}
	in := bids(t, j, 0)
	j.Add(operators.KindSink, "sink", operators.SinkSpec{Table: &catalog.TableSpec{Name: "b", Connector: "blackhole"}}, in.Schema, forward(in))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := Run(ctx, j, options(2, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if after := mem.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still allocated", after-before)
	}
}

func BenchmarkNexmarkQ0(b *testing.B) {
	const events = 4_000_000
	for b.Loop() {
		j := &graph.Job{Streaming: true}
		in := bids(b, j, events)
		j.Add(operators.KindSink, "sink", operators.SinkSpec{Table: &catalog.TableSpec{Name: "b", Connector: "blackhole"}}, in.Schema, forward(in))
		must(b, Run(b.Context(), j, options(2, nil)))
	}
	b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
