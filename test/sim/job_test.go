package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/scheduler/binding"
	"github.com/anabranch/anabranch/state"
)

var rowSchema = &columnar.Schema{Fields: []columnar.Field{{Name: "id", Type: columnar.TypeBigInt}}}

// errFault is what fails by chance.
var errFault = errors.New("a fault of the simulation")

// splitRows is above the number of rows of any split: row r of split s has the id s*splitRows+r.
const splitRows = 1000

// job is source -> operator with state -> sink, with exchanges by key between them; in some a join that
// reads another source first stands before the sink, and in some another operator reads in the task of the first.
func (w *world) job() *graph.Job {
	j := &graph.Job{Name: "job", Streaming: true}
	hashed := func(n *graph.Node) graph.Edge {
		return graph.Edge{From: n.ID, Partition: graph.Partitioning{Scheme: graph.Hash, Keys: []int{0}}}
	}
	source := j.Add(operators.KindFunctionSource, "source", operators.FunctionSpec{}, rowSchema)
	once := j.Add(operators.KindFunction, "once", operators.FunctionSpec{}, rowSchema, hashed(source))
	sources := binding.Sources{source.UID: w.source()}
	last := once
	if w.rng.IntN(3) == 0 {
		all := j.Add(operators.KindFunctionSource, "all", operators.FunctionSpec{}, rowSchema)
		sources[all.UID] = w.again()
		out := &columnar.Schema{Fields: []columnar.Field{rowSchema.Fields[0], {Name: "same", Type: columnar.TypeBigInt}}}
		spec := join.Spec{Type: join.Inner, LeftKeys: []int{0}, RightKeys: []int{0}}
		last = j.Add(join.KindHash, "join", spec, out, hashed(once), hashed(all))
	}
	sink := j.Add(operators.KindFunction, "sink", operators.FunctionSpec{}, rowSchema, hashed(last))
	if w.rng.IntN(3) == 0 {
		source.Parallelism = 1 + w.rng.IntN(3)
	}
	ops := binding.Operators{
		once.UID: func() dataflow.Operator { return &onceOperator{w: w} },
		sink.UID: func() dataflow.Operator { return &sinkOperator{w: w} },
	}
	if w.rng.IntN(3) == 0 {
		w.beside = map[int][]int64{}
		forward := graph.Edge{From: once.ID, Partition: graph.Partitioning{Scheme: graph.Forward}}
		beside := j.Add(operators.KindFunction, "beside", operators.FunctionSpec{}, rowSchema, forward)
		ops[beside.UID] = func() dataflow.Operator { return &besideOperator{onceOperator{w: w}} }
	}
	w.bindings = &binding.Set{
		Sources:    sources,
		Operators:  ops,
		Committers: binding.Committers{sink.UID: w},
	}
	return j
}

// source has splits of ids, with or without positions.
type source struct {
	w         *world
	rows      []int // of each split
	positions bool
	endless   bool
	watched   bool
	born      []time.Duration // when there is each split, of a source that grows
}

// parallel is a source whose splits are read side by side.
type parallel struct{ *source }

func (parallel) SideBySide() {}

// growing is a source without end that gets more splits.
type growing struct{ *source }

func (g growing) Splits(ctx context.Context, _ int) ([]dataflow.Split, error) {
	return g.NewSplits(ctx, nil)
}

func (g growing) NewSplits(_ context.Context, known []dataflow.Split) ([]dataflow.Split, error) {
	if g.w.fault(10) {
		return nil, fmt.Errorf("list: %w", errFault)
	}
	var list []dataflow.Split
	for i, at := range g.born {
		id := strconv.Itoa(i)
		if at <= g.w.now && !slices.ContainsFunc(known, func(s dataflow.Split) bool { return s.ID == id }) {
			list = append(list, dataflow.Split{ID: id})
		}
	}
	return list, nil
}

// watching is one whose splits end.
type watching struct{ *source }

