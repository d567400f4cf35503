// Package golden compares answers with files of testdata.
//
// Invariant: a file that is rewritten by a program whose answers are right has not changed.
package golden

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the answers into testdata")

// Case is one input of a file and what is expected for it:
//
//	# a comment, kept
//	SELECT 1
//	----
//	SELECT 1
//	<blank line>
type Case struct {
	Input, Want string // Want ends with a line end if there is any

	comment string
	line    int
}

// Files are the names of testdata's files of cases, of which there must be some.
func Files(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	return files
}

// Read splits a file at the lines ---- and, behind them, at blank lines.
func Read(t testing.TB, file string) []Case {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	var c Case
	inWant := false
	for i, line := range strings.Split(string(content), "\n") {
		switch {
		case inWant && line == "":
			cases = append(cases, c)
			c, inWant = Case{}, false
		case inWant:
			c.Want += line + "\n"
		case line == "----":
			inWant = true
		case c.Input == "" && (line == "" || strings.HasPrefix(line, "#")):
			c.comment += line + "\n"
		default:
			if c.Input == "" {
				c.line = i + 1
			}
			c.Input += line + "\n"
		}
	}
	if inWant {
		cases = append(cases, c)
	}
	for i := range cases {
		cases[i].Input = strings.TrimSuffix(cases[i].Input, "\n")
	}
	return cases
}

// Check answers every case of testdata; begin makes what answers those of a file. With -rewrite the answers are
// written into the files instead.
func Check(t *testing.T, begin func(t *testing.T) (answer func(input string) string)) {
	t.Helper()
	for _, file := range Files(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			answer := begin(t)
			var out bytes.Buffer
			for _, c := range Read(t, file) {
				got := strings.TrimSuffix(answer(c.Input), "\n")
				if got != "" {
					got += "\n"
				}
				if got != c.Want && !*rewrite {
					t.Errorf("%s:%d: %s\ngot:\n%swant:\n%s", file, c.line, c.Input, got, c.Want)
				}
				out.WriteString(c.comment + c.Input + "\n----\n" + got + "\n")
			}
			if *rewrite {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
