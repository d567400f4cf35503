package operators

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// Project computes its output columns from each row.
type Project struct {
	spec     ProjectSpec
	programs []*expr.Program
	out      columnar.Batch
}

var _ dataflow.Operator = (*Project)(nil)

// NewProject makes the operator of spec.
func NewProject(spec ProjectSpec) *Project { return &Project{spec: spec} }

// Open compiles the expressions.
func (p *Project) Open(ctx *dataflow.Context) error {
	for _, e := range p.spec.Exprs {
		prog, err := expr.Compile(e, ctx.Env)
		if err != nil {
			return err
		}
		p.programs = append(p.programs, prog)
	}
	p.out = columnar.Batch{Schema: ctx.Output, Cols: make([]*columnar.Vector, len(p.programs))}
	return nil
}

// Process emits the computed columns of b's live rows; columns passed on are not copied.
func (p *Project) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	r, err := p.apply(b)
	if err != nil {
		return dataflow.Done, fmt.Errorf("project: %w", err)
	}
	return dataflow.Done, out.Emit(r)
}

func (p *Project) apply(b *columnar.Batch) (*columnar.Batch, error) {
	for i, prog := range p.programs {
		v, err := prog.Eval(b)
		if err != nil {
			return nil, err
		}
		p.out.Cols[i] = v
	}
	p.out.Sel, p.out.Kinds = b.Sel, b.Kinds
	p.out.SetLen(b.Len())
	return &p.out, nil
}

// Close frees the expressions' memory.
func (p *Project) Close() error {
	for _, prog := range p.programs {
		prog.Close()
	}
	return nil
}
