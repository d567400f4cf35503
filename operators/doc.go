// Package operators turns rows into rows: filter, project, aggregate, join, sort, limit and the
// like, each one file, with the spec a graph node carries beside it.
//
// Invariant: an operator reads its spec once, when it is made; after Open it works on batches
// alone. What it emits is borrowed by the receiver unless marked as owned.
package operators
