// Package scheduler runs jobs: it cuts a graph into tasks, connects them, drives each in a
// goroutine of its own and reports how they fare. Today everything runs in one process.
//
// Invariants:
//   - Only a task's goroutine calls the operators of its chain, its readers and its writers.
//   - A task touches an operator only when nothing downstream of it is unfinished and the outputs
//     have room.
//   - Run returns when every goroutine it started has ended and every operator is closed.
package scheduler
