// Package bench measures whole queries.
//
// Invariant: a figure is of work done on real files; without them a benchmark is skipped by name.
package bench
