// Package vfs opens, lists, renames and removes files wherever they lie. Today that is the local
// file system.
//
// Invariant: a file appears under its final name whole or not at all; Create gives a name that no
// table's listing shows until Commit.
package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Info describes a file.
type Info struct {
	Path      string
	SizeBytes int64
	Modified  time.Time
}

// File is an open file to read.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// Open opens a file and tells its size.
func Open(path string) (File, int64, error) {
	f, err := os.Open(clean(path))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

func clean(path string) string { return filepath.Clean(path) }

// scheme begins a URL. One letter is a drive.
var scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):(?://)?`)

// Local is the path of a URL such as file:///dir, or a path as it is; it refuses other file systems.
func Local(path string) (string, error) {
	m := scheme.FindStringSubmatch(path)
	switch {
	case m == nil:
		return path, nil
	case strings.EqualFold(m[1], "file") && strings.HasPrefix(path[len(m[0]):], "/"):
		return path[len(m[0]):], nil
	case strings.EqualFold(m[1], "file"):
		return "", fmt.Errorf("%s: a file: URL has a whole path, as in file:///dir", path)
	case strings.HasSuffix(m[0], "//"):
		return "", fmt.Errorf("%s: the file system %s is not supported; name a local path", path, m[1])
	}
	return path, nil // a name with a colon
}

// ErrNoFiles is the error of List where nothing is to be listed.
var ErrNoFiles = errors.New("no file matches")

// List finds the files a path stands for: the file itself, those a glob matches, or all below a
// directory, sorted by name. Files and directories whose name starts with a dot or underscore
// are not part of a table, but for folders of a partition, such as _k=1. It is ErrNoFiles if there
// is none.
func List(path string) ([]Info, error) {
	path = clean(path)
	paths := []string{path}
	if strings.ContainsAny(path, "*?[") {
		var err error
		if paths, err = filepath.Glob(path); err != nil {
			return nil, fmt.Errorf("pattern %s: %w", path, err)
		}
		paths = slices.DeleteFunc(paths, hidden)
	}
	var found []Info
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			found = append(found, Info{p, info.Size(), info.ModTime()})
			continue
		}
		if found, err = walk(found, p); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w %s", ErrNoFiles, path)
	}
	slices.SortFunc(found, func(a, b Info) int { return strings.Compare(a.Path, b.Path) })
	return found, nil
}

func hidden(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") && !strings.Contains(name, "=")
}

func walk(found []Info, dir string) ([]Info, error) {
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p != dir && hidden(p) && d.IsDir():
			return filepath.SkipDir
		case d.IsDir() || hidden(p):
			return nil
		}
		info, err := d.Info()
		if err == nil {
			found = append(found, Info{p, info.Size(), info.ModTime()})
		}
		return err
	})
	return found, err
}

// IsDir reports whether path is an existing directory.
func IsDir(path string) bool {
	info, err := os.Stat(clean(path))
	return err == nil && info.IsDir()
}

// MakeDir makes a directory, and those above it, unless it is there.
func MakeDir(path string) error { return os.MkdirAll(clean(path), 0o755) }

const pendingSuffix = ".inprogress"

// Pending is a file being written. It has a hidden name until Commit.
type Pending struct {
	*os.File
	final string
}

// createTriesMax is how often a directory is made that others remove because nothing is in it yet.
const createTriesMax = 10

// Create starts writing the file path, making its directory.
func Create(path string) (*Pending, error) { return CreateFor("", path) }

// CreateFor is Create of a file whose hidden name starts with prefix, so that RemovePending finds it.
func CreateFor(prefix, path string) (*Pending, error) {
	path = clean(path)
	for try := 1; ; try++ {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		f, err := os.CreateTemp(filepath.Dir(path), "."+prefix+filepath.Base(path)+".*"+pendingSuffix)
		if err == nil {
			return &Pending{File: f, final: path}, nil
		}
		if try == createTriesMax || !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// Commit makes the file durable and gives it its name, replacing one that had it.
func (p *Pending) Commit() error {
	err := errors.Join(p.Chmod(0o644), p.Sync(), p.File.Close())
	if err == nil {
		err = os.Rename(p.Name(), p.final)
	}
	if err != nil {
		return errors.Join(err, os.Remove(p.Name()))
	}
	return nil
}

// Prepare makes the content durable under the hidden name, which it returns: CommitPrepared
// gives it its own.
func (p *Pending) Prepare() (hidden string, err error) {
	if err := errors.Join(p.Chmod(0o644), p.Sync(), p.File.Close()); err != nil {
		return "", errors.Join(err, os.Remove(p.Name()))
	}
	return p.Name(), nil
}

// CommitPrepared gives a prepared file its name. It may be repeated.
func CommitPrepared(hidden, final string) error {
	err := os.Rename(hidden, final)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, serr := os.Stat(final); serr == nil {
		return nil
	}
	return fmt.Errorf("the prepared file %s is lost, so %s cannot be made: %w", hidden, final, err)
}

// RemovePending removes the hidden files in dir, and below it if deep, whose names start with a dot
// and prefix, but for those of keep. So it does directories below base that are empty then.
func RemovePending(dir, prefix string, deep bool, keep []string, base string) error {
	dir = clean(dir)
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone meanwhile
		case err != nil:
			return err
		case d.IsDir():
			if path != dir && !deep {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasPrefix(d.Name(), "."+prefix) && strings.HasSuffix(d.Name(), pendingSuffix) && !slices.Contains(keep, path) {
			err = os.Remove(path)
			RemoveEmpty(filepath.Dir(path), base)
		}
		return err
	})
}

// RemovePrepared removes a prepared file that is not to be committed.
func RemovePrepared(hidden string) error { return os.Remove(hidden) }

// Abort removes the file.
func (p *Pending) Abort() error { return errors.Join(p.File.Close(), os.Remove(p.Name())) }
