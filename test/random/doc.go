// Package random draws tables and queries over them, to find wrong results: test/sql runs them in many
// ways, test/peer in DuckDB too.
//
// The tables are small, with nulls, few values and rows that occur twice. Their rows come in several
// INSERTs, each in the order of the time attribute, so that none is late. Expressions fail for no row, and
// floats are sums of quarters, so that the order of rows changes no digit.
//
// Invariant: the rows of a query depend on nothing but those of the tables: its orders with a limit are total.
package random
