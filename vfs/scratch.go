package vfs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Scratch is a directory for files that do not outlive the process. Those of processes that died are
// removed by the next one.
type Scratch struct {
	dir  string
	lock *os.File
}

const (
	scratchName = "anabranch-tmp-"
	lockSuffix  = ".lock"
)

// NewScratch makes a directory below parent, by default the system's for temporary files.
func NewScratch(parent string) (*Scratch, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	if err := sweep(parent); err != nil {
		return nil, err
	}
	for {
		f, err := os.CreateTemp(parent, scratchName+"*"+lockSuffix)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
		lock, err := held(f.Name())
		if err != nil {
			return nil, err
		}
		if lock == nil {
			continue // a sweep of another process came between
		}
		s := &Scratch{dir: strings.TrimSuffix(f.Name(), lockSuffix), lock: lock}
		return s, os.Mkdir(s.dir, 0o700)
	}
}

// held locks a file; nil means that another process has it or has removed it.
func held(path string) (*os.File, error) {
	lock, err := Lock(path)
	if errors.Is(err, ErrLocked) {
		return nil, nil //nolint:nilnil // not held is no error
	}
	if err != nil {
		return nil, err
	}
	ours, err := lock.Stat()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(ours, there) {
		return nil, lock.Close()
	}
	return lock, nil
}

// sweep removes what dead processes left below parent. What may not be removed stays.
func sweep(parent string) error {
	locks, err := filepath.Glob(filepath.Join(parent, scratchName+"*"+lockSuffix))
	if err != nil {
		return err
	}
	for _, path := range locks {
		lock, err := held(path)
		if err != nil || lock == nil {
			continue // of another user, or in use
		}
		dead := &Scratch{dir: strings.TrimSuffix(path, lockSuffix), lock: lock}
		if err := dead.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Close removes the directory.
func (s *Scratch) Close() error {
	return errors.Join(os.RemoveAll(s.dir), os.Remove(s.dir+lockSuffix), s.lock.Close())
}

// Dir is the directory.
func (s *Scratch) Dir() string { return s.dir }
