package vfs

import (
	"os"
	"path/filepath"
)

// Existing is dir, or the nearest directory above it that exists.
func Existing(dir string) string {
	dir = clean(dir)
	for !IsDir(dir) && filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
	}
	return dir
}

// RemoveEmpty removes dir if nothing is in it, then the directories above it likewise, up to base, which
// stays: what was made for files that did not come to be.
func RemoveEmpty(dir, base string) {
	for dir = clean(dir); below(dir, clean(base)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return // others have put something there
		}
	}
}

func below(dir, base string) bool {
	rel, err := filepath.Rel(base, dir)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}
