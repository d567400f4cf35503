package graph

import (
	"fmt"
	"testing"
)

// TestVertices cuts a job at exchanges, at blocking edges, where the parallelism changes and where
// several read an output.
func TestVertices(t *testing.T) {
	j := &Job{}
	add := func(parallelism int, edges ...Edge) *Node {
		n := j.Add("k", "n", nil, nil, edges...)
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
	add(1, to(limit, Forward))
	got := ""
	for _, v := range j.Vertices(3) {
		reads := v.Source() != nil
		got += fmt.Sprint(v.UIDs(), v.Last().ID, " x", v.Parallelism, " from ", v.First, " ", reads, "\n")
	}
	want := `[k-0 k-1] 1 x3 from 0 true
[k-2] 2 x3 from 3 false
[k-3] 3 x3 from 6 false
[k-4] 4 x1 from 9 false
[k-5] 5 x1 from 10 false
[k-6] 6 x1 from 11 false
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
