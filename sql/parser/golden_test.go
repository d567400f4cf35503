package parser

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/sql/ast"
)

var rewrite = flag.Bool("rewrite", false, "write what the parser answers into testdata")

// goldenCase is one input of a testdata file and what is printed for it: statements or an error.
//
//	# a comment, kept
//	SELECT 1
//	----
//	SELECT 1
//	<blank line>
type goldenCase struct {
	comment, input, want string
	line                 int
}

func goldenFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	return files
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	var cases []goldenCase
	for _, file := range goldenFiles(t) {
		cases = append(cases, readGolden(t, file)...)
	}
	return cases
}

// readGolden splits a file at the lines ---- and, behind them, at blank lines.
func readGolden(t testing.TB, file string) []goldenCase {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	var c goldenCase
	inWant := false
	for i, line := range strings.Split(string(content), "\n") {
		switch {
		case inWant && line == "":
			cases = append(cases, c)
			c, inWant = goldenCase{}, false
		case inWant:
			c.want += line + "\n"
		case line == "----":
			inWant = true
		case c.input == "" && (line == "" || strings.HasPrefix(line, "#")):
			c.comment += line + "\n"
		default:
			if c.input == "" {
				c.line = i + 1
			}
			c.input += line + "\n"
		}
	}
	if inWant {
		cases = append(cases, c)
	}
	for i := range cases {
		cases[i].input = strings.TrimSuffix(cases[i].input, "\n")
	}
	return cases
}

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
	for _, file := range goldenFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var out bytes.Buffer
			for _, c := range readGolden(t, file) {
				got := answer(t, c.input)
				if got != c.want && !*rewrite {
					t.Errorf("%s:%d: %s\ngot:\n%swant:\n%s", file, c.line, c.input, got, c.want)
				}
				out.WriteString(c.comment + c.input + "\n----\n" + got + "\n")
				statements, _ := Parse(c.input)
				for _, s := range statements {
					checkRoundTrip(t, s)
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
