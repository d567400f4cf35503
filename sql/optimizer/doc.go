// Package optimizer owns the rewriting of plans into cheaper ones with the same rows.
//
// Invariant: every rule keeps the schema of the plan it is given, names and types, and never
// moves an expression that may fail below a filter or join.
//
// Files: optimizer.go orders the rules; fold.go, pushdown.go, joinorder.go, keys.go, window.go,
// topn.go, merge.go and prune.go hold one rule each; conjunct.go and estimate.go serve them.
package optimizer
