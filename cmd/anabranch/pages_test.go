package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is a page of the documentation of SQL.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs/sql", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPages runs the blocks of pages, one after the other.
func TestPages(t *testing.T) {
	block := regexp.MustCompile("(?s)```sql\n(.*?)```")
	for _, c := range []struct {
		name  string
		modes []string
	}{{"statements.md", []string{"auto"}}, {"queries.md", []string{"auto", "streaming"}}} {
		text := page(t, c.name)
		for _, mode := range c.modes {
			t.Run(c.name+" "+mode, func(t *testing.T) {
				t.Chdir(t.TempDir())
				var script strings.Builder
				for _, b := range block.FindAllStringSubmatch(text, -1) {
					script.WriteString(b[1])
				}
				if r := execute(t, script.String(), "run", "--mode", mode, "-"); r.status != statusOK {
					t.Error(r.err)
				}
			})
		}
	}
}

// TestFunctionsPage runs the examples of the page and looks for the functions it leaves out.
func TestFunctionsPage(t *testing.T) {
	text := page(t, "functions.md")
	example := regexp.MustCompile("(?m)\\| `([^`]*)` \\| `([^`]*)` \\|$")
	plain, aggregates, _ := strings.Cut(text, "## Aggregates")
	for _, part := range []struct{ text, from string }{
		{plain, ""}, {aggregates, " FROM (VALUES (1, 'a'), (2, 'b'), (2, 'b'), (NULL, 'c')) AS t(x, s)"},
	} {
		found := example.FindAllStringSubmatch(part.text, -1)
		if len(found) < 5 {
			t.Fatalf("%d examples", len(found))
		}
		for _, x := range found {
			query := "SELECT " + strings.ReplaceAll(x[1], `\|`, "|") + part.from
			r := execute(t, "", "sql", "-o", "csv", "-c", query)
			rows, err := csv.NewReader(strings.NewReader(r.out)).ReadAll()
			if r.status != statusOK || err != nil || len(rows) != 2 || rows[1][0] != x[2] {
				t.Errorf("%s: %v, want %s; %v %s", query, rows, x[2], err, r.err)
			}
		}
	}
	for name := range strings.SplitSeq(execute(t, "", "sql", "-o", "csv", "-c", "SHOW FUNCTIONS").out, "\n") {
		if name != "" && name != "function name" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(text) {
			t.Errorf("the page lacks %s", name)
		}
	}
}
