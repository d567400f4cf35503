// Package join pairs rows of two inputs: Hash reads its right side first, as a whole; Symmetric takes both
// as they come and emits a changelog, with or without a bound in time.
//
// Invariant: a stored row of a Symmetric lies in one table of its side: in memory, in lists by key some of which are
// on disk, or, with a bound too, in those of the slice of time in which it expires.
package join
