package spill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/vfs"
)

// Area is the room on disk of a job in one process. Nothing is made before something is written. It
// may be used by many goroutines.
type Area struct {
	// Every, if not 0, says for tests how often memory seems to be full: at each so manieth question.
	Every int64

	parent  string
	written atomic.Int64
	asked   atomic.Int64

	mu      sync.Mutex
	scratch *vfs.Scratch // nil until the first file is made
	made    int
	// create makes a file; tests put disks without room in its place.
	create func(path string) (disk, error)
}

// NewArea makes an area below the directory parent, by default the system's for temporary files.
func NewArea(parent string) *Area { return &Area{parent: parent, create: createFile} }

// Pressed reports that an operator that can put rows aside has to, though memory has room: tests ask for
// that, so that all that operators do goes over the disk.
func (a *Area) Pressed() bool {
	return a != nil && a.Every > 0 && a.asked.Add(1)%a.Every == 0
}

// WrittenBytes is what was ever written.
func (a *Area) WrittenBytes() int64 {
	if a == nil {
		return 0
	}
	return a.written.Load()
}

// Create makes a file for rows of a schema.
func (a *Area) Create(schema *columnar.Schema) (*File, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scratch == nil {
		s, err := vfs.NewScratch(a.parent)
		if err != nil {
			return nil, fmt.Errorf("directory for rows put aside: %w; set io.tmp.dirs", err)
		}
		a.scratch = s
	}
	a.made++
	path := filepath.Join(a.scratch.Dir(), strconv.Itoa(a.made))
	d, err := a.create(path)
	if err != nil {
		return nil, fmt.Errorf("rows put aside: %w; set io.tmp.dirs", err)
	}
	return &File{area: a, schema: schema, disk: d, path: path}, nil
}

// Close removes the directory; all files are closed before.
func (a *Area) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scratch == nil {
		return nil
	}
	err := a.scratch.Close()
	a.scratch = nil
	return err
}

// disk is what a File needs of its file.
type disk interface {
	WriteAt(p []byte, off int64) (int, error)
	ReadAt(p []byte, off int64) (int, error)
	Close() error
}

// tempFile is a file that is removed when it is closed.
type tempFile struct{ *os.File }

func createFile(path string) (disk, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return tempFile{f}, nil
}

func (f tempFile) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }
