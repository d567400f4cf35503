package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/io/generator"
)

// Nexmark says which events of an auction site to write: one file for each kind of event.
type Nexmark struct {
	Events int64
	Dir    string
	Format string // parquet or json; default parquet
}

// Validate reports what is wrong with the options.
func (o Nexmark) Validate() error {
	if o.Events <= 0 {
		return fmt.Errorf("%d events: at least one is needed", o.Events)
	}
	if o.Format != "" {
		return checkFormat(o.Format)
	}
	return nil
}

// Run writes the files and tells of each.
func (o Nexmark) Run(ctx context.Context, done func(Written)) error {
	if o.Format == "" {
		o.Format = "parquet"
	}
	if err := o.Validate(); err != nil {
		return err
	}
	reader, schema, err := o.open(ctx)
	if err != nil {
		return err
	}
	var tables []*table
	// Column 0 is the kind of event; each of the others is the ROW of one kind.
	for _, f := range schema.Fields[1:] {
		t, err := create(o.Dir, f.Name, o.Format, columnar.NewSchema(f.Type.Fields...))
		if err != nil {
			return errors.Join(err, reader.Close(), finishAll(tables, err))
		}
		tables = append(tables, t)
	}
	err = errors.Join(split(ctx, reader, tables), reader.Close())
	if err = finishAll(tables, err); err != nil {
		return err
	}
	for _, t := range tables {
		done(Written{Table: t.name, Path: t.path, Rows: t.rows})
	}
	return nil
}

// finishAll finishes every file in the same way.
func finishAll(tables []*table, err error) error {
	errs := []error{err}
	for _, t := range tables {
		if failed := t.finish(err); err == nil {
			errs = append(errs, failed)
		}
	}
	return errors.Join(errs...)
}

func (o Nexmark) open(ctx context.Context) (dataflow.Reader, *columnar.Schema, error) {
	connector := generator.Nexmark{}
	options := map[string]string{"connector": connector.Name(), "events.num": strconv.FormatInt(o.Events, 10)}
	schema, err := connector.Infer(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	source, err := connector.Source(&catalog.TableSpec{Name: "nexmark", Connector: connector.Name(), Schema: schema, Options: options})
	if err != nil {
		return nil, nil, err
	}
	splits, err := source.Splits(ctx, 1)
	if err != nil {
		return nil, nil, err
	}
	columns := make([]int, len(schema.Fields))
	for i := range columns {
		columns[i] = i
	}
	reader, err := source.Open(ctx, splits[0], dataflow.ReadRequest{Columns: columns})
	return reader, schema, err
}

// split writes each event into the file of its kind.
func split(ctx context.Context, reader dataflow.Reader, tables []*table) error {
	for ctx.Err() == nil {
		b, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for kind, t := range tables {
			rows := b.Cols[1+kind]
			events := &columnar.Batch{Schema: columnar.NewSchema(rows.Type.Fields...), Cols: rows.Children}
			events.SetLen(b.Len())
			events.Sel = make([]int32, 0, b.Len())
			for k := range b.Live() {
				if i := b.Row(k); !rows.IsNull(i) {
					events.Sel = append(events.Sel, int32(i))
				}
			}
			if err := t.write(events); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}
