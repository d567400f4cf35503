// Package json owns reading and writing JSON text as columnar batches: an object a line, or
// one array of objects.
//
// The decoder is driven by the schema: it expects the fields in the order in which the last
// object had them, writes values straight into vectors and validates what it skips.
//
// Invariant: it accepts exactly what RFC 8259 does, invalid UTF-8 aside; a row is delivered
// whole or not at all, and what is wrong with one is an error that names line and offset, or
// the row is counted as skipped.
package json
