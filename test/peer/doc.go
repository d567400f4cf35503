// Package peer derives the results expected in test/sql a second time, with DuckDB.
//
// Invariant: every query of test/sql says in its "# peer:" line how DuckDB gives the same rows,
// or why it cannot. It is a module of its own, so that the engine's needs no C compiler.
package peer
