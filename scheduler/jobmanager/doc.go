// Package jobmanager runs one job: it places subtasks into the slots that TaskManagers offer, deploys
// them, assigns splits, takes checkpoints and starts again after failures.
//
// Machine decides: it has no clock, files, network or goroutine, takes events and returns actions. Its
// time is what the events carry. JobManager is the shell around it, which does what it says.
//
// Invariants:
//   - What a message of an attempt that is over says changes nothing.
//   - An attempt begins when every TaskManager of the one before has told that nothing of it is left, or
//     is lost.
//   - A complete checkpoint has of every task its snapshot of that epoch, or the task had ended before.
//   - What sinks have prepared is committed after the checkpoint that lists it is durable. What no
//     durable checkpoint lists is removed before the next attempt writes.
package jobmanager
