package session

import (
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// explain prints what Plan makes of a statement: as text, or as JSON or DOT of the job.
func (s *Session) explain(e *ast.Explain) (*Result, error) {
	p, err := s.plan(e.Statement)
	if err != nil {
		return nil, err
	}
	for _, n := range p.Optimized {
		if err := s.measure(n); err != nil {
			return nil, err
		}
	}
	text, err := explainText(e, p)
	if err != nil {
		return nil, err
	}
	return &Result{Columns: []string{"plan"}, Rows: [][]string{{text}}}, nil
}

// measurer is a source that can say how much of its table it reads.
type measurer interface{ Extent() string }

// measure asks the sources of a plan how much they read.
func (s *Session) measure(n plan.Node) error {
	for _, in := range n.Inputs() {
		if err := s.measure(in); err != nil {
			return err
		}
	}
	scan, ok := n.(*plan.Scan)
	if !ok {
		return nil
	}
	source, err := s.Registry.Source(scan.Table)
	if err != nil {
		return err
	}
	if narrower, ok := source.(dataflow.Narrower); ok {
		loc, err := s.Location()
		if err != nil {
			return err
		}
		if source, err = narrower.Narrow(scan.Filter, &expr.Env{Location: loc}); err != nil {
			return err
		}
	}
	if m, ok := source.(measurer); ok {
		scan.Extent = m.Extent()
	}
	return nil
}

func explainText(e *ast.Explain, p *Planned) (string, error) {
	optimized := plan.Format
	for _, d := range e.Details {
		switch d {
		case "JSON_EXECUTION_PLAN":
			return graph.JSON(p.Job)
		case "ANALYZE", "ESTIMATED_COST":
			return "", plan.Refuse(e, "statement", "EXPLAIN "+d)
		case "CHANGELOG_MODE":
			optimized = plan.FormatModes
		}
	}
	for _, o := range e.Options {
		switch {
		case o.Name == "ANALYZE":
			return "", plan.Refuse(e, "statement", "EXPLAIN (ANALYZE)")
		case o.Name == "FORMAT" && len(o.Values) == 1 && o.Values[0] == "JSON":
			return graph.JSON(p.Job)
		case o.Name == "FORMAT" && len(o.Values) == 1 && o.Values[0] == "DOT":
			return graph.DOT(p.Job), nil
		}
	}
	text := ""
	for i := range p.Logical {
		text += "== Logical Plan ==\n" + plan.Format(p.Logical[i])
		text += "\n== Optimized Plan ==\n" + optimized(p.Optimized[i]) + "\n"
	}
	return text + "== Physical Plan ==\n" + graph.Tree(p.Job), nil
}
