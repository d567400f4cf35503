package physical

import (
	"slices"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/optimizer"
	"github.com/anabranch/anabranch/sql/plan"
)

// Root is a plan and where its rows go.
type Root struct {
	Plan plan.Node
	// At is the statement, where refusals point.
	At ast.Node
	// Sink is the table they go to; nil hands them to whoever submits the job.
	Sink *catalog.TableSpec
	// Alone says that the sink is one subtask.
	Alone bool
}

// Build makes the nodes of an empty job, which share what they can of what share allows: less of it where
// the job would wait for itself.
func Build(job *graph.Job, roots []Root, share Sharing) error {
	for ; ; share-- {
		waits, err := build(job, roots, share)
		if err != nil || !waits {
			return err
		}
	}
}

// build reports whether the job would wait for itself.
func build(job *graph.Job, roots []Root, share Sharing) (waits bool, err error) {
	if share >= Endless {
		if roots, err = alike(roots, share); err != nil {
			return false, err
		}
	}
	b := &builder{job: job, volatile: map[int]bool{}, endless: map[int]bool{}}
	job.Nodes = nil
	for _, r := range roots {
		if err := b.root(r); err != nil {
			return false, err
		}
	}
	if share == Nothing {
		return false, nil
	}
	if err := reused(job, share, b.volatile, b.endless); err != nil {
		return false, err
	}
	return stuck(job)
}

// alike has scans read the same for all roots where they can.
func alike(roots []Root, share Sharing) ([]Root, error) {
	plans := make([]plan.Node, len(roots))
	for i, r := range roots {
		plans[i] = r.Plan
	}
	plans, err := optimizer.ReadAlike(plans, func(n *plan.Scan) bool { return share >= Sources || n.Unbounded })
	if err != nil {
		return nil, err
	}
	roots = slices.Clone(roots)
	for i, n := range plans {
		roots[i].Plan = n
	}
	return roots, nil
}
