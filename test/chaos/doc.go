// Package chaos kills real processes and checks that nothing is lost or doubled.
//
// Invariant: a run prints its seed; the same seed kills at the same delays.
package chaos
