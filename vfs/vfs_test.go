package vfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLocal(t *testing.T) {
	for _, c := range []struct{ path, want, refused string }{
		{path: "/a/b", want: "/a/b"},
		{path: "a*.csv", want: "a*.csv"},
		{path: "file:///a/b", want: "/a/b"},
		{path: "FILE:/a/b", want: "/a/b"},
		{path: `c:\a`, want: `c:\a`},
		{path: "at:10.csv", want: "at:10.csv"},
		{path: "file://host/a", refused: "file:///dir"},
		{path: "file:a", refused: "file:///dir"},
		{path: "s3://bucket/a", refused: "the file system s3 is not supported"},
	} {
		got, err := Local(c.path)
		if got != c.want || (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
}

func TestListAndCommit(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/2.csv", "a.csv", "_tmp/x.csv", ".hidden"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Create(filepath.Join(dir, "c.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir, dir); got != "a.csv b/2.csv" {
		t.Errorf("while a file is written: %s", got)
	}
	if _, err := p.WriteString("y"); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir, dir); got != "a.csv b/2.csv c.csv" {
		t.Errorf("after commit: %s", got)
	}
	if got := names(t, dir, filepath.Join(dir, "*.csv")); got != "a.csv c.csv" {
		t.Errorf("glob: %s", got)
	}
	if _, err := List(filepath.Join(dir, "none*")); err == nil {
		t.Error("a pattern without a match is no error")
	}
}

func names(t *testing.T, dir, pattern string) string {
	t.Helper()
	files, err := List(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		rel, err := filepath.Rel(dir, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rel)
	}
	return strings.Join(out, " ")
}
