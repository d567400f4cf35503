// Package deadletter keeps the rows that the readers of a table cannot make sense of, as lines of JSON
// in files of a directory.
//
// Invariant: once the epoch in which a bad row was read is committed, the row is one line of one
// visible file; until then its file has a hidden name.
package deadletter
