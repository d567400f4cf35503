package engine

import (
	"context"
	"encoding/json"

	"github.com/anabranch/anabranch/cmd/anabranch/internal/render"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/sql/ast"
)

// explain prints the plans of a statement that starts a job: as EXPLAIN does, and the tasks; as an object of
// JSON with a graph for each plan; or for Graphviz.
func (e *Engine) explain(ctx context.Context, statement ast.Statement, source, format string, out render.Writer) error {
	views, err := e.session.Views(statement, source, e.runner.Parallelism())
	if err != nil {
		return err
	}
	var text string
	switch format {
	case "json":
		byName := map[string]graph.View{}
		for _, v := range views {
			byName[v.Name] = v
		}
		b, err := json.MarshalIndent(byName, "", "  ")
		if err != nil {
			return err
		}
		text = string(b) + "\n"
	case "dot":
		text = graph.DOTOf("plans", views)
	default:
		if err := e.Execute(ctx, &ast.Explain{Pos: statement.Position(), Statement: statement}, source, out); err != nil {
			return err
		}
		text = "\n== Execution Graph ==\n" + views[len(views)-1].Text()
	}
	return writeRows(out, []string{"plan"}, [][]string{{text}})
}
