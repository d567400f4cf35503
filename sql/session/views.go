package session

import (
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

// Views are the logical and the optimized plan of a statement, its job, and the job's tasks at a parallelism.
func (s *Session) Views(statement ast.Statement, source string, parallelism int) ([]graph.View, error) {
	p, err := s.Plan(statement, source)
	if err != nil {
		return nil, err
	}
	for _, n := range p.Optimized {
		if err := s.measure(n); err != nil {
			return nil, err
		}
	}
	return []graph.View{
		viewOf("logical", p.Logical), viewOf("optimized", p.Optimized), graph.Physical(p.Job), graph.Execution(p.Job, parallelism),
	}, nil
}

// viewOf is the view of plans, which are trees.
func viewOf(name string, roots []plan.Node) graph.View {
	v := graph.View{Name: name}
	var add func(n plan.Node) int
	add = func(n plan.Node) int {
		box := graph.ViewNode{Label: n.String()}
		if scan, ok := n.(*plan.Scan); ok && scan.Extent != "" {
			box.Label += " reads " + scan.Extent
		}
		for _, in := range n.Inputs() {
			box.Inputs = append(box.Inputs, graph.ViewEdge{From: add(in)})
		}
		v.Nodes = append(v.Nodes, box)
		return len(v.Nodes) - 1
	}
	for _, n := range roots {
		add(n)
	}
	return v
}
