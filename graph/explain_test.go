package graph

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

func diamond() *Job {
	j := &Job{Name: "diamond"}
	schema := columnar.NewSchema(columnar.Field{Name: "a", Type: columnar.TypeBigInt})
	source := j.Add("source", "Source", struct{}{}, schema)
	left := j.Add("filter", "Left", struct{}{}, schema, Edge{From: source.ID, Partition: Partitioning{Scheme: Forward}})
	join := j.Add("join", "Join", struct{}{}, schema,
		Edge{From: left.ID, Partition: Partitioning{Scheme: Hash, Keys: []int{0}}},
		Edge{From: source.ID, Partition: Partitioning{Scheme: Hash, Keys: []int{0}}, Blocking: true})
	join.Parallelism = 1
	return j
}

func TestTree(t *testing.T) {
	want := `Join x1
  <- hash[0]: Left
    <- forward: Source
  <= hash[0]: Source (node 0 above)
`
	if got := Tree(diamond()); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestDOT(t *testing.T) {
	want := `digraph "diamond" {
  node [shape=box];
  n0 [label="Source"];
  n1 [label="Left"];
  n2 [label="Join\nx1"];
  n0 -> n1 [label="forward"];
  n1 -> n2 [label="hash[0]"];
  n0 -> n2 [label="hash[0]", style=bold];
}
`
	if got := DOT(diamond()); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestJSONDecodesToTheSameJob(t *testing.T) {
	text, err := JSON(diamond())
	if err != nil {
		t.Fatal(err)
	}
	var back Job
	if err := json.Unmarshal([]byte(text), &back); err != nil {
		t.Fatal(err)
	}
	again, err := JSON(&back)
	if err != nil || again != text || !reflect.DeepEqual(back.Nodes[2].Inputs, diamond().Nodes[2].Inputs) {
		t.Errorf("%v: got %s", err, again)
	}
}
