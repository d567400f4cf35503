//go:build !unix

package vfs

import (
	"errors"
	"os"
)

// Lock refuses: this platform has no locks that end with their process.
func Lock(string) (*os.File, error) {
	return nil, errors.New("file locks are needed, which this platform does not offer")
}
