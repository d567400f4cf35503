package vfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestScratchOfDeadProcesses makes a directory beside one in use and one whose lock nobody holds.
func TestScratchOfDeadProcesses(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "tmp")
	used, err := NewScratch(parent)
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(parent, scratchName+"dead")
	if err := errors.Join(os.Mkdir(dead, 0o755), os.WriteFile(dead+lockSuffix, nil, 0o644), os.WriteFile(dead+"/table", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	fresh, err := NewScratch(parent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("what a dead process left is there: %v", err)
	}
	if _, err := Lock(used.Dir() + lockSuffix); !errors.Is(err, ErrLocked) {
		t.Errorf("the directory in use is not locked: %v", err)
	}
	if err := errors.Join(used.Close(), fresh.Close()); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
}
