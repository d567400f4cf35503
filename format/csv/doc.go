// Package csv owns reading and writing delimited text (RFC 4180) as columnar batches.
//
// A Reader first cuts the records of a whole batch into spans of its buffer and then parses
// column by column.
//
// Invariant: a row is delivered whole or not at all; what is wrong with one is an error that
// names line and column, or the row is counted as skipped.
package csv
