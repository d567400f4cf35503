package physical

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/operators/group"
	"github.com/anabranch/anabranch/operators/join"
)

// branches is a job in which two sources that read the same are filtered and grouped alike and joined.
func branches(kind graph.Kind) *graph.Job {
	j := &graph.Job{Streaming: true}
	s := columnar.NewSchema(columnar.Field{Name: "a", Type: columnar.TypeBigInt})
	var ends []graph.Edge
	for range 2 {
		source := j.Add(operators.KindSource, "Source", operators.SourceSpec{}, s)
		filter := j.Add(operators.KindFilter, "Filter", operators.FilterSpec{}, s, forward(source))
		group := j.Add(group.Kind, "Group", group.Spec{Keys: []int{0}}, s, edge(filter, graph.Hash, 0))
		ends = append(ends, edge(group, graph.Hash, 0))
	}
	source := j.Add(operators.KindSource, "Source", operators.SourceSpec{}, s)
	joined := j.Add(kind, "Join", join.Spec{}, s, ends...)
	other := j.Add(join.KindSymmetric, "Other", join.Spec{}, s, forward(joined), forward(source))
	for range 2 {
		j.Add(operators.KindSink, "Sink", operators.SinkSpec{}, s, forward(other))
	}
	return j
}

func TestReuse(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  graph.Kind
		share Sharing
		want  string
		stuck bool
	}{
		{"all", join.KindSymmetric, Sources, `Sink
  <- forward: Other
    <- forward: Join
      <- hash[0]: Group
        <- hash[0]: Filter
          <- forward: Source
      <- hash[0]: Group (node 2 above)
    <- forward: Source (node 0 above)
Sink
  <- forward: Other (node 4 above)
`, false},
		{"what has state", join.KindSymmetric, States, `Sink
  <- forward: Other
    <- forward: Join
      <- hash[0]: Group
        <- hash[0]: Filter
          <- forward: Source
      <- hash[0]: Group (node 2 above)
    <- forward: Source
Sink
  <- forward: Other (node 5 above)
`, false},
		{"a join that reads one side first", join.KindHash, States, `Sink
  <- forward: Other
    <- forward: Join
      <- hash[0]: Group
        <- hash[0]: Filter
          <- forward: Source
      <- hash[0]: Group (node 2 above)
    <- forward: Source
Sink
  <- forward: Other (node 5 above)
`, true},
	} {
		j := branches(c.kind)
		if err := reused(j, c.share, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := j.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := graph.Tree(j); got != c.want {
			t.Errorf("%s: got:\n%swant:\n%s", c.name, got, c.want)
		}
		if waits, err := stuck(j); err != nil || waits != c.stuck {
			t.Errorf("%s: stuck: %v, %v", c.name, waits, err)
		}
	}
}
