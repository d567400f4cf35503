// Package sql runs the SQL test files under testdata: each query in several ways that must agree
// with each other and with the rows written below it.
//
// A file holds statements separated by blank lines. "statement ok" runs what follows. "query"
// or "query rowsort" runs the lines up to "----" and compares the result with the lines after
// it, sorted in the second form. "error" expects the text after "----" to be part of the error.
// Lines that start with # are comments.
//
// Invariant: a file's expected rows do not depend on the way it is run.
package sql
