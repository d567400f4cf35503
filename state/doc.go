// Package state owns what an operator must remember between batches: where it lies, in memory or on
// disk, how it is written into a snapshot and read back, at the same or another parallelism.
//
// Invariants:
//   - A key belongs to exactly one key group, and a key group to exactly one subtask.
//   - A snapshot of epoch N holds every write made before barrier N and none made after it.
//   - Every section of a snapshot carries a checksum, which is verified before it is used.
//   - What is on disk is scratch: a job is restored from snapshots, which do not depend on where state lay.
package state