func (v watching) Splits(context.Context, int) ([]dataflow.Split, error) { return nil, nil }
func (watching) Every() time.Duration                                    { return 30 * time.Millisecond }

func (v watching) Discover(ctx context.Context, seen map[string]bool) ([]dataflow.Split, []string, error) {
	var known []dataflow.Split
	for name := range seen {
		known = append(known, dataflow.Split{ID: name})
	}
	list, err := growing(v).NewSplits(ctx, known)
	var names []string
	for _, s := range list {
		names = append(names, s.ID)
	}
	return list, names, err
}

func (growing) Every() time.Duration { return 30 * time.Millisecond }

func (w *world) source() dataflow.Source {
	s := &source{w: w, positions: w.rng.IntN(2) == 0}
	for range 1 + w.rng.IntN(6) {
		s.rows = append(s.rows, w.rng.IntN(200))
	}
	for i, n := range s.rows {
		for r := range n {
			w.expected = append(w.expected, int64(i*splitRows+r))
		}
	}
	switch w.rng.IntN(4) {
	case 0:
		return parallel{s}
	case 1:
		s.endless, w.endless = w.checkpoints, w.checkpoints
		for range s.rows {
			s.born = append(s.born, w.between(0, 200*time.Millisecond)*time.Duration(w.rng.IntN(2)))
		}
		if s.watched = s.endless && w.rng.IntN(2) == 0; s.watched {
			return watching{s}
		}
		if s.endless {
			return growing{s}
		}
	}
	return s
}

// again is a source that has all rows of the other one, and ends.
func (w *world) again() dataflow.Source {
	s := &source{w: w}
	for _, id := range w.expected {
		for len(s.rows) <= int(id)/splitRows {
			s.rows = append(s.rows, 0)
		}
		s.rows[int(id)/splitRows]++
	}
	return s
}

func (s *source) Bounded() bool { return !s.endless }

func (s *source) Splits(context.Context, int) ([]dataflow.Split, error) {
	if s.w.fault(10) {
		return nil, fmt.Errorf("list: %w", errFault)
	}
	var list []dataflow.Split
	for i := range s.rows {
		list = append(list, dataflow.Split{ID: strconv.Itoa(i)})
	}
	return list, nil
}

func (s *source) Open(_ context.Context, split dataflow.Split, _ dataflow.ReadRequest) (dataflow.Reader, error) {
	if s.w.fault(20) {
		return nil, fmt.Errorf("open: %w", errFault)
	}
	i, err := strconv.Atoi(split.ID)
	if err != nil {
		return nil, err
	}
	r := &reader{source: s, split: i, batch: columnar.NewBatch(rowSchema)}
	if len(split.Position) > 0 {
		r.next, err = strconv.Atoi(string(split.Position))
	}
	return r, err
}

type reader struct {
	*source
	split, next int
	batch       *columnar.Batch
}

func (r *reader) Next() (*columnar.Batch, error) {
	left := r.rows[r.split] - r.next
	switch {
	case r.w.fault(400):
		return nil, fmt.Errorf("read: %w", errFault)
	case r.w.rng.IntN(3) == 0:
		return nil, nil
	case left == 0 && r.endless && !r.watched:
		return nil, nil
	case left == 0:
		return nil, io.EOF
	}
	n := min(left, 1+r.w.rng.IntN(3))
	r.batch.Reset(n)
	for i := range n {
		columnar.Values[int64](r.batch.Cols[0])[i] = int64(r.split*splitRows + r.next + i)
	}
	r.next += n
	return r.batch, nil
}

func (r *reader) Position() []byte {
	if !r.positions {
		return nil
	}
	return strconv.AppendInt(nil, int64(r.next), 10)
}

func (r *reader) Close() error {
	r.batch.Release()
	return nil
}

// ids are the values of the live rows of a batch.
func ids(b *columnar.Batch) (list []int64) {
	for k := range b.Live() {
		list = append(list, columnar.Values[int64](b.Cols[0])[b.Cols[0].Index(b.Row(k))])
	}
	return list
}

