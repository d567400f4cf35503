//go:build !unix

package checkpoint

import (
	"errors"
	"os"
)

// acquire refuses: without file locks two processes could write one folder.
func acquire(string) (*os.File, error) {
	return nil, errors.New("checkpoints need file locks, which this platform does not offer")
}
