// Package govalue moves values between Go types and columns: the rows, keys and state of Go programs, and
// the arguments and results of their functions.
//
// Invariant: what Decode makes shares no memory with the columns, so it may be kept.
package govalue
