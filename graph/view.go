package graph

import (
	"fmt"
	"strings"
)

// View is a graph to look at: a plan, a job, or the tasks of a job. Inputs come before those that read them.
type View struct {
	Name  string     `json:"name"`
	Nodes []ViewNode `json:"nodes"`
}

// ViewNode is a box of a view.
type ViewNode struct {
	Label       string     `json:"label"`
	Parallelism int        `json:"parallelism,omitempty"` // 0: that of the job, or none
	Tasks       string     `json:"tasks,omitempty"`       // the numbers of its tasks, from 1
	Inputs      []ViewEdge `json:"inputs,omitempty"`
}

// ViewEdge leads from the node at position From.
type ViewEdge struct {
	From     int    `json:"from"`
	Label    string `json:"label,omitempty"`
	Blocking bool   `json:"blocking,omitempty"`
}

// Physical is the view of a job: a node for each operator.
func Physical(j *Job) View {
	v := View{Name: "physical"}
	for _, n := range j.Nodes {
		box := ViewNode{Label: n.Name, Parallelism: n.Parallelism}
		for _, e := range n.Inputs {
			box.Inputs = append(box.Inputs, ViewEdge{e.From, e.Partition.String(), e.Blocking})
		}
		v.Nodes = append(v.Nodes, box)
	}
	return v
}

// Execution is the view of a job's tasks: a node for each tree of operators that share a task.
func Execution(j *Job, parallelism int) View {
	v := View{Name: "execution"}
	at := make([]int, len(j.Nodes)) // the vertex of a node
	for i, x := range j.Vertices(parallelism) {
		for _, n := range x.Nodes {
			at[n.ID] = i
		}
		box := ViewNode{Label: x.label(x.Nodes[0]), Parallelism: x.Parallelism, Tasks: fmt.Sprint(x.First + 1)}
		if x.Parallelism > 1 {
			box.Tasks += fmt.Sprintf("-%d", x.First+x.Parallelism)
		}
		for _, e := range x.Nodes[0].Inputs {
			box.Inputs = append(box.Inputs, ViewEdge{at[e.From], e.Partition.String(), e.Blocking})
		}
		v.Nodes = append(v.Nodes, box)
	}
	return v
}

// Text prints a view of tasks, a line for each node.
func (v View) Text() string {
	var b strings.Builder
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "%s: %s", n.Tasks, n.Label)
		for _, e := range n.Inputs {
			arrow := "<-"
			if e.Blocking {
				arrow = "<="
			}
			fmt.Fprintf(&b, " %s %s of %s", arrow, e.Label, v.Nodes[e.From].Tasks)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// DOTOf prints views for Graphviz, each in a frame of its own.
func DOTOf(name string, views []View) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n  node [shape=box];\n", name)
	for i, v := range views {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%q;\n", i, v.Name)
		for k, n := range v.Nodes {
			label := n.Label
			if n.Tasks != "" {
				label += "\ntasks " + n.Tasks
			} else if n.Parallelism > 0 {
				label += fmt.Sprintf("\nx%d", n.Parallelism)
			}
			fmt.Fprintf(&b, "    g%dn%d [label=%q];\n", i, k, label)
		}
		for k, n := range v.Nodes {
			for _, e := range n.Inputs {
				style := ""
				if e.Blocking {
					style = ", style=bold"
				}
				fmt.Fprintf(&b, "    g%dn%d -> g%dn%d [label=%q%s];\n", i, e.From, i, k, e.Label, style)
			}
		}
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	return b.String()
}
