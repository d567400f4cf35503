package binder

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
)

var rewrite = flag.Bool("rewrite", false, "write what the binder answers into testdata")

// bind is the columns and the plan of a query, or the error with its place.
func bind(text string) string {
	statement, err := parser.NewReader(text).Next()
	if err != nil {
		return err.Error()
	}
	query, ok := statement.(*ast.Query)
	if !ok {
		return fmt.Sprintf("%T is no query", statement)
	}
	b := &Binder{Catalog: catalog.New(), Registry: catalog.NewRegistry()}
	n, err := b.Query(query)
	var placed *ast.Error
	switch {
	case errors.As(err, &placed):
		return placed.Error()
	case err != nil:
		return "without a place: " + err.Error()
	}
	if err := plan.Check(n); err != nil {
		return "a wrong plan: " + err.Error()
	}
	columns := make([]string, 0, plan.Width(n))
	for _, f := range n.Schema().Fields {
		columns = append(columns, f.Name+" "+f.Type.String())
	}
	return strings.Join(columns, ", ") + "\n" + strings.TrimSuffix(plan.Format(n), "\n")
}

// TestBind compares with testdata. A file is cases of a query, a line ---- and the answer, which ends at a
// blank line.
func TestBind(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for rest := string(content); strings.TrimSpace(rest) != ""; {
				query, after, _ := strings.Cut(rest, "\n----\n")
				want, next, _ := strings.Cut(after, "\n\n")
				rest = next
				got := bind(query)
				if got != strings.TrimSuffix(want, "\n") && !*rewrite {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", query, got, want)
				}
				out.WriteString(query + "\n----\n" + got + "\n\n")
			}
			if *rewrite {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
