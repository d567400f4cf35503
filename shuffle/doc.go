// Package shuffle moves batches from one task to another: channels between two subtasks, and
// the writers that spread a task's output over them.
//
// Invariants:
//   - A channel delivers its elements in order; a watermark follows the rows it speaks of.
//   - A batch in a channel is owned by it, then by the receiver; nobody else refers to it.
//   - Push never blocks: the producer asks Room before it computes, so a channel holds at most
//     its capacity plus what one step emits.
package shuffle
