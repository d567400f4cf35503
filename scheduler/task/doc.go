// Package task runs the subtasks of a job: it builds the trees of operators that a deployment tells,
// connects them and drives each, with its source, its mailbox and its snapshots.
//
// Invariants:
//   - Only a task's goroutine calls its operators, its readers and its writers.
//   - A task touches an operator only when nothing downstream of it is unfinished and the outputs
//     have room.
//   - What a task is told goes through its mailbox, in order: a split that is assigned before an epoch
//     is triggered is in the task's snapshot of that epoch, one that is assigned after it is not.
package task
