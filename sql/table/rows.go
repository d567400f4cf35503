package table

import (
	"context"
	"fmt"
	"reflect"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/expr"
)

// Change says what a row of a query is: one that comes or one that is taken back, as groups of an endless
// query change.
type Change int

// The changes.
const (
	Insert Change = iota
	Retract
)

// Collect runs a query that ends and returns its rows. T is a struct, whose fields are the query's columns
// by name, or the type of a query's one column; see the package stream for types. A null needs a pointer.
func Collect[T any](ctx context.Context, e *Env, query string) ([]T, error) {
	var rows []T
	err := read(ctx, e, query, true, func(_ Change, row T) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// ForEach runs a query and calls f with each row as it comes, until the query or ctx ends or f fails. See
// Collect for T.
func ForEach[T any](ctx context.Context, e *Env, query string, f func(c Change, row T) error) error {
	return read(ctx, e, query, false, f)
}

func read[T any](ctx context.Context, e *Env, query string, ends bool, f func(Change, T) error) error {
	planned, err := e.plan(query)
	if err == nil {
		err = withoutStreams(planned)
	}
	if err != nil {
		return err
	}
	if ends && planned.Unbounded {
		return fmt.Errorf("the query has no end; read it with ForEach")
	}
	d, err := newDecoder[T](planned.Schema)
	if err != nil {
		return err
	}
	defer d.close()
	return e.runner.Run(ctx, planned, func(b *columnar.Batch) error {
		rows, err := d.decode(b)
		if err != nil {
			return err
		}
		for i, row := range rows {
			c := Insert
			if b.Kind(b.Row(i)).Retracts() {
				c = Retract
			}
			if err := f(c, row); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

// decoder makes values of T of the batches of a schema.
type decoder[T any] struct {
	fields   []columnar.Field
	programs []*expr.Program
	cols     []*columnar.Vector
	coder    *govalue.Coder[T]
	live     govalue.Positions
}

func newDecoder[T any](schema *columnar.Schema) (*decoder[T], error) {
	c, err := govalue.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	exprs, _, err := columnsOf[T](schema)
	if err != nil {
		return nil, err
	}
	d := &decoder[T]{fields: c.Columns(""), coder: govalue.NewCoder[T](c), cols: make([]*columnar.Vector, c.Width())}
	for _, col := range exprs {
		p, err := expr.Compile(col, nil)
		if err != nil {
			return nil, err
		}
		d.programs = append(d.programs, p)
	}
	return d, nil
}

// decode makes values of b's live rows; the slice is used again by the next call.
func (d *decoder[T]) decode(b *columnar.Batch) ([]T, error) {
	rows := d.live.Of(b)
	var err error
	for i, p := range d.programs {
		if d.cols[i], err = p.Eval(b); err != nil {
			return nil, err
		}
		for _, r := range rows {
			if d.fields[i].Type.NotNull && d.cols[i].IsNull(int(r)) {
				return nil, fmt.Errorf("column %q is null in a row; make its field a pointer", d.fields[i].Name)
			}
		}
	}
	if err := d.coder.Codec().Check(d.cols, rows); err != nil {
		return nil, err
	}
	return d.coder.Decode(d.cols, rows), nil
}

func (d *decoder[T]) close() {
	for _, p := range d.programs {
		p.Close()
	}
}
