package session

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/sql/parser"
)

// panicking is a connector with a bug.
type panicking struct{ fake }

func (panicking) Source(*catalog.TableSpec) (dataflow.Source, error) { panic("a bug") }

// TestPanicsArePlanningErrors plans what brings the planner down, and then something else.
func TestPanicsArePlanningErrors(t *testing.T) {
	s := New(catalog.NewRegistry(panicking{fake{name: "bad"}}))
	for _, c := range []struct{ text, want string }{
		{"SELECT * FROM t", "planning failed, which is a bug: a bug"},
		{"SELECT 1", ""},
	} {
		statements, err := parser.Parse("CREATE TEMPORARY TABLE IF NOT EXISTS t (i INT) WITH ('connector' = 'bad'); " + c.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(statements[0], c.text); err != nil {
			t.Fatal(err)
		}
		_, err = s.Plan(statements[1], c.text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}
