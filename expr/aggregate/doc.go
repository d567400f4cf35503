// Package aggregate owns the states of aggregate calls: an accumulator for each function, and the groupings, which
// find the group of each row and keep the accumulators' words beside its key.
//
// Invariants:
//   - Words of a new group are zero, and an accumulator takes that for having seen nothing.
//   - Merging the states of two parts of the rows gives what all rows give at once.
//   - A retracted row is taken back, or Update fails.
package aggregate
