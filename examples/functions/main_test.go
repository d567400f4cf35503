package main

import (
	"bytes"
	"testing"
)

func TestRun(t *testing.T) {
	for _, p := range []int{1, 2, 5} {
		var out bytes.Buffer
		if err := run(t.Context(), &out, p); err != nil {
			t.Fatal(err)
		}
		if want := "T 11 3.27\nA 5 4.20\nO 5 3.60\nS 3 5.00\nB 2 2.00\n"; out.String() != want {
			t.Errorf("parallelism %d: %s", p, out.String())
		}
	}
}
