package session

import (
	"os"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/internal/golden"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
)

// answer runs a script: plans of what runs, results of what does not, or the error.
func answer(t *testing.T, s *Session, script string) string {
	var b strings.Builder
	r := parser.NewReader(script)
	for {
		statement, err := r.Next()
		if err != nil {
			return b.String()
		}
		if !Runs(statement) {
			result, err := s.Apply(statement, script)
			if err != nil {
				b.WriteString(err.Error() + "\n")
				continue
			}
			for _, row := range append([][]string{result.Columns}, result.Rows...) {
				if len(row) > 0 {
					b.WriteString(strings.TrimSpace(strings.ReplaceAll(strings.Join(row, " | "), "\n\n", "\n")) + "\n")
				}
			}
			continue
		}
		p, err := s.Plan(statement, script)
		if err != nil {
			b.WriteString(err.Error() + "\n")
			continue
		}
		for i := range p.Logical {
			checkPlans(t, p.Logical[i], p.Optimized[i])
			b.WriteString("bound:\n" + plan.Format(p.Logical[i]))
			b.WriteString("optimized:\n" + plan.Format(p.Optimized[i]))
		}
		b.WriteString("job:\n" + graph.Tree(p.Job))
	}
}

// TestGolden compares plans and errors with testdata; the cases of a file share a session.
func TestGolden(t *testing.T) {
	golden.Check(t, func(t *testing.T) func(string) string {
		s := newFakeSession()
		if err := addTPCH(s); err != nil {
			t.Fatal(err)
		}
		return func(script string) string {
			if path, ok := strings.CutPrefix(script, "-- file: "); ok {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				script = string(text)
			}
			return answer(t, s, script)
		}
	})
}

// checkPlans verifies both plans and that optimizing kept the schema.
func checkPlans(t *testing.T, bound, optimized plan.Node) {
	t.Helper()
	for _, n := range []plan.Node{bound, optimized} {
		if err := plan.Check(n); err != nil {
			t.Errorf("%v in\n%s", err, plan.Format(n))
		}
	}
	b, o := bound.Schema(), optimized.Schema()
	for i, f := range b.Fields {
		if f.Name != o.Fields[i].Name || !f.Type.SameValues(o.Fields[i].Type) {
			t.Errorf("optimizing made %s of %s", o, b)
		}
	}
}
