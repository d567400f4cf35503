package session

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
)

var rewrite = flag.Bool("rewrite", false, "write what the planner answers into testdata")

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

// TestGolden compares plans and errors with testdata. A file is cases of a script, a line ----
// and the answer, which ends at a blank line; the cases of a file share a session.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := newFakeSession()
			if err := addTPCH(s); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for rest := string(content); strings.TrimSpace(rest) != ""; {
				script, after, _ := strings.Cut(rest, "\n----\n")
				want, next, _ := strings.Cut(after, "\n\n")
				if strings.HasPrefix(after, "\n") {
					want, next = "", after[1:]
				}
				rest = next
				text := script
				if path, ok := strings.CutPrefix(strings.TrimSpace(script), "-- file: "); ok {
					sql, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					text = string(sql)
				}
				got := strings.TrimSuffix(answer(t, s, text), "\n")
				if got != strings.TrimSuffix(want, "\n") && !*rewrite {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", script, got, want)
				}
				out.WriteString(script + "\n----\n" + got + "\n\n")
				if got == "" {
					out.Truncate(out.Len() - 1)
				}
			}
			if *rewrite {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
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
