package generate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/bench/tpch"
)

// TPCH says which tables of TPC-H to write.
type TPCH struct {
	Scale  float64
	Dir    string
	Format string   // parquet, csv or json; default parquet
	Tables []string // default all
}

// Run writes the tables and tells of each.
func (o TPCH) Run(ctx context.Context, done func(Written)) error {
	if o.Format == "" {
		o.Format = "parquet"
	}
	if len(o.Tables) == 0 {
		o.Tables = tpch.Tables()
	}
	if err := o.Validate(); err != nil {
		return err
	}
	g, err := tpch.New(o.Scale)
	if err != nil {
		return err
	}
	for _, name := range o.Tables {
		s, err := tpch.Schema(name)
		if err != nil {
			return err
		}
		t, err := create(o.Dir, name, o.Format, s)
		if err != nil {
			return err
		}
		if err := t.finish(g.Batches(ctx, name, t.write)); err != nil {
			return err
		}
		done(Written{Table: name, Path: t.path, Rows: t.rows})
	}
	return nil
}

// Validate reports what is wrong with the options.
func (o TPCH) Validate() error {
	if o.Format != "" {
		if err := checkFormat(o.Format); err != nil {
			return err
		}
	}
	for _, name := range o.Tables {
		if !slices.Contains(tpch.Tables(), name) {
			return fmt.Errorf("unknown table %q (known: %s)", name, strings.Join(tpch.Tables(), ", "))
		}
	}
	_, err := tpch.New(o.Scale)
	return err
}
