// Package held is what operators hold of their input: rows by key in either tier, rows that snapshots
// follow, partitions put aside to disk, and the accounts that bound them.
//
// Invariant: it knows no operator; what differs between them comes as values and functions.
package held
