package graph

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Tree prints a job as a tree: what others do not read first, inputs indented below the nodes
// that read them, with the partitioning of the edge. A node that several read is printed once.
func Tree(j *Job) string {
	read := make([]bool, len(j.Nodes))
	for _, n := range j.Nodes {
		for _, e := range n.Inputs {
			read[e.From] = true
		}
	}
	var b strings.Builder
	printed := make([]bool, len(j.Nodes))
	for _, n := range j.Nodes {
		if !read[n.ID] {
			writeTree(&b, j, n, "", 0, printed)
		}
	}
	return b.String()
}

func writeTree(b *strings.Builder, j *Job, n *Node, via string, depth int, printed []bool) {
	fmt.Fprintf(b, "%s%s%s", strings.Repeat("  ", depth), via, n.Name)
	if n.Parallelism > 0 {
		fmt.Fprintf(b, " x%d", n.Parallelism)
	}
	if printed[n.ID] {
		fmt.Fprintf(b, " (node %d above)\n", n.ID)
		return
	}
	printed[n.ID] = true
	b.WriteByte('\n')
	for _, e := range n.Inputs {
		via := "<- " + e.Partition.String() + ": "
		if e.Blocking {
			via = "<= " + e.Partition.String() + ": "
		}
		writeTree(b, j, j.Nodes[e.From], via, depth+1, printed)
	}
}

// JSON prints a job as indented JSON, which decodes to the same job.
func JSON(j *Job) (string, error) {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return "", fmt.Errorf("job %s: %w", j.Name, err)
	}
	return string(text), nil
}

// DOT prints a job as a graph for Graphviz, data flowing downwards.
func DOT(j *Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n  node [shape=box];\n", j.Name)
	for _, n := range j.Nodes {
		label := n.Name
		if n.Parallelism > 0 {
			label += fmt.Sprintf("\nx%d", n.Parallelism)
		}
		fmt.Fprintf(&b, "  n%d [label=%q];\n", n.ID, label)
	}
	for _, n := range j.Nodes {
		for _, e := range n.Inputs {
			style := ""
			if e.Blocking {
				style = ", style=bold"
			}
			fmt.Fprintf(&b, "  n%d -> n%d [label=%q%s];\n", e.From, n.ID, e.Partition.String(), style)
		}
	}
	b.WriteString("}\n")
	return b.String()
}
