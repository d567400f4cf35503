package physical

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/windowing"
)

// Sharing says what several branches of a job compute once.
type Sharing int

// The choices. Of States nodes that hold rows are shared, with what is behind them; all else goes on at a
// pace of its own. Of Endless so are sources without end, and what makes rows of theirs; of Sources all is.
const (
	Nothing Sharing = iota
	States
	Endless
	Sources
)

// reused merges nodes that compute the same from the same inputs, so that what several branches need is
// computed, and held, once. Nodes of volatile ones stay apart, and what reads them.
func reused(job *graph.Job, share Sharing, volatile, endless map[int]bool) error {
	r := &reuse{old: job.Nodes, share: share, volatile: volatile, made: map[int]int{}}
	for _, n := range job.Nodes {
		r.endless = append(r.endless, endless[n.ID] || slices.ContainsFunc(n.Inputs, func(e graph.Edge) bool { return r.endless[e.From] }))
	}
	if err := r.compare(); err != nil {
		return err
	}
	read := make([]bool, len(job.Nodes))
	for _, n := range job.Nodes {
		for _, e := range n.Inputs {
			read[e.From] = true
		}
	}
	for _, n := range job.Nodes {
		if !read[n.ID] {
			r.make(n.ID)
		}
	}
	job.Nodes = r.nodes
	return nil
}

type reuse struct {
	old      []*graph.Node
	first    []int // by node: the first one that computes the same
	share    Sharing
	volatile map[int]bool
	endless  []bool      // by node: whether it or what it reads reads without end
	made     map[int]int // ids of nodes by those of old ones
	nodes    []*graph.Node
}

// compare finds the nodes that compute the same.
func (r *reuse) compare() error {
	seen := map[string]int{}
	for _, n := range r.old {
		key, err := r.computes(n)
		if err != nil {
			return err
		}
		first, ok := seen[key]
		if !ok || r.volatile[n.ID] || n.Kind == operators.KindSink || n.Kind == operators.KindCollect {
			seen[key], first = n.ID, n.ID
		}
		r.first = append(r.first, first)
	}
	return nil
}

// places are those of expressions in a node's spec.
var places = regexp.MustCompile(`,"\$place":[0-9]+`)

// computes identifies what a node computes: names and places do not matter.
func (r *reuse) computes(n *graph.Node) (string, error) {
	edges := append([]graph.Edge(nil), n.Inputs...)
	for i := range edges {
		edges[i].From = r.first[edges[i].From]
	}
	inputs, err := json.Marshal(edges)
	if err != nil {
		return "", fmt.Errorf("node %s: %w", n.Name, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s %s", n.Kind, n.Parallelism, inputs, places.ReplaceAll(n.Spec, nil))
	for _, f := range n.Schema.Fields {
		b.WriteString(" " + f.Type.String())
	}
	return b.String(), nil
}

// make adds the node id, or the one it is merged with, and what it reads.
func (r *reuse) make(id int) int {
	if r.share == Sources || r.share == Endless && r.endless[id] || stateful(r.old[id].Kind) {
		id = r.first[id]
	}
	if at, ok := r.made[id]; ok {
		return at
	}
	c := *r.old[id]
	c.Inputs = append([]graph.Edge(nil), c.Inputs...)
	for i := range c.Inputs {
		c.Inputs[i].From = r.make(c.Inputs[i].From)
	}
	c.ID = len(r.nodes)
	r.nodes, r.made[id] = append(r.nodes, &c), c.ID
	return c.ID
}

// stateful reports whether operators of a kind remember rows.
func stateful(k graph.Kind) bool {
	switch k {
	case operators.KindSource, operators.KindExternal, operators.KindValues, operators.KindFilter, operators.KindProject, operators.KindRepeat, operators.KindUnion, operators.KindCorrelate, windowing.KindAssign:
		return false
	}
	return true
}
