package vfs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemoveEmpty(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, root := range []string{".", t.TempDir()} {
		deep := filepath.Join(root, "a/b/c")
		if base := Existing(deep); base != root {
			t.Fatalf("%s exists, want %s", base, root)
		}
		p, err := Create(filepath.Join(deep, "f.csv"))
		if err != nil {
			t.Fatal(err)
		}
		RemoveEmpty(deep, root)
		if !IsDir(deep) {
			t.Error("a directory with a file is gone")
		}
		if err := p.Abort(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "a/x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		RemoveEmpty(deep, root)
		if IsDir(filepath.Join(root, "a/b")) || !IsDir(filepath.Join(root, "a")) {
			t.Error("want a/b gone, and a not")
		}
		RemoveEmpty(root, root)
		if !IsDir(root) {
			t.Error("the base is gone")
		}
	}
}
