package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var first string
	for _, p := range []int{1, 2, 5} {
		var out bytes.Buffer
		if err := run(t.Context(), &out, p); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		}
		if n := strings.Count(first, "\n"); n != 15 || out.String() != first {
			t.Errorf("parallelism %d: %d lines: %s", p, n, out.String())
		}
		if !strings.HasPrefix(first, "12:00 attic    5.5\n12:00 cellar   4.5\n12:00 garden   6.5\n12:01 attic   17.5\n") {
			t.Error(first)
		}
	}
}
