package stream

import (
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"iter"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators"
)

// Stream is rows of T that pass one after the other. T is a struct, whose exported fields become
// columns, or a boolean, number, string, []byte or time.Time.
type Stream[T any] struct {
	node  *node
	codec *govalue.Codec
	timed bool   // the last column is the rows' event time
	frame *frame // of the operator, if it has side outputs and this is one of its outputs
}

// FromSlice is a stream of the rows, which must not change before the job has ended. One subtask
// reads them, in order.
func FromSlice[T any](e *Env, rows []T, opts ...Option) *Stream[T] {
	return newSource[T](e, "slice", func(c *govalue.Codec, s *columnar.Schema) dataflow.Source {
		return &source[T]{open: func(_ context.Context, position int) rowReader[T] {
			return &sliceReader[T]{rows: rows, at: position}
		}, codec: c, schema: s}
	}, opts)
}

// FromFunc is a stream of what generate emits until it returns; an error fails the job. emit
// reports whether more is wanted. One subtask calls generate. After a restart it is called again
// and the rows that had been read are left out, so it must emit the same rows in every run.
func FromFunc[T any](e *Env, name string, generate func(ctx context.Context, emit func(T) bool) error) *Stream[T] {
	return newSource[T](e, name, func(c *govalue.Codec, s *columnar.Schema) dataflow.Source {
		return &source[T]{open: func(ctx context.Context, _ int) rowReader[T] {
			return newFuncReader(ctx, generate)
		}, codec: c, schema: s}
	}, []Option{Named(name)})
}

func newSource[T any](e *Env, what string, build func(*govalue.Codec, *columnar.Schema) dataflow.Source, opts []Option) *Stream[T] {
	c := codecOf[T](e, what)
	schema := columnar.NewSchema(c.Columns("")...)
	n := &node{kind: operators.KindFunctionSource, what: what, sole: true, schema: schema, source: build(c, schema)}
	return &Stream[T]{node: e.add(n, opts), codec: c}
}

// source reads rows in one split.
type source[T any] struct {
	waits  bool // rows may be waited for
	open   func(ctx context.Context, position int) rowReader[T]
	codec  *govalue.Codec
	schema *columnar.Schema
}

var (
	_ dataflow.Source = (*source[int])(nil)
	_ dataflow.Waiter = (*reader[int])(nil)
)

// rowReader is where a source's rows come from.
type rowReader[T any] interface {
	// read appends up to n rows to dst; io.EOF may come with the last ones. No rows without an error
	// means to wait, which only a Waiter may do.
	read(dst []T, n int) ([]T, error)
	// position is where to go on, -1 if reading starts over.
	position() int
	close()
}

// Bounded is false for rows that are waited for, though they may end.
func (s *source[T]) Bounded() bool { return !s.waits }

// Splits is one split.
func (s *source[T]) Splits(context.Context, int) ([]dataflow.Split, error) {
	return []dataflow.Split{{ID: "rows"}}, nil
}

// Open reads on from the split's position.
func (s *source[T]) Open(ctx context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	position := 0
	if len(split.Position) > 0 {
		v, _ := binary.Uvarint(split.Position)
		position = int(v)
	}
	n := req.BatchRows
	if n <= 0 {
		n = columnar.BatchRows
	}
	return &reader[T]{rows: s.open(ctx, position), size: n, coder: govalue.NewCoder[T](s.codec), batch: columnar.NewBatch(s.schema)}, nil
}

// reader makes batches of rows.
type reader[T any] struct {
	rows  rowReader[T]
	size  int
	ended bool
	buf   []T
	coder *govalue.Coder[T]
	batch *columnar.Batch
}

// Next encodes the next rows.
func (r *reader[T]) Next() (*columnar.Batch, error) {
	if r.ended {
		return nil, io.EOF
	}
	clear(r.buf)
	var err error
	r.buf, err = r.rows.read(r.buf[:0], r.size)
	if err == io.EOF { //nolint:errorlint // a rowReader returns it bare
		r.ended = true
	} else if err != nil {
		return nil, err
	}
	if len(r.buf) == 0 {
		if r.ended {
			return nil, io.EOF
		}
		return nil, nil // wait
	}
	r.batch.Reset(len(r.buf))
	r.coder.Encode(r.batch.Cols, r.buf)
	return r.batch, nil
}

// Notify passes on whom to wake when there are rows.
func (r *reader[T]) Notify(wake func()) {
	if w, ok := r.rows.(dataflow.Waiter); ok {
		w.Notify(wake)
	}
}

// Position is the number of rows read, empty where reading starts over.
func (r *reader[T]) Position() []byte {
	if p := r.rows.position(); p >= 0 {
		return binary.AppendUvarint(nil, uint64(p))
	}
	return nil
}

// Close stops reading.
func (r *reader[T]) Close() error {
	r.rows.close()
	r.batch.Release()
	return nil
}

type sliceReader[T any] struct {
	rows []T
	at   int
}

func (r *sliceReader[T]) read(dst []T, n int) ([]T, error) {
	from := min(r.at, len(r.rows))
	r.at = min(from+n, len(r.rows))
	dst = append(dst, r.rows[from:r.at]...)
	if r.at == len(r.rows) {
		return dst, io.EOF
	}
	return dst, nil
}

func (r *sliceReader[T]) position() int { return r.at }

func (r *sliceReader[T]) close() {}

// funcReader pulls rows out of a function that pushes them.
type funcReader[T any] struct {
	ctx  context.Context
	next func() (T, bool)
	stop func()
	err  error
}

func newFuncReader[T any](ctx context.Context, generate func(context.Context, func(T) bool) error) *funcReader[T] {
	r := &funcReader[T]{ctx: ctx}
	r.next, r.stop = iter.Pull(func(yield func(T) bool) {
		wanted := true
		r.err = generate(ctx, func(v T) bool {
			// A batch may take the function long, so the end of the job is looked for at each row.
			wanted = wanted && ctx.Err() == nil && yield(v)
			return wanted
		})
	})
	return r
}

func (r *funcReader[T]) read(dst []T, n int) ([]T, error) {
	for range n {
		v, ok := r.next()
		if !ok {
			if err := cmp.Or(r.err, context.Cause(r.ctx)); err != nil {
				return dst, err // the rows have not ended where they are not wanted any more
			}
			return dst, io.EOF
		}
		dst = append(dst, v)
	}
	return dst, nil
}

func (r *funcReader[T]) position() int { return -1 }

func (r *funcReader[T]) close() { r.stop() }
