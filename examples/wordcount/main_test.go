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
		if !strings.HasPrefix(first, "4 to\n3 the\n2 be\n2 of\n2 or\n1 a\n") || out.String() != first {
			t.Errorf("parallelism %d: %s", p, out.String())
		}
	}
}
