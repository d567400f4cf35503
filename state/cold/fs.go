package cold

import (
	"fmt"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// scratchFS is a file system whose files need not last: it syncs nothing. The first failed write is
// kept, and from then on writes are dropped, because Pebble would try again for ever while its writers
// wait, and reads fail, because Pebble ends the process when it finds a file that is not whole. The owner
// asks for the failure after each call, and then tells of it rather than of what Pebble makes of it.
type scratchFS struct {
	vfs.FS
	mu     sync.Mutex
	failed error
	told   bool // failed has come back from a call
}

// failure is that of the first write that failed.
func (fs *scratchFS) failure() error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.failed
}

// outcome is the failure if there is one, else err, which is that of a call.
func (fs *scratchFS) outcome(err error) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.failed == nil {
		return err
	}
	fs.told = true
	return fs.failed
}

// ended is outcome of a call that gives something back, which tells of no failure that is known.
func (fs *scratchFS) ended(err error) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case fs.failed == nil:
		return err
	case fs.told:
		return nil
	}
	fs.told = true
	return fs.failed
}

// note keeps the first failure and reports whether there has been one.
func (fs *scratchFS) note(what string, err error) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err != nil && fs.failed == nil {
		fs.failed = fmt.Errorf("%s: %w", what, err)
	}
	return fs.failed != nil
}

// Create makes a file.
func (fs *scratchFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	var f vfs.File
	err := fs.failure()
	if err == nil {
		f, err = fs.FS.Create(name, c)
	}
	if fs.note("making a file of state", err) {
		f, err = vfs.NewMem().Create("lost", c)
	}
	return &scratchFile{File: f, fs: fs}, err
}

// ReuseForWrite makes a file.
func (fs *scratchFS) ReuseForWrite(_, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.Create(name, c)
}

// Open opens a file to read.
func (fs *scratchFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := fs.failure(); err != nil {
		return nil, err
	}
	f, err := fs.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return &scratchFile{File: f, fs: fs}, nil
}

// Rename renames a file.
func (fs *scratchFS) Rename(from, to string) error {
	fs.note("renaming a file of state", fs.FS.Rename(from, to))
	return nil
}

// Link makes a second name.
func (fs *scratchFS) Link(from, to string) error {
	fs.note("linking a file of state", fs.FS.Link(from, to))
	return nil
}

// Remove removes a file.
func (fs *scratchFS) Remove(name string) error {
	if err := fs.FS.Remove(name); !os.IsNotExist(err) || fs.failure() == nil {
		return err
	}
	return nil
}

// OpenDir opens a directory that is never synced.
func (fs *scratchFS) OpenDir(name string) (vfs.File, error) {
	d, err := fs.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &scratchFile{File: d, fs: fs}, nil
}

type scratchFile struct {
	vfs.File
	fs *scratchFS
}

func (f *scratchFile) Read(p []byte) (int, error) {
	if err := f.fs.failure(); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *scratchFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.failure(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *scratchFile) Write(p []byte) (int, error) {
	if f.fs.failure() == nil {
		if _, err := f.File.Write(p); err != nil {
			f.fs.note("writing a file of state", fmt.Errorf("%w; make room or set io.tmp.dirs", err))
		}
	}
	return len(p), nil
}

func (f *scratchFile) Sync() error                  { return nil }
func (f *scratchFile) SyncData() error              { return nil }
func (f *scratchFile) SyncTo(int64) (bool, error)   { return false, nil }
func (f *scratchFile) Preallocate(_, _ int64) error { return nil }
