package parser

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/internal/golden"
	"github.com/anabranch/anabranch/sql/ast"
)

// answer is what the golden text holds for an input.
func answer(t testing.TB, src string) string {
	t.Helper()
	var b strings.Builder
	r := NewReader(src)
	for {
		s, err := r.Next()
		if err != nil {
			if e := new(ast.Error); errors.As(err, &e) {
				b.WriteString(err.Error() + "\n")
			}
			return b.String()
		}
		b.WriteString(ast.Format(s) + "\n")
	}
}

func TestGolden(t *testing.T) {
	golden.Check(t, func(t *testing.T) func(string) string {
		return func(input string) string {
			statements, _ := Parse(input) // what is wrong is in the answer
			for _, s := range statements {
				checkRoundTrip(t, s)
			}
			return answer(t, input)
		}
	})
}

// TestQueries parses whole scripts: the TPC-H queries and the Nexmark tables and queries.
func TestQueries(t *testing.T) {
	files, err := filepath.Glob("testdata/nexmark/*.sql")
	queries, _ := filepath.Glob("../../test/sql/testdata/tpch/*.sql") // the pattern is well formed
	files = append(files, queries...)
	if err != nil || len(files) < 30 {
		t.Fatalf("found %d scripts: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			statements, err := Parse(string(src))
			if err != nil {
				t.Fatal(err)
			}
			if len(statements) == 0 {
				t.Fatal("no statements")
			}
			for _, s := range statements {
				checkRoundTrip(t, s)
			}
		})
	}
}
