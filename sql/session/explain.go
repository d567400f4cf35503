package session

import (
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
	text, err := explainText(e, p)
	if err != nil {
		return nil, err
	}
	return &Result{Columns: []string{"plan"}, Rows: [][]string{{text}}}, nil
}

func explainText(e *ast.Explain, p *Planned) (string, error) {
	for _, d := range e.Details {
		if d == "JSON_EXECUTION_PLAN" {
			return graph.JSON(p.Job)
		}
		if d == "ANALYZE" {
			return "", plan.Refuse(e, "statement", "EXPLAIN ANALYZE")
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
		text += "\n== Optimized Plan ==\n" + plan.Format(p.Optimized[i]) + "\n"
	}
	return text + "== Physical Plan ==\n" + graph.Tree(p.Job), nil
}
