package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// changes is a connector whose table has every key once, and then changes of keys in turn at an even
// pace without end. The column due is when a change had to be made, 0 for the first of its key: a row
// that the source could only make late counts from when it was due.
type changes struct{ pace *pace }

var _ catalog.SourceConnector = changes{}

// Name is 'changes'.
func (changes) Name() string { return "changes" }

// Options are none.
func (changes) Options() []catalog.Option { return nil }

// Source is the connector itself.
func (c changes) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	return changesSource{c.pace, spec.Schema}, nil
}

type changesSource struct {
	pace   *pace
	schema *columnar.Schema
}

// share are the keys of a split.
type share struct{ From, To int64 }

// Bounded is false.
func (changesSource) Bounded() bool { return false }

// Splits deals the keys out.
func (s changesSource) Splits(_ context.Context, parallelism int) ([]dataflow.Split, error) {
	var splits []dataflow.Split
	n := int64(parallelism)
	for i := range n {
		part := share{s.pace.keys * i / n, s.pace.keys * (i + 1) / n}
		if part.From == part.To {
			continue
		}
		data, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		splits = append(splits, dataflow.Split{ID: fmt.Sprintf("changes-%d", i), Data: data})
	}
	return splits, nil
}

// Open starts a split. A run is never restored, so there is no position to go on from.
func (s changesSource) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	r := &changesReader{pace: s.pace, wake: func() {}}
	if err := json.Unmarshal(split.Data, &r.share); err != nil {
		return nil, fmt.Errorf("split %s: %w", split.ID, err)
	}
	fields := make([]columnar.Field, len(req.Columns))
	r.key, r.due = -1, -1
	for i, c := range req.Columns {
		fields[i] = s.schema.Fields[c]
		if c == 0 {
			r.key = i
		} else {
			r.due = i
		}
	}
	r.batch = columnar.NewBatch(columnar.NewSchema(fields...))
	r.perMicro = s.pace.perSecond / 1e6 * float64(r.To-r.From) / float64(s.pace.keys)
	s.pace.mu.Lock()
	s.pace.opened++
	s.pace.fills++
	s.pace.mu.Unlock()
	return r, nil
}

// changesReader makes the rows of a split.
type changesReader struct {
	share
	pace     *pace
	wake     func()
	batch    *columnar.Batch
	key, due int // positions of the columns, -1 if not wanted
	row      int64
	perMicro float64
	began    int64 // when the last key was there; the first change is due just after
}

// Notify tells whom to wake when the next change is due.
func (r *changesReader) Notify(wake func()) { r.wake = wake }

// Position is the number of rows made.
func (r *changesReader) Position() []byte { return fmt.Appendf(nil, "%d", r.row) }

// Close gives the batch back.
func (r *changesReader) Close() error {
	r.batch.Release()
	return nil
}

// Next makes the keys, then the changes that are due.
func (r *changesReader) Next() (*columnar.Batch, error) {
	keys := r.To - r.From
	if r.row < keys {
		n := min(keys-r.row, columnar.BatchRows)
		r.fill(n, func(int64) int64 { return 0 })
		if r.row == keys {
			r.began = r.pace.now()
			r.pace.mu.Lock()
			r.pace.fills--
			r.pace.mu.Unlock()
		}
		return r.batch, nil
	}
	made := r.row - keys
	n := min(int64(float64(r.pace.now()-r.began)*r.perMicro)-made, columnar.BatchRows)
	if n <= 0 {
		time.AfterFunc(time.Millisecond, r.wake)
		return nil, nil
	}
	r.fill(n, func(i int64) int64 { return r.began + int64(float64(made+i+1)/r.perMicro) })
	return r.batch, nil
}

// fill makes the next n rows; due tells when the i-th of them was.
func (r *changesReader) fill(n int64, due func(i int64) int64) {
	r.batch.Reset(int(n))
	if r.key >= 0 {
		values := columnar.Values[int64](r.batch.Cols[r.key])
		for i := range n {
			values[i] = r.From + (r.row+i)%(r.To-r.From)
		}
	}
	if r.due >= 0 {
		values := columnar.Values[int64](r.batch.Cols[r.due])
		for i := range n {
			values[i] = due(i)
		}
	}
	r.row += n
}

// arrivals is the connector whose table notes how long after they were due changes arrive.
type arrivals struct{ pace *pace }

var (
	_ catalog.SinkConnector = arrivals{}
	_ catalog.ChangelogSink = arrivals{}
)

// Name is 'arrivals'.
func (arrivals) Name() string { return "arrivals" }

// Options are none.
func (arrivals) Options() []catalog.Option { return nil }

// TakesChangelog is true: rows taken back are left out.
func (arrivals) TakesChangelog(*catalog.TableSpec) bool { return true }

// Sink makes the operator.
func (a arrivals) Sink(*catalog.TableSpec) (dataflow.Operator, error) { return arrivalSink(a), nil }

type arrivalSink struct{ pace *pace }

// Process notes the delays of the rows; the last column is when they were due.
func (s arrivalSink) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	now, due := s.pace.now(), b.Cols[len(b.Cols)-1]
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	for k := range b.Live() {
		i := b.Row(k)
		if at := due.Int64At(due.Index(i)); at > 0 && !b.Kind(i).Retracts() {
			s.pace.delays = append(s.pace.delays, float64(now-at)/1e3)
		}
	}
	return dataflow.Done, nil
}

// Close does nothing.
func (arrivalSink) Close() error { return nil }
