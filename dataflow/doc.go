// Package dataflow is the one contract that every running thing meets: operators, sources,
// sinks, and what flows between them.
//
// An edge carries, in order, batches, watermarks, barriers, whether its producer is idle, and the end of input. One goroutine,
// the task's, calls every method of the operators of a task; operators hold no locks and start
// no goroutines of their own for computing.
//
// Invariants:
//   - A batch passed to Process or Emit is read-only and borrowed until that call returns.
//   - Emit never blocks. An operator that has more to emit than Output.Room allows keeps what it
//     needs, returns More and is resumed; nothing else is asked of it until it returns Done.
//   - A watermark t says that no later row has an event time of t or less; it follows the rows
//     it speaks of.
package dataflow
