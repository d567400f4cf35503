// Package operators turns rows into rows: filter, project, union and the like, each one file, with the
// spec that a graph node carries beside it. Those that need more than a file have rooms: group, join and
// order; held is what they hold of their input.
//
// Invariant: an operator reads its spec once, when it is made; after Open it works on batches
// alone. What it emits is borrowed by the receiver unless marked as owned.
package operators
