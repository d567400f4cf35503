package binding

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
)

// TestBoundNodes makes operators of what is bound, and says what is not.
func TestBoundNodes(t *testing.T) {
	made := 0
	s := &Set{Operators: Operators{"known": func() dataflow.Operator {
		made++
		return &Collector{Take: func(*columnar.Batch) error { return nil }}
	}}}
	for range 2 {
		if _, err := s.Operator(&graph.Node{Kind: operators.KindFunction, UID: "known"}); err != nil {
			t.Error(err)
		}
	}
	if made != 2 {
		t.Errorf("%d operators for two who ask", made)
	}
	fails := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want %q", err, what)
		}
	}
	_, err := s.Operator(&graph.Node{Kind: operators.KindFunction, UID: "other"})
	fails("nothing is bound to other", err)
	_, err = s.Operator(&graph.Node{Kind: "strange", UID: "known"})
	fails(`unknown kind of operator "strange"`, err)
	_, err = s.Source(&graph.Node{Kind: operators.KindFunctionSource, UID: "known"})
	fails("no source is bound to known", err)
	if c, err := s.Committer(&graph.Node{Kind: operators.KindFunction, UID: "known"}, nil); c != nil || err != nil {
		t.Errorf("committer %v, %v", c, err)
	}
}
