package physical

import (
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators/group"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/operators/order"
)

// stuck reports whether a job may wait for itself. A hash join takes no left row before it has all right
// ones. Where one node feeds several others it goes on at the pace of the slowest: so it must not feed
// the left side of a join whose right side cannot end before it has, be it by way of other joins.
func stuck(job *graph.Job) (bool, error) {
	w := &waiting{job: job, readers: make([][]port, len(job.Nodes)), seen: map[want]bool{}}
	for _, n := range job.Nodes {
		for i, e := range n.Inputs {
			w.readers[e.From] = append(w.readers[e.From], port{n, i})
		}
	}
	for _, n := range job.Nodes {
		if ok, err := w.cycle(want{node: n.ID}); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// port is one input of a node.
type port struct {
	node *graph.Node
	at   int
}

// want is that a node has ended, or that it takes all rows that its readers are to be given.
type want struct {
	node  int
	drain bool
}

type waiting struct {
	job     *graph.Job
	readers [][]port
	seen    map[want]bool // false while what it waits for is looked at
}

// cycle reports whether w waits for itself.
func (s *waiting) cycle(w want) (bool, error) {
	if done, ok := s.seen[w]; ok {
		return !done, nil
	}
	s.seen[w] = false
	next, err := s.needs(w)
	if err != nil {
		return false, err
	}
	for _, n := range next {
		if ok, err := s.cycle(n); ok || err != nil {
			return ok, err
		}
	}
	s.seen[w] = true
	return false, nil
}

// needs is what w waits for: a node ends when its inputs have and its rows are taken, and those are taken
// when each reader can pass on what it makes of them.
func (s *waiting) needs(w want) ([]want, error) {
	var next []want
	if !w.drain {
		for _, e := range s.job.Nodes[w.node].Inputs {
			next = append(next, want{node: e.From})
		}
		return append(next, want{w.node, true}), nil
	}
	for _, r := range s.readers[w.node] {
		keeps, err := holds(r)
		if err != nil {
			return nil, err
		}
		if keeps {
			continue
		}
		if r.node.Kind == join.KindHash {
			next = append(next, want{node: r.node.Inputs[1].From})
		}
		next = append(next, want{r.node.ID, true})
	}
	return next, nil
}

// holds reports whether a node takes all rows of an input before it makes any of them.
func holds(p port) (bool, error) {
	switch p.node.Kind {
	case join.KindHash:
		return p.at == 1, nil
	case order.KindSort:
		return true, nil
	case group.Kind:
		var spec group.Spec
		if err := json.Unmarshal(p.node.Spec, &spec); err != nil {
			return false, fmt.Errorf("node %s: %w", p.node.Name, err)
		}
		return spec.Phase == group.Single || spec.Phase == group.Final, nil
	}
	return false, nil
}
