package stream

import (
	"context"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler"
)

// ForEach calls f on each row when the job is executed, in one subtask. After a restart from a
// checkpoint f is called again on the rows since then.
func ForEach[T any](s *Stream[T], f func(T) error, opts ...Option) { forEach(s, "for each", f, opts) }

func forEach[T any](s *Stream[T], what string, f func(T) error, opts []Option) *node {
	n := &node{kind: operators.KindFunction, what: what, sole: true, inputs: []input{{from: s.node}}}
	n.operator = func() dataflow.Operator { return &sink[T]{f: f, in: govalue.NewCoder[T](s.codec)} }
	return s.node.env.add(n, opts)
}

// Collect runs the part of the job that s needs and returns its rows, in any order.
func Collect[T any](ctx context.Context, s *Stream[T]) ([]T, error) {
	e := s.node.env
	var rows []T
	n := forEach(s, "collect", func(v T) error {
		rows = append(rows, v)
		return nil
	}, nil)
	// What came before a restart would be there twice.
	err := e.run(ctx, []*node{n}, scheduler.RestartStrategy{Kind: scheduler.NoRestart})
	e.nodes = e.nodes[:n.id] // Execute has nothing to do with it
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// sink calls a function on each row.
type sink[T any] struct {
	f    func(T) error
	in   *govalue.Coder[T]
	live govalue.Positions
}

var _ dataflow.Operator = (*sink[int])(nil)

// Process calls the function on b's rows.
func (s *sink[T]) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	for _, v := range s.in.Decode(b.Cols, s.live.Of(b)) {
		if err := s.f(v); err != nil {
			return dataflow.Done, err
		}
	}
	return dataflow.Done, nil
}

// Close does nothing.
func (s *sink[T]) Close() error { return nil }
