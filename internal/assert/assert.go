// Package assert checks conditions that only a bug can break.
//
// Invariant: a failed assertion panics with the message; it is never used for bad input.
package assert

import "fmt"

// That panics with the formatted message when cond is false.
func That(cond bool, format string, args ...any) {
	if !cond {
		panic("assertion failed: " + fmt.Sprintf(format, args...))
	}
}
