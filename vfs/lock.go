package vfs

import "errors"

// ErrLocked says that a file is locked by another process, or by this one.
var ErrLocked = errors.New("the file is locked")
