package operators

import (
	"context"
	"io"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// Values is a source of constant rows: one split, one batch.
type Values struct {
	spec   ValuesSpec
	schema *columnar.Schema
	env    *expr.Env
}

var _ dataflow.Source = (*Values)(nil)

// NewValues makes the source of spec, whose rows have the schema's types.
func NewValues(spec ValuesSpec, schema *columnar.Schema, env *expr.Env) *Values {
	return &Values{spec: spec, schema: schema, env: env}
}

// Bounded is true.
func (v *Values) Bounded() bool { return true }

// Splits is one split.
func (v *Values) Splits(context.Context, int) ([]dataflow.Split, error) {
	return []dataflow.Split{{ID: "values"}}, nil
}

// Open computes the rows.
func (v *Values) Open(context.Context, dataflow.Split, dataflow.ReadRequest) (dataflow.Reader, error) {
	one := columnar.NewBatch(&columnar.Schema{})
	one.SetLen(1)
	b := columnar.NewBatch(v.schema)
	for _, row := range v.spec.Rows {
		for c, e := range row {
			p, err := expr.Compile(e, v.env)
			if err != nil {
				return nil, err
			}
			defer p.Close()
			x, err := p.Eval(one)
			if err != nil {
				return nil, err
			}
			if x.Phys == columnar.PhysNone {
				b.Cols[c].AppendNull()
				continue
			}
			b.Cols[c].AppendRows(x, []int32{0})
		}
	}
	b.SetLen(len(v.spec.Rows))
	return &valuesReader{batch: b}, nil
}

type valuesReader struct {
	batch *columnar.Batch
	read  bool
}

// Next returns the rows once.
func (r *valuesReader) Next() (*columnar.Batch, error) {
	if r.read {
		return nil, io.EOF
	}
	r.read = true
	return r.batch, nil
}

// Position is not needed: the rows come whole.
func (r *valuesReader) Position() []byte { return nil }

// Close frees the rows.
func (r *valuesReader) Close() error {
	r.batch.Release()
	return nil
}
