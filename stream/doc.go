// Package stream is the engine's interface for Go programs: typed streams of Go values, turned
// into a job by the functions that transform them.
//
// Nothing runs before Env.Execute or Collect. Between operators rows travel as columns; an
// operator decodes a batch into Go values, calls the user's function on each, and encodes what
// comes back.
//
// Invariant: what a user's function gets shares no memory with a batch, so it may be kept. State
// of a key is in the subtask that the exchange sends the key's rows to, also after a restart at
// another parallelism.
package stream
