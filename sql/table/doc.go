// Package table is the engine's interface for Go programs that work with tables: they run SQL, read what
// queries give as Go values, and give SQL functions of their own.
//
// A job is run as a script with the same settings would be. Functions are called in this process, from one
// goroutine for each subtask of an operator; what they get shares no memory with the engine, so it may be
// kept, but for the vectors of Vector.
//
// Invariant: an error or a panic in a function ends the job with the function's name and the place of the
// call, never the process.
package table
