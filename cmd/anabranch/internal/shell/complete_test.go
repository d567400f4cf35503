package shell

import (
	"slices"
	"testing"
)

func TestComplete(t *testing.T) {
	names := []string{"selection", "orders", "o_orderkey"}
	for _, c := range []struct {
		text  string
		at    int
		found []string
	}{
		{"sel", 3, []string{"select ", "selection"}},
		{"SELECT * FROM O", 15, []string{"OFFSET ", "ON ", "OR ", "ORDER ", "OUTER ", "OVER ", "o_orderkey", "orders"}},
		{"SELECT ", 7, nil},
		{"日本 ord", 6, []string{"order ", "orders"}},
		{"sel FROM orders", 3, []string{"select ", "selection"}},
	} {
		head, found, tail := complete(c.text, c.at, names)
		if !slices.Equal(found, c.found) {
			t.Errorf("%q: found %q, want %q", c.text, found, c.found)
		}
		if n := len([]rune(head)) + len([]rune(tail)); n > len([]rune(c.text)) {
			t.Errorf("%q: head %q, tail %q", c.text, head, tail)
		}
	}
}

func TestLeaves(t *testing.T) {
	for typed, want := range map[string]bool{"quit": true, " EXIT ": true, `\q`: true, "exit 1": false, "": false} {
		if got := leaves(typed); got != want {
			t.Errorf("leaves(%q) = %v", typed, got)
		}
	}
}

func TestEntries(t *testing.T) {
	if got := entries("SELECT 'a  b',\n  c;\n"); !slices.Equal(got, []string{"SELECT 'a  b', c;"}) {
		t.Errorf("%q", got)
	}
	if got := entries("SELECT 1 -- one\n;\n"); !slices.Equal(got, []string{"SELECT 1 -- one", ";"}) {
		t.Errorf("%q", got)
	}
}
