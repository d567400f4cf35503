//go:build unix

package checkpoint

import (
	"errors"
	"os"
	"syscall"
)

// errHeld says that another process runs the job.
var errHeld = errors.New("another process is running this job; stop it, or give this one another pipeline.name")

// acquire locks the file path until it is closed or the process dies, however it dies.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errHeld
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
