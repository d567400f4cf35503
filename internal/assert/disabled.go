//go:build !invariants

package assert

// Enabled reports whether the dear assertions are compiled in (build tag invariants).
const Enabled = false
