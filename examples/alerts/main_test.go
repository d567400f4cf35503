package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var first string
	for _, p := range []int{1, 3} {
		var out bytes.Buffer
		if err := run(t.Context(), &out, p); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		}
		if strings.Count(out.String(), "too hot: machine 1, 5 times\n") != 2 || strings.Count(out.String(), ": 20 readings\n") != 30 || out.String() != first {
			t.Errorf("parallelism %d: %s", p, out.String())
		}
	}
}
