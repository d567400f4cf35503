package physical

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
)

// Reuse merges nodes that compute the same from the same inputs, so that what several branches of a
// job read is read, and held, once. Expressions of the job must give the same value each time.
//
// It leaves jobs alone that have a join which reads one input before the other: were both fed by one
// node, the join would wait for the end of the one input and the node for room in the other.
func Reuse(job *graph.Job) error {
	for _, n := range job.Nodes {
		if n.Kind == operators.KindJoin {
			return nil
		}
	}
	at := make([]int, len(job.Nodes)) // by old id
	seen := map[string]int{}
	kept := job.Nodes[:0:0]
	for _, n := range job.Nodes {
		c := *n
		c.Inputs = append([]graph.Edge(nil), n.Inputs...)
		for i := range c.Inputs {
			c.Inputs[i].From = at[c.Inputs[i].From]
		}
		key, err := computes(&c)
		if err != nil {
			return err
		}
		if same, ok := seen[key]; ok && !writes(n.Kind) {
			at[n.ID] = same
			continue
		}
		c.ID = len(kept)
		seen[key], at[n.ID] = c.ID, c.ID
		kept = append(kept, &c)
	}
	job.Nodes = kept
	return nil
}

// writes tells the nodes whose work is seen outside of the job.
func writes(k graph.Kind) bool { return k == operators.KindSink || k == operators.KindCollect }

// computes identifies what a node computes: names do not matter.
func computes(n *graph.Node) (string, error) {
	inputs, err := json.Marshal(n.Inputs)
	if err != nil {
		return "", fmt.Errorf("node %s: %w", n.Name, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s %s", n.Kind, n.Parallelism, inputs, n.Spec)
	for _, f := range n.Schema.Fields {
		b.WriteString(" " + f.Type.String())
	}
	return b.String(), nil
}
