package graph

import (
	"fmt"
	"testing"
)

// TestVertices cuts a job at exchanges, at blocking edges, where the parallelism changes and where a
// node has two inputs. Those that read a node's rows where they are all run in its task.
func TestVertices(t *testing.T) {
	j := &Job{}
	add := func(parallelism int, edges ...Edge) *Node {
		n := j.Add("k", fmt.Sprint("n", len(j.Nodes)), nil, nil, edges...)
		n.Parallelism = parallelism
		return n
	}
	to := func(n *Node, s Scheme) Edge {
		return Edge{From: n.ID, Partition: Partitioning{Scheme: s, Keys: []int{0}}}
	}
	source := add(0)
	filter := add(0, to(source, Forward))
	count := add(0, to(filter, Hash))
	sorted := to(count, Forward)
	sorted.Blocking = true
	order := add(0, sorted)
	limit := add(1, to(order, Single))
	add(1, to(limit, Forward))
	other := add(1, to(limit, Forward))
	add(1, to(other, Forward))
	project := add(0, to(filter, Forward))
	add(0, to(project, Forward), to(count, Forward))
	got := ""
	for _, v := range j.Vertices(3) {
		reads := v.Source() != nil
		var ends []int
		for _, n := range v.Ends {
			ends = append(ends, n.ID)
		}
		got += fmt.Sprintf("%s: %s x%d from %d, ends %v, reads %v\n", v.Name(), v.label(v.Nodes[0]), v.Parallelism, v.First, ends, reads)
	}
	want := `n1: n0 -> n1 -> n8 x3 from 0, ends [1 8], reads true
n2: n2 x3 from 3, ends [2], reads false
n3: n3 x3 from 6, ends [3], reads false
n4: n4 -> (n5 | n6 -> n7) x1 from 9, ends [5 7], reads false
n9: n9 x3 from 10, ends [9], reads false
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
