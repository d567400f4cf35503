// Package runner runs planned jobs in this process as the settings of their session say: parallelism,
// checkpoints, restarts, where state is.
//
// Invariant: whoever runs a job with the same settings, a script or a Go program, runs it alike.
package runner
