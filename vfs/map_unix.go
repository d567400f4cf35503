//go:build unix

package vfs

import (
	"errors"
	"os"
	"syscall"
)

// Map is the content of a file, which is read where it is looked at and takes no memory of the process's
// own. The file must not change; it may be removed.
func Map(path string) ([]byte, error) {
	f, err := os.Open(clean(path))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, errors.Join(err, f.Close())
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		err = &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	return b, errors.Join(err, f.Close())
}
