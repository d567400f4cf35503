//go:build !unix

package vfs

import "os"

// Map is the content of a file.
func Map(path string) ([]byte, error) { return os.ReadFile(clean(path)) }
