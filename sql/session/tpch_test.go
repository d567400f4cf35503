package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/parser"
)

// TestTPCH plans all 22 queries.
func TestTPCH(t *testing.T) {
	s := newFakeSession()
	if err := addTPCH(s); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../test/sql/testdata/tpch/*.sql")
	if err != nil || len(files) != 22 {
		t.Fatalf("found %d queries: %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			statements, err := parser.Parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = s.Plan(statements[0].(*ast.Query), string(text)); err != nil {
				t.Fatal(err)
			}
		})
	}
}
