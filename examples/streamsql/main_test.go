package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, p := range []int{1, 3} {
		var out bytes.Buffer
		if err := run(t.Context(), &out, p); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if !strings.HasPrefix(text, "00:00 sensor 0: 29.0\n00:00 sensor 1: 30.0\n") || !strings.HasSuffix(text, "00:05 sensor 1: 30.0\narchived: 360\n") {
			t.Errorf("parallelism %d: %s", p, text)
		}
	}
}
