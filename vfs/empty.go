package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// RemoveOthers removes the files that List finds in the directory dir whose names do not start with keep, and the
// directories below dir that are empty then. It may be repeated.
func RemoveOthers(dir, keep string) error {
	if dir = clean(dir); !IsDir(dir) {
		return nil
	}
	files, err := walk(nil, dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasPrefix(filepath.Base(f.Path), keep) {
			continue
		}
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		RemoveEmpty(filepath.Dir(f.Path), dir)
	}
	return nil
}

func below(dir, base string) bool {
	rel, err := filepath.Rel(base, dir)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}
