package operators

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// Filter keeps the rows for which its predicate is true; null counts as false.
type Filter struct {
	spec      FilterSpec
	predicate *expr.Program
	sel       []int32 // reused by every Process
}

var _ dataflow.Operator = (*Filter)(nil)

// NewFilter makes the operator of spec.
func NewFilter(spec FilterSpec) *Filter { return &Filter{spec: spec} }

// Open compiles the predicate.
func (f *Filter) Open(ctx *dataflow.Context) (err error) {
	f.predicate, err = expr.Compile(f.spec.Predicate, ctx.Env)
	return err
}

// Process emits the selected rows of b.
func (f *Filter) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	sel, err := f.predicate.Select(b, f.sel)
	if err != nil {
		return dataflow.Done, fmt.Errorf("filter: %w", err)
	}
	f.sel = sel
	if len(sel) == 0 {
		return dataflow.Done, nil
	}
	return dataflow.Done, out.Emit(b.WithSel(sel))
}

// Close frees the predicate's memory.
func (f *Filter) Close() error {
	f.predicate.Close()
	return nil
}
