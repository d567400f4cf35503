// Package optest is the harness of operator tests: inputs with and without selections, sinks that fold
// changelogs and have no room now and then, and the checks every operator with state has to pass across
// snapshots, tiers and spilling.
//
// Invariant: it knows operators by the contract of dataflow only.
package optest
