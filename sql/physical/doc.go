// Package physical owns the last step of planning: which operator computes a node of a plan, in
// how many subtasks, and how rows get there.
//
// Invariant: rows of equal keys meet in one subtask wherever an operator needs them together,
// and forward edges connect nodes of equal parallelism.
package physical
