package physical

import (
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/sql/plan"
)

// rank brings the rows of a partition together.
func (b *builder) rank(n *plan.Rank, in *graph.Node) (*graph.Node, error) {
	t := plan.TraitsOf(n.Input)
	if keep, ok := plan.Arrival(n); ok {
		return b.arrival(n, in, keep, t.Unbounded), nil
	}
	closing, closes := plan.Closing(n)
	if t.Unbounded && n.To == 0 && !closes {
		return nil, plan.Refuse(b.at, "unbounded-rank")
	}
	if !t.Unbounded && len(n.Partition) == 0 && !slices.ContainsFunc(n.Input.Schema().Fields, isNested) {
		return b.numbered(n, in), nil
	}
	spec := order.RankSpec{
		Partition: n.Partition, Keys: n.Keys, From: n.From, To: n.To, Number: n.Number,
		AtEnd: !t.Unbounded, Retract: t.Changelog,
	}
	name := n.String()
	switch {
	case closes:
		spec.Closing = &closing
		name = label(n, "WindowRank(closes="+n.Input.Schema().Fields[closing.Column].Name+", ")
	case !spec.AtEnd:
		name = label(n, "Rank(changelog, ")
	}
	node := b.job.Add(order.KindRank, name, spec, n.Schema(), exchange(in, n.Partition))
	node.Parallelism = parallelism(n.Partition)
	return node, nil
}

func isNested(f columnar.Field) bool { return f.Type.IsNested() }

// numbered sorts all rows, those that are equal in the order by their other columns, and numbers them.
func (b *builder) numbered(n *plan.Rank, in *graph.Node) *graph.Node {
	s := &plan.Sort{Input: n.Input, Keys: slices.Clone(n.Keys), Offset: n.From - 1}
	for c := range n.Input.Schema().Fields {
		if !slices.ContainsFunc(n.Keys, func(k order.Key) bool { return k.Column == c }) {
			s.Keys = append(s.Keys, order.Key{Column: c, NullsFirst: true})
		}
	}
	if n.To > 0 {
		limit := max(n.To-n.From+1, 0)
		s.Limit = &limit
	}
	sorted := b.sort(s, in)
	if !n.Number {
		return sorted
	}
	return b.chain(sorted, order.KindNumber, label(n, "Number("), order.NumberSpec{From: n.From}, n.Schema())
}

// arrival keeps one row of each partition by when it arrives.
func (b *builder) arrival(n *plan.Rank, in *graph.Node, keep order.Keep, unbounded bool) *graph.Node {
	spec := order.DeduplicateSpec{Keys: n.Partition, Keep: keep, Number: n.Number, AtEnd: !unbounded}
	name := label(n, "Deduplicate(keep "+string(keep)+", ")
	node := b.job.Add(order.KindDeduplicate, name, spec, n.Schema(), exchange(in, n.Partition))
	node.Parallelism = parallelism(n.Partition)
	return node
}

// normalize keeps the last row of each key, until it is taken back.
func (b *builder) normalize(n *plan.Normalize, in *graph.Node) *graph.Node {
	spec := order.DeduplicateSpec{Keys: n.Keys, Keep: order.Last, Upsert: true, AtEnd: !plan.TraitsOf(n).Unbounded}
	return b.job.Add(order.KindDeduplicate, n.String(), spec, n.Schema(), exchange(in, n.Keys))
}

// topN is a sort of rows without end, which has a limit: its result changes as rows come and is in no
// order.
func (b *builder) topN(n *plan.Sort, in *graph.Node, retract bool) (*graph.Node, error) {
	if n.Limit == nil {
		return nil, plan.Refuse(b.at, "unbounded-sort")
	}
	spec := order.RankSpec{Keys: n.Keys, From: n.Offset + 1, To: sumLimit(n.Offset, *n.Limit), Retract: retract}
	if spec.To == 0 {
		spec.From, spec.To = 2, 1 // no row at all
	}
	node := b.job.Add(order.KindRank, label(n, "TopN(changelog, "), spec, n.Schema(), gather(in))
	node.Parallelism = 1
	return node, nil
}

// sumLimit is the number of the last row of a limit behind an offset.
func sumLimit(offset, limit int64) int64 {
	if limit > math.MaxInt64-offset {
		return math.MaxInt64
	}
	return offset + limit
}
