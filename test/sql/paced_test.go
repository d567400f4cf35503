package sql

import (
	"context"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// pacedRegistry makes sources that have nothing to give now and then, long enough for a
// checkpoint to be completed, so that short jobs have checkpoints inside.
type pacedRegistry struct{ *catalog.Registry }

const (
	pauseEvery = 20 // batches
	pause      = 25 * time.Millisecond
)

func (r pacedRegistry) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	s, err := r.Registry.Source(spec)
	return pacedSource{s}, err
}

type pacedSource struct{ dataflow.Source }

func (s pacedSource) Open(ctx context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	r, err := s.Source.Open(ctx, split, req)
	return &pacedReader{Reader: r}, err
}

func (s pacedSource) Narrow(filter []*expr.Expr, env *expr.Env) (dataflow.Source, error) {
	n, ok := s.Source.(dataflow.Narrower)
	if !ok {
		return s, nil
	}
	narrow, err := n.Narrow(filter, env)
	return pacedSource{narrow}, err
}

func (s pacedSource) Rejects() (dataflow.Rejects, dataflow.Committer) {
	if r, ok := s.Source.(dataflow.Rejecter); ok {
		return r.Rejects()
	}
	return nil, nil
}

type pacedReader struct {
	dataflow.Reader
	batches int
	wake    func()
	due     time.Time
}

func (r *pacedReader) Next() (*columnar.Batch, error) {
	if r.batches > 0 && r.batches%pauseEvery == 0 {
		now := time.Now()
		if r.due.IsZero() {
			r.due = now.Add(pause)
			time.AfterFunc(pause, r.wake)
		}
		if now.Before(r.due) {
			return nil, nil
		}
		r.due = time.Time{}
	}
	r.batches++
	return r.Reader.Next()
}

func (r *pacedReader) Notify(wake func()) { r.wake = wake }
