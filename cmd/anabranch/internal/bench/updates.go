package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/io/console"
)

// updates is a connector whose table has every key once and then keys at random without end.
type updates struct{ count *updateCount }

// updateCount is what the readers of a run share.
type updateCount struct {
	keys    int64
	zipf    float64 // exponent; 0 is uniform
	rows    atomic.Int64
	open    atomic.Int64  // readers that have not made all their keys
	filled  chan struct{} // closed when all keys are there
	counted chan struct{} // closed when the run has been measured
}

var _ catalog.SourceConnector = updates{}

// blackhole takes every row.
func blackhole() catalog.Connector { return console.Blackhole{} }

// Name is 'updates'.
func (updates) Name() string { return "updates" }

// Options are none.
func (updates) Options() []catalog.Option { return nil }

// Source is the connector itself.
func (u updates) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	return updatesSource{u.count, spec.Schema}, nil
}

type updatesSource struct {
	count  *updateCount
	schema *columnar.Schema
}

// Bounded is false.
func (updatesSource) Bounded() bool { return false }

// Splits deals the keys out.
func (s updatesSource) Splits(_ context.Context, parallelism int) ([]dataflow.Split, error) {
	var splits []dataflow.Split
	n := int64(parallelism)
	for i := range n {
		data, err := json.Marshal(share{s.count.keys * i / n, s.count.keys * (i + 1) / n})
		if err != nil {
			return nil, err
		}
		splits = append(splits, dataflow.Split{ID: fmt.Sprintf("updates-%d", i), Data: data})
	}
	s.count.open.Store(n)
	return splits, nil
}

// Open starts a split. A run is never restored, so there is no position to go on from.
func (s updatesSource) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	r := &updatesReader{count: s.count, columns: req.Columns}
	if err := json.Unmarshal(split.Data, &r.share); err != nil {
		return nil, fmt.Errorf("split %s: %w", split.ID, err)
	}
	r.rng = rand.New(rand.NewPCG(1, uint64(r.From)))
	if s.count.zipf > 0 {
		r.zipf = rand.NewZipf(r.rng, s.count.zipf, 1, uint64(r.To-r.From-1))
	}
	r.batch = columnar.NewBatch(s.schema.Project(req.Columns))
	return r, nil
}

// updatesReader makes the rows of a split.
type updatesReader struct {
	share
	count   *updateCount
	columns []int
	batch   *columnar.Batch
	rng     *rand.Rand
	zipf    *rand.Zipf // nil: uniform
	made    int64
}

// Position is the number of rows made.
func (r *updatesReader) Position() []byte { return fmt.Appendf(nil, "%d", r.made) }

// Close gives the batch back.
func (r *updatesReader) Close() error {
	r.batch.Release()
	return nil
}

// Next makes the keys, then updates of keys at random.
func (r *updatesReader) Next() (*columnar.Batch, error) {
	keys := r.To - r.From
	n := int64(columnar.BatchRows)
	filling := r.made < keys
	if filling {
		n = min(n, keys-r.made)
	}
	r.batch.Reset(int(n))
	for i, c := range r.columns {
		values := columnar.Values[int64](r.batch.Cols[i])
		for k := range values {
			switch {
			case c > 0:
				values[k] = 1
			case filling:
				values[k] = scattered(r.From + r.made + int64(k))
			case r.zipf != nil:
				values[k] = scattered(r.From + int64(r.zipf.Uint64()))
			default:
				values[k] = scattered(r.From + r.rng.Int64N(keys))
			}
		}
	}
	r.made += n
	r.count.rows.Add(n)
	if filling && r.made == keys && r.count.open.Add(-1) == 0 {
		close(r.count.filled)
	}
	return r.batch, nil
}

// scattered makes of the keys 0, 1, 2 and so on keys that do not lie close together.
func scattered(i int64) int64 { return i * 0x1e3779b97f4a7c15 }
