package sql

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDialectNamesScripts wants every row of the dialect's table to name scripts there are.
func TestDialectNamesScripts(t *testing.T) {
	page, err := os.ReadFile("../../docs/sql/dialect.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "|---|---|---|---|\n")
	name := regexp.MustCompile("`([a-z]+[.]slt)`")
	for _, row := range strings.Split(strings.TrimSpace(table), "\n") {
		scripts := name.FindAllStringSubmatch(row, -1)
		if len(scripts) == 0 {
			t.Errorf("no script: %s", row)
		}
		for _, s := range scripts {
			if _, err := os.Stat(filepath.Join("testdata", s[1])); err != nil {
				t.Error(err)
			}
		}
	}
}
