// Package plan owns the logical algebra of SQL: what a query computes, before anyone decides how.
//
// Invariant: a node is immutable once built and knows its output schema; every expression in it
// refers to columns of its inputs by position, those of a join's right side after the left ones.
package plan