// onceOperator remembers the rows it has seen and takes each once.
type onceOperator struct {
	w    *world
	sub  int
	seen []int64
}

var (
	_ dataflow.Snapshotter = (*onceOperator)(nil)
	_ dataflow.Opener      = (*onceOperator)(nil)
)

// seenBy is the state of one subtask.
type seenBy struct {
	Subtask int
	IDs     []int64
}

func (o *onceOperator) Open(c *dataflow.Context) error {
	o.sub = c.Subtask
	if o.w.fault(20) {
		return fmt.Errorf("open: %w", errFault)
	}
	return nil
}

func (o *onceOperator) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if o.w.fault(400) {
		panic(errFault)
	}
	for _, id := range ids(b) {
		if slices.Contains(o.seen, id) {
			o.w.violated("row %d comes twice", id)
		}
		o.seen = append(o.seen, id)
	}
	return dataflow.Done, out.Emit(b)
}

func (o *onceOperator) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	w.Value("seen", seenBy{o.sub, o.seen})
	return nil
}

func (o *onceOperator) Restore(r *state.Reader) error {
	list, err := state.Values[seenBy](r, "seen")
	for _, s := range list {
		if s.Subtask == o.sub {
			o.seen = s.IDs
		}
	}
	return err
}

func (o *onceOperator) Close() error { return nil }

// besideOperator is one that tells at the end what it has seen.
type besideOperator struct{ onceOperator }

func (o *besideOperator) EndInput(dataflow.Port, dataflow.Output) (dataflow.Status, error) {
	o.w.beside[o.sub] = o.seen
	return dataflow.Done, nil
}

// sinkOperator prepares the rows of an epoch.
type sinkOperator struct {
	w    *world
	rows []int64
}

var _ dataflow.Committing = (*sinkOperator)(nil)

// prepared is a committable.
type prepared struct {
	Number int // unique in the world
	IDs    []int64
}

func (s *sinkOperator) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	if s.w.fault(400) {
		return dataflow.Done, fmt.Errorf("write: %w", errFault)
	}
	s.rows = append(s.rows, ids(b)...)
	return dataflow.Done, nil
}

func (s *sinkOperator) Prepare(dataflow.Epoch, bool) ([]dataflow.Committable, error) {
	if s.w.fault(100) {
		return nil, fmt.Errorf("prepare: %w", errFault)
	}
	if len(s.rows) == 0 {
		return nil, nil
	}
	p := prepared{s.w.number, s.rows}
	s.rows = nil
	s.w.number++
	s.w.open[p.Number] = true
	data, err := json.Marshal(p)
	return []dataflow.Committable{{Data: data}}, err
}

func (s *sinkOperator) Close() error { return nil }

// Commit makes rows visible; world is the committer of its sinks.
func (w *world) Commit(_ context.Context, data []byte) error {
	if w.fault(20) {
		return fmt.Errorf("commit: %w", errFault)
	}
	var p prepared
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	switch {
	case w.committed[p.Number] != nil:
		return nil // again, after a failure
	case !w.open[p.Number]:
		w.violated("output %d is committed after it was removed", p.Number)
	case w.checkpoints && !w.durable[string(data)]:
		w.violated("output %d is committed before a durable checkpoint lists it", p.Number)
	}
	delete(w.open, p.Number)
	w.committed[p.Number] = p.IDs
	if w.fault(20) {
		return fmt.Errorf("commit, after it is done: %w", errFault)
	}
	return nil
}

// Recover removes what is prepared and not kept.
func (w *world) Recover(_ context.Context, _ string, keep [][]byte) error {
	kept := map[int]bool{}
	for _, data := range keep {
		var p prepared
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		kept[p.Number] = true
	}
	for n := range w.open {
		if !kept[n] {
			delete(w.open, n)
		}
	}
	return nil
}
