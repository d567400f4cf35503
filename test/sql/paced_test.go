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
type pacedRegistry struct {
	*catalog.Registry
	pace
}

// pace is after how many batches a source pauses, and how long.
type pace struct {
	batches int
	pause   time.Duration
}

var defaultPace = pace{20, 25 * time.Millisecond}

func (r pacedRegistry) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	s, err := r.Registry.Source(spec)
	return pacedSource{s, r.pace}, err
}

type pacedSource struct {
	dataflow.Source
	pace
}

func (s pacedSource) Open(ctx context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	r, err := s.Source.Open(ctx, split, req)
	return &pacedReader{Reader: r, pace: s.pace}, err
}

func (s pacedSource) Narrow(filter []*expr.Expr, env *expr.Env) (dataflow.Source, error) {
	n, ok := s.Source.(dataflow.Narrower)
	if !ok {
		return s, nil
	}
	narrow, err := n.Narrow(filter, env)
	return pacedSource{narrow, s.pace}, err
}

func (s pacedSource) Rejects() (dataflow.Rejects, dataflow.Committer) {
	if r, ok := s.Source.(dataflow.Rejecter); ok {
		return r.Rejects()
	}
	return nil, nil
}

type pacedReader struct {
	dataflow.Reader
	pace
	read int
	wake func()
	due  time.Time
}

func (r *pacedReader) Next() (*columnar.Batch, error) {
	if r.read > 0 && r.read%r.batches == 0 {
		now := time.Now()
		if r.due.IsZero() {
			r.due = now.Add(r.pause)
			time.AfterFunc(r.pause, r.wake)
		}
		if now.Before(r.due) {
			return nil, nil
		}
		r.due = time.Time{}
	}
	r.read++
	return r.Reader.Next()
}

func (r *pacedReader) Notify(wake func()) { r.wake = wake }
