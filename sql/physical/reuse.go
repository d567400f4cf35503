package physical

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/join"
	"github.com/anabranch/anabranch/windowing"
)

// Sharing says what several branches of a job compute once.
type Sharing int

// The choices, each with what is before it. Of States nodes that hold rows are shared, with what is behind
// them; all else goes on at a pace of its own. With Endless sources without end are, too, and what makes rows
// of theirs, and with Sources those that end; but not the right sides of joins that keep rows until event time
// has passed them: when old events are read they keep fewer if each side goes at its own pace. With All those
// are no exception.
const (
	Nothing Sharing = iota
	States
	Endless
	Sources
	All
)

// reused merges nodes that compute the same from the same inputs, so that what several branches need is
// computed, and held, once. Nodes of volatile ones stay apart, and what reads them.
func reused(job *graph.Job, share Sharing, volatile, endless map[int]bool) error {
	r := &reuse{old: job.Nodes, share: share, volatile: volatile, made: map[made]int{}}
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
		if read[n.ID] {
			continue
		}
		if _, err := r.make(n.ID, false); err != nil {
			return err
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
	endless  []bool       // by node: whether it or what it reads reads without end
	made     map[made]int // ids of nodes
	nodes    []*graph.Node
}

// made is an old node that was made, by its id; a second time where it goes at a pace of its own.
type made struct {
	id    int
	apart bool
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

// make adds the node id, or the one it is merged with, and what it reads. apart says that it is behind the
// right side of a join that keeps rows for a time.
func (r *reuse) make(id int, apart bool) (int, error) {
	as := made{id, apart && r.share < All}
	switch {
	case stateful(r.old[id].Kind):
		as = made{id: r.first[id]}
	case !as.apart && (r.share >= Sources || r.share == Endless && r.endless[id]):
		as.id = r.first[id]
	}
	if at, ok := r.made[as]; ok {
		return at, nil
	}
	c := *r.old[as.id]
	keeps, err := keepsForATime(&c)
	if err != nil {
		return 0, err
	}
	c.Inputs = append([]graph.Edge(nil), c.Inputs...)
	for i := range c.Inputs {
		if c.Inputs[i].From, err = r.make(c.Inputs[i].From, apart || keeps && i == 1); err != nil {
			return 0, err
		}
	}
	c.ID = len(r.nodes)
	r.nodes, r.made[as] = append(r.nodes, &c), c.ID
	return c.ID, nil
}

// keepsForATime reports whether a node is a join that keeps rows until event time has passed them.
func keepsForATime(n *graph.Node) (bool, error) {
	if n.Kind != join.KindSymmetric {
		return false, nil
	}
	var spec join.Spec
	if err := json.Unmarshal(n.Spec, &spec); err != nil {
		return false, fmt.Errorf("node %s: %w", n.Name, err)
	}
	return spec.Bound != nil, nil
}

// stateful reports whether operators of a kind remember rows.
func stateful(k graph.Kind) bool {
	switch k {
	case operators.KindSource, operators.KindExternal, operators.KindValues, operators.KindFilter, operators.KindProject, operators.KindRepeat, operators.KindUnion, operators.KindCorrelate, windowing.KindAssign:
		return false
	}
	return true
}
